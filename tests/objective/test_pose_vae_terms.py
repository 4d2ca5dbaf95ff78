import keras
import numpy as np

from cn_zoo.objective import kl_divergence, pose_reconstruction


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def test_kl_of_the_unit_gaussian_is_zero():
    np.testing.assert_allclose(_numpy(kl_divergence(np.zeros((3, 5), "float32"), np.zeros((3, 5), "float32"))), 0.0)


def test_kl_by_hand():
    """Mean 2, variance e: 0.5 (4 + e - 1 - 1); mean 0, variance 1 adds nothing."""
    mean = np.array([[2.0, 0.0]], "float32")
    log_variance = np.array([[1.0, 0.0]], "float32")
    np.testing.assert_allclose(_numpy(kl_divergence(mean, log_variance)), [0.5 * (2 + np.e)], rtol=1e-6)


def test_reconstruction_is_half_the_summed_square():
    pose = np.zeros((2, 2, 3), "float32")
    other = np.array([[[1, 0, 0], [0, 2, 0]], [[0, 0, 0], [0, 0, 0]]], "float32")
    np.testing.assert_allclose(_numpy(pose_reconstruction(pose, other)), [2.5, 0.0])
