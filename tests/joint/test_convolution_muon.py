import keras
import numpy as np
import pytest
from later_keras import needs_later_keras

from cn_zoo.joint import ConvolutionMuon

pytestmark = needs_later_keras
RNG = np.random.default_rng(3)


def _step(kernel, gradient, **options):
    variable = keras.Variable(kernel)
    ConvolutionMuon(0.1, weight_decay=None, adam_weight_decay=None, **options).apply([gradient], [variable])
    return keras.ops.convert_to_numpy(variable) - kernel


def test_a_convolution_kernel_is_stepped_as_its_matrix():
    kernel, gradient = RNG.normal(size=(2, 3, 3, 8, 12)).astype("float32")
    step = _step(kernel, gradient)
    as_matrix = _step(kernel.reshape(72, 12), gradient.reshape(72, 12))
    np.testing.assert_allclose(step.reshape(72, 12), as_matrix, atol=1e-6)


def test_a_step_is_nearly_orthogonal_and_against_the_gradient():
    gradient = RNG.normal(size=(3, 3, 8, 12)).astype("float32")
    step = _step(np.zeros_like(gradient), gradient)
    singular = np.linalg.svd(step.reshape(72, 12), compute_uv=False)
    assert singular.max() / singular.min() < 2
    assert np.sum(step * gradient) < 0


def test_vectors_and_excluded_layers_are_stepped_by_adam():
    vector = RNG.normal(size=12).astype("float32")
    np.testing.assert_allclose(_step(np.zeros_like(vector), vector), -0.1 * np.sign(vector), rtol=1e-3)
    kernel = RNG.normal(size=(3, 3, 8, 12)).astype("float32")
    step = _step(np.zeros_like(kernel), kernel, exclude_layers=["variable"])
    np.testing.assert_allclose(step, -0.1 * np.sign(kernel), rtol=1e-2)


@pytest.mark.parametrize("nesterov", [True, False])
def test_a_matrix_goes_on_as_with_keras(nesterov):
    """Momentum shows from the second step on."""
    kernel, *gradients = RNG.normal(size=(4, 8, 12)).astype("float32")
    found = []
    for kind in (ConvolutionMuon, keras.optimizers.Muon):
        variable, optimizer = keras.Variable(kernel), kind(0.1, nesterov=nesterov)
        for gradient in gradients:
            optimizer.apply([gradient], [variable])
        found.append(keras.ops.convert_to_numpy(variable))
    np.testing.assert_allclose(*found, atol=1e-6)
