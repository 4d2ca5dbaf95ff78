import numpy as np
import pytest

from cn_zoo.evaluation.reliability import JointErrors, hidden_joints, synthetic_errors
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import get_preset, resolve


@pytest.fixture(scope="module", params=["nyu", "icvl", "msra"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def released(name):
    runtime = open_runtime(resolve(name, "onnx"))
    return synthetic_errors(runtime, PRESETS[name], 400)


def test_released_models_are_as_far_off_as_their_cards_say(name, released):
    # The mean of 400 frames has a standard error of 3 % (msra) to 4.5 % (nyu) of itself: 12 % are about three of them.
    assert released.errors.mean() == pytest.approx(get_preset(name).errors_mm["synthetic test"], rel=0.12)


def test_released_models_keep_what_their_sigma_promises(released):
    found = released.calibration()
    assert found.inside_1_sigma == pytest.approx(0.68, abs=0.05)
    assert found.inside_2_sigma == pytest.approx(0.95, abs=0.03)
    assert found.frame_rank_correlation >= 0.5


def test_released_models_keep_it_at_every_size(released):
    sigma, inside = released.inside_by_size()
    assert (np.diff(sigma) > 0).all()
    # 560 joints and more a tenth; the surest are a little too sure.
    assert inside[0] > 0.45
    np.testing.assert_allclose(inside[1:], 0.68, atol=0.13)


def test_released_models_know_hidden_joints_for_less_certain(released):
    errors, hidden = released.errors, released.hidden
    assert 0.05 < hidden.mean() < 0.4
    assert errors[hidden].mean() > errors[~hidden].mean()
    found = released.calibration_of(hidden=True)
    assert found.inside_1_sigma > 0.5
    assert found.inside_2_sigma > 0.85
    assert found.rank_correlation > 0.3


def test_hidden_joints():
    depth = np.ones((128, 128), np.float32)
    depth[:, 64:] = 0.0  # a wall through the centre, on the right
    pose = np.array(
        [
            [1.0, 0.0, 0.2],  # 10 mm behind the wall's surface
            [1.0, 0.0, 1.5],  # 75 mm behind
            [1.0, 0.0, -1.0],  # 50 mm before it
            [-1.0, 0.0, 0.2],  # before nothing
            [3.0, 0.0, 0.2],  # beside the crop
        ]
    )
    np.testing.assert_array_equal(hidden_joints(depth, pose, 250.0), [False, True, True, True, True])


@pytest.mark.parametrize("off_px", [-0.6, -0.4, 0.4, 0.6])
def test_a_joint_is_looked_for_at_its_own_pixel(off_px):
    depth = np.ones((128, 128), np.float32)
    depth[20, 90] = 0.0
    middle = (np.array([90, 20]) + 0.5) / 64 - 1  # of the pixel, in half cubes
    pose = np.array([[*(middle + (off_px / 64, 0)) * 2.5, 0.2], [*(middle + (0, off_px / 64)) * 2.5, 0.2]])
    assert (hidden_joints(depth, pose, 250.0) == (abs(off_px) > 0.5)).all()


def test_groups_are_told_apart():
    rng = np.random.default_rng(0)
    sigma = rng.uniform(5, 15, (2000, 14))
    hidden = rng.random(sigma.shape) < 0.3
    errors = np.abs(rng.normal(0, sigma)) * np.where(hidden, 2, 1)
    found = JointErrors(errors, sigma, hidden)
    assert found.calibration_of(hidden=False).error_over_sigma == pytest.approx(1, abs=0.03)
    assert found.calibration_of(hidden=True).error_over_sigma == pytest.approx(2, abs=0.06)
    assert 1 < found.calibration().error_over_sigma < 2


def test_shares_by_size():
    sigma = np.arange(1.0, 101.0).reshape(10, 10)
    errors = np.where(sigma <= 50, sigma, 2 * sigma)
    found = JointErrors(errors, sigma, np.zeros(sigma.shape, bool))
    means, inside = found.inside_by_size()
    np.testing.assert_allclose(means, np.arange(5.5, 100, 10))
    np.testing.assert_array_equal(inside, [1.0] * 5 + [0.0] * 5)
