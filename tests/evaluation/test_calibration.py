import numpy as np
import pytest

from cn_zoo.evaluation import calibrate


def gaussian_errors(sigma, seed=0):
    return np.abs(np.random.default_rng(seed).normal(0, sigma))


@pytest.fixture
def sigma():
    return np.random.default_rng(3).uniform(4, 20, (3000, 14))


def test_calibrated_sigma(sigma):
    found = calibrate(gaussian_errors(sigma), sigma)
    assert found.inside_1_sigma == pytest.approx(0.683, abs=0.01)
    assert found.inside_2_sigma == pytest.approx(0.954, abs=0.01)
    assert found.error_over_sigma == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(found.observed, found.nominal, atol=0.015)
    assert found.rank_correlation > 0.3


def test_overconfident_sigma(sigma):
    found = calibrate(gaussian_errors(2 * sigma), sigma)
    assert found.error_over_sigma == pytest.approx(2, abs=0.04)
    assert found.inside_1_sigma == pytest.approx(0.383, abs=0.01)
    assert (found.observed < found.nominal).all()


def test_sigma_that_says_nothing_about_single_joints(sigma):
    found = calibrate(gaussian_errors(np.full_like(sigma, 10)), sigma)
    assert abs(found.rank_correlation) < 0.02
    assert calibrate(gaussian_errors(sigma), np.full_like(sigma, 10)).rank_correlation == 0


def test_sigma_may_tell_frames_apart_but_not_their_joints():
    frames = np.linspace(4, 20, 2000)[:, None]
    blind, sighted = (
        calibrate(gaussian_errors(frames + np.zeros(14)), sigma + np.zeros(14)) for sigma in (10 + 0 * frames, frames)
    )
    assert blind.frame_rank_correlation == 0
    assert sighted.frame_rank_correlation > 0.85
    assert 0.3 < sighted.rank_correlation < sighted.frame_rank_correlation


def test_bad_sigma(sigma):
    with pytest.raises(ValueError, match="positive"):
        calibrate(sigma, sigma - 10)
    with pytest.raises(ValueError, match="differ in shape"):
        calibrate(sigma[:10], sigma)
