import keras
import numpy as np
import tensorflow as tf

from cn_zoo.objective import call_frozen


def test_gradients_pass_through_and_statistics_stay():
    x = keras.Input((2,))
    network = keras.Model(x, keras.layers.BatchNormalization()(keras.layers.Dense(3)(x)))
    batch = tf.Variable(np.array([[1.0, 2.0], [3.0, -1.0]], "float32"))
    before = [np.array(weight) for weight in network.non_trainable_weights]
    with tf.GradientTape() as tape:
        output = call_frozen(network, batch, training=True)
        loss = keras.ops.sum(keras.ops.square(output) * np.arange(6.0).reshape(2, 3))
    gradients = tape.gradient(loss, [batch, *(weight.value for weight in network.trainable_weights)])
    assert np.abs(gradients[0]).max() > 0
    assert gradients[1:] == [None] * 4
    for old, new in zip(before, network.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(old, np.array(new))
    np.testing.assert_allclose(np.array(output), np.array(network(batch, training=True)), atol=1e-6)
