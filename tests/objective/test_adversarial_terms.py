import keras
import numpy as np

from cn_zoo.objective import feature_matching, realness_error


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def test_realness_by_hand():
    probability = np.array([[0.5], [0.9]], "float32")
    np.testing.assert_allclose(_numpy(realness_error(probability, True)), [np.log(2), -np.log(0.9)], rtol=1e-6)
    np.testing.assert_allclose(_numpy(realness_error(probability, False)), [np.log(2), -np.log(0.1)], rtol=1e-6)


def test_realness_stays_finite_when_certain_and_wrong():
    assert np.isfinite(_numpy(realness_error(np.zeros((1, 1), "float32"), True))).all()


def test_feature_matching_compares_means_over_batches_of_any_size():
    """Means (1, 2) and (1, 5): on average 1.5 apart, however single samples lie."""
    real = np.array([[0.0, 2.0], [2.0, 2.0]], "float32")
    generated = np.array([[1.0, 4.0], [1.0, 5.0], [1.0, 6.0]], "float32")
    np.testing.assert_allclose(_numpy(feature_matching(real, generated)), 1.5)
