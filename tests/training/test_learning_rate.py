import math

import pytest

from cn_zoo.training.learning_rate import warm_cosine


def test_rates_over_a_run():
    """Up from a twentieth of the peak in 20 of 1000 steps; a quarter, half and all of the way down in the other 980."""
    rate = warm_cosine(0.4, 1000)
    expected = {0: 0.02, 10: 0.21, 20: 0.4, 265: 0.2 + 0.2 * math.sqrt(0.5), 510: 0.2, 1000: 0.0}
    assert {step: float(rate(step)) for step in expected} == pytest.approx(expected, abs=1e-6)


def test_a_run_of_few_steps_warms_up_and_cools_down():
    rate = warm_cosine(0.4, 3)
    assert [float(rate(step)) for step in range(4)] == pytest.approx([0.02, 0.4, 0.2, 0.0], abs=1e-6)
    assert float(warm_cosine(0.4, 1)(0)) == pytest.approx(0.02)
