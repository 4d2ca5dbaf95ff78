import itertools

import numpy as np
import pytest

from cn_zoo.errors import NoHandError
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.locator_measurement import equal_error, hand_frames, logistic_regression, measure_locator


def test_the_threshold_errs_for_the_same_share_of_both():
    """Hands are given 0.3 to 1, all else 0 to 0.6: at 6 / 13 a share of 3 / 13 of each is on the wrong side."""
    with_hand, without = np.linspace(0.3, 1, 701), np.linspace(0, 0.6, 61)
    threshold = equal_error(with_hand, without)
    assert threshold == pytest.approx(6 / 13, abs=0.01)
    assert (with_hand < threshold).mean() == pytest.approx(3 / 13, abs=0.02)
    assert (without >= threshold).mean() == pytest.approx(3 / 13, abs=0.02)


def test_logistic_regression_finds_the_odds():
    """Odds of 1 to 2 without the second term, 2 to 1 with it; the third tells nothing."""
    rows = [((1, x, y), truth) for x, y in ((0, -1), (0, 1), (1, -1), (1, 1)) for truth in [x] * 2 + [1 - x]]
    terms, truths = (np.array(each, float) for each in zip(*rows, strict=True))
    weights = logistic_regression(terms, truths)
    np.testing.assert_allclose(weights, [-np.log(2), 2 * np.log(2), 0], atol=0.05)


def test_logistic_regression_stays_in_bounds_where_the_truth_is_plain():
    terms = np.array([[1.0, -2.0], [1.0, -1.0], [1.0, 1.0], [1.0, 2.0]])
    bias, weight = logistic_regression(terms, np.array([False, False, True, True]))
    assert bias == pytest.approx(0, abs=1e-6)
    assert 3 < weight < 10


class KnownLocator:
    """Finds all hands but the last, so many mm off, and takes all for right ones; and one hand where there is none."""

    off_mm = (10.0, 29.0, 31.0)

    def __init__(self):
        self.known, self.found_in_empty = {}, False
        for name in PRESETS:
            for number, frame in enumerate(itertools.islice(hand_frames(name, "test-webxr"), 4)):
                self.known[frame.depth_mm.tobytes()] = name, number, frame

    def locate(self, depth_mm, camera, skeleton="msra", *, hand="auto"):
        name, number, frame = self.known.get(depth_mm.tobytes(), ("msra", None, None))
        assert skeleton == name
        if number is None and not self.found_in_empty:
            self.found_in_empty = True
            return [HandLocation((0.0, 0.0, 500.0), 0.9)]
        if number in (None, 3):
            raise NoHandError("no hand")
        assert (camera, hand) == (frame.camera, frame.hand)
        place = camera.uvd_to_xyz(np.array(frame.center_uvd)) + self.off_mm[number] * np.array([0.6, 0.0, -0.8])
        return [HandLocation(tuple(camera.xyz_to_uvd(place)), 0.9, right=0.8)]


def test_a_locator_that_is_off_by_known_distances():
    figures = measure_locator(KnownLocator(), 4)
    assert figures.pop("empty") == {"refused": 0.75}
    assert set(figures) == {f"WebXR hand, {name}" for name in PRESETS}
    # Every second frame shows a left hand.
    for row in figures.values():
        assert row == pytest.approx({"centre": 0.5, "side": 2 / 3, "refused": 0.25, "median error": 30.0})
