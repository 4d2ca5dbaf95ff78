import numpy as np
import pytest

from cn_zoo.evaluation.reliability import JointErrors
from cn_zoo.evaluation.reliability_plot import draw_error_by_sigma, draw_inside_by_size, draw_reliability


def test_drawn_lines_are_the_numbers():
    axes = pytest.importorskip("matplotlib.figure").Figure().subplots(1, 3)
    sigma = np.tile(np.linspace(5, 15, 100)[:, None], 14)
    found = JointErrors(2 * sigma, sigma, np.zeros(sigma.shape, bool))
    draw_reliability(axes[0], {"a": found.calibration()})
    x, y = axes[0].lines[1].get_data()
    np.testing.assert_array_equal((y > 0.5), x > 0.955)  # all errors are two sigma
    draw_error_by_sigma(axes[1], {"a": found})
    x, y = axes[1].lines[0].get_data()
    assert len(x) == 10
    np.testing.assert_allclose(y, 2 * np.asarray(x))
    draw_inside_by_size(axes[2], {"a": found})
    np.testing.assert_array_equal(axes[2].lines[1].get_data(), found.inside_by_size())
