import pytest
from hypothesis import given
from hypothesis import strategies as st

from cn_zoo.inference.log_odds import log_odds, to_probability


@given(st.floats(-6.9, 6.9))
def test_there_and_back(odds):
    assert log_odds(to_probability(odds)) == pytest.approx(odds, abs=1e-6)


@pytest.mark.parametrize(("probability", "odds"), [(0.0, -7.0), (1.0, 7.0), (0.5, 0.0)])
def test_no_network_is_believed_altogether(probability, odds):
    assert log_odds(probability) == pytest.approx(odds)


@pytest.mark.parametrize(("odds", "probability"), [(1e6, 1.0), (-1e6, 0.0), (0.0, 0.5)])
def test_any_odds_stand_for_a_probability(odds, probability):
    assert to_probability(odds) == pytest.approx(probability, abs=1e-12)
