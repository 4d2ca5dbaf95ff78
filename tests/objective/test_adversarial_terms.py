import keras
import numpy as np
import pytest
import tensorflow as tf

from cn_zoo.objective import feature_matching, realness_error


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def test_realness_by_hand():
    """Probabilities of a half and of 0.9."""
    log_odds = np.array([[0.0], [np.log(9.0)]], "float32")
    np.testing.assert_allclose(_numpy(realness_error(log_odds, True)), [np.log(2), -np.log(0.9)], rtol=1e-6)
    np.testing.assert_allclose(_numpy(realness_error(log_odds, False)), [np.log(2), -np.log(0.1)], rtol=1e-6)


@pytest.mark.parametrize("is_real", [True, False])
def test_who_is_certain_and_wrong_still_learns(is_real):
    log_odds = tf.constant([[-100.0 if is_real else 100.0]])
    with tf.GradientTape() as tape:
        tape.watch(log_odds)
        error = realness_error(log_odds, is_real)
    assert float(error[0]) == pytest.approx(100.0)
    assert float(tape.gradient(error, log_odds)[0, 0]) == pytest.approx(-1.0 if is_real else 1.0)


def test_feature_matching_compares_means_over_batches_of_any_size():
    """Means (1, 2) and (1, 5): on average 1.5 apart, however single samples lie."""
    real = np.array([[0.0, 2.0], [2.0, 2.0]], "float32")
    generated = np.array([[1.0, 4.0], [1.0, 5.0], [1.0, 6.0]], "float32")
    np.testing.assert_allclose(_numpy(feature_matching(real, generated)), 1.5)
