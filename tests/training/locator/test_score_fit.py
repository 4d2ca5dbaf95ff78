from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.geometry import Camera
from cn_zoo.inference.localisation.place_evidence import PlaceEvidence
from cn_zoo.synthesis.locator_frame import LocatorFrame
from cn_zoo.training.locator import score_fit
from cn_zoo.training.locator.score_fit import equal_error, fit_score, logistic_regression
from cn_zoo.zoo.locator_record import LOCATOR_FOLDER, LocatorRecord


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


@pytest.mark.parametrize("teller", ["finder", "judge"])
def test_who_tells_hands_from_other_places_has_the_weight(teller, monkeypatch):
    """In each frame a hand, or none, and something 150 mm beside it, which is no hand; the other network guesses."""
    rng = np.random.default_rng(0)

    def draw(seed, number, split):
        assert split == "validation"
        seen = np.array([float(number % 2)])
        nothing = np.zeros((8, 8), np.float32)
        return LocatorFrame(nothing, Camera(1, 1, 0, 0), np.zeros((1, 3, 3)), np.zeros((1, 21, 3)), seen > 2, seen)

    def evidence(frame, aside):
        is_hand = frame.seen[0] and not aside
        odds = {"finder": rng.normal(), "judge": rng.normal(), teller: rng.normal(2.0 if is_hand else -2.0)}
        return PlaceEvidence(right=1.0, centers=np.full((3, 3), [aside, 0.0, 0.0]), **odds)

    frames = []
    monkeypatch.setattr(score_fit, "draw_locator_frame", lambda *which: frames.append(draw(*which)) or frames[-1])
    locator = SimpleNamespace(evidence=lambda *_: [evidence(frames[-1], aside) for aside in (0.0, 150.0)])
    monkeypatch.setattr(score_fit, "HandLocator", lambda record: locator)
    fitted = fit_score(LocatorRecord.load(LOCATOR_FOLDER), 200)
    other = {"finder": "judge", "judge": "finder"}[teller]
    assert fitted.score[teller] > 2
    assert abs(fitted.score[other]) < 1
    assert 0.05 < fitted.threshold < 0.95
