import numpy as np
import pytest

from cn_zoo.training.locator.score_fit import equal_error, logistic_regression


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
