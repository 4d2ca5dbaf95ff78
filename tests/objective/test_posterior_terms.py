import keras
import numpy as np

from cn_zoo.objective import joint_error, latent_error, latent_likelihood, turn_pose


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def test_likelihood_by_hand():
    """Off by 3 at variance 1, and exact at variance e: half the mean of 9 and 1."""
    target = np.array([[3.0, 1.0]], "float32")
    mean = np.array([[0.0, 1.0]], "float32")
    log_variance = np.array([[0.0, 1.0]], "float32")
    np.testing.assert_allclose(_numpy(latent_likelihood(target, mean, log_variance)), [2.5], rtol=1e-6)


def test_likelihood_is_best_at_the_true_variance():
    rng = np.random.default_rng(0)
    errors = rng.normal(scale=0.3, size=(20_000, 1)).astype("float32")
    candidates = np.linspace(-4, 0, 81)
    losses = [
        _numpy(latent_likelihood(errors, np.zeros_like(errors), np.full_like(errors, candidate))).mean()
        for candidate in candidates
    ]
    assert abs(candidates[int(np.argmin(losses))] - 2 * np.log(0.3)) < 0.06


def test_joint_error_by_hand():
    pose = np.zeros((1, 2, 3), "float32")
    estimate = np.array([[[3, 4, 0], [0, 0, 1]]], "float32")
    np.testing.assert_allclose(_numpy(joint_error(pose, estimate)), [3.0], rtol=1e-5)


def test_joint_error_has_a_finite_gradient_where_it_is_zero():
    import tensorflow as tf

    estimate = tf.Variable(np.zeros((1, 2, 3), "float32"))
    with tf.GradientTape() as tape:
        error = joint_error(np.zeros((1, 2, 3), "float32"), estimate)
    assert np.isfinite(tape.gradient(error, estimate)).all()


def test_latent_error_is_the_mean_square():
    error = latent_error(np.array([[1.0, 2.0]], "float32"), np.array([[0.0, 4.0]], "float32"))
    np.testing.assert_allclose(error, [2.5])


def test_turned_poses_are_affine():
    pose = np.array([[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]], "float32")
    quarter = [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.0, -1.0]]
    turned = turn_pose(pose, np.array([quarter], "float32"))
    np.testing.assert_allclose(turned, [[[-1.5, 1.0, 2.0], [0.5, 0.0, -1.0]]])
