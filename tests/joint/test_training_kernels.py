import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from cn_zoo.joint.training_kernels import training_kernels

RNG = np.random.default_rng(5)
CASES = {
    "batch norm": ((6, 6, 8), lambda: layers.BatchNormalization(momentum=0.5, epsilon=0.05)),
    "from one channel": ((16, 16, 1), lambda: layers.Conv2D(8, 6, strides=2, padding="same", use_bias=False)),
    "to one channel": ((8, 8, 8), lambda: layers.Conv2DTranspose(1, 6, strides=2, padding="same", activation="tanh")),
}


def _model(name):
    shape, layer = CASES[name]
    x = keras.Input(shape)
    model = keras.Model(x, layer()(x))
    model.set_weights([RNG.uniform(0.5, 1.5, weight.shape) for weight in model.weights])
    return model


def _outcomes(run, model, x, seen, training):
    """The output, the gradients of input and weights, and the weights afterwards."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = run(x, training=training)
        loss = tf.reduce_sum(tf.square(output) * seen)
    gradients = tape.gradient(loss, [x, *(weight.value for weight in model.trainable_weights)])
    return [np.array(value) for value in (output, *gradients, *model.weights)]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", list(CASES))
def test_layers_compute_what_they_do_without(name, training, compiled):
    model = _model(name)
    x = tf.constant(RNG.normal(size=(3, *model.input_shape[1:])).astype("float32"))
    seen = RNG.uniform(size=model.output_shape[1:]).astype("float32")
    start = model.get_weights()
    expected = _outcomes(model, model, x, seen, training)
    model.set_weights(start)
    with training_kernels([model]):
        swapped = [layer for layer in model.layers if "call" in vars(layer)]
        run = tf.function(model) if compiled else model
        found = _outcomes(run, model, x, seen, training)
    assert len(swapped) == 1 and not any("call" in vars(layer) for layer in model.layers)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((8,), lambda: layers.BatchNormalization()),
        ((16, 16, 8), lambda: layers.Conv2D(8, 6, strides=2, padding="same")),
        ((16, 16, 1), lambda: layers.Conv2D(8, 6, strides=2)),
        ((16, 16, 1), lambda: layers.Conv2D(8, 5, strides=2, padding="same")),
        ((16, 16, 1), lambda: layers.Conv2D(8, 6, padding="same")),
    ],
)
def test_other_layers_are_left_alone(shape, layer):
    x = keras.Input(shape)
    model = keras.Model(x, layer()(x))
    with training_kernels([model]):
        assert not any("call" in vars(each) for each in model.layers)
