import itertools

import numpy as np
import pytest

from cn_zoo.errors import NoHandError
from cn_zoo.evaluation.locator_figures import hand_frames, measure_locator
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.synthesis.presets import PRESETS


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


def test_of_hands_that_are_not_found_nothing_is_told():
    class BlindLocator:
        def locate(self, depth_mm, camera, skeleton="msra", *, hand="auto"):
            raise NoHandError("no hand")

    figures = measure_locator(BlindLocator(), 2)
    assert figures.pop("empty") == {"refused": 1.0}
    assert list(figures.values()) == [{"centre": 0.0, "refused": 1.0}] * len(PRESETS)
