"""Faster ways to compute what some of Keras's layers compute, for training steps on TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import keras
from keras import KerasTensor, ops

with suppress(ImportError):
    import tensorflow as tf

#: Convolutions of this kernel and stride are, apart from their padding, 3x3 ones between blocks of 2x2 pixels.
_KERNEL, _STRIDE = (6, 6), (2, 2)


@contextmanager
def training_kernels(networks: Iterable[keras.Model]) -> Iterator[None]:
    """Within it, layers of these networks compute the same as ever, and on TensorFlow in less time.

    Batch norm of maps is TensorFlow's fused operation, which reads a map twice where Keras's many small ones read
    and write it ten times (7 times faster on a CPU); convolutions from and to one channel do the slow one of their
    two directions as 3x3 convolutions between blocks of pixels (3 times faster). Outside of it the layers are Keras's
    own, and so are the files they are saved to. On other backends nothing changes.
    """
    swapped = []
    if keras.backend.backend() == "tensorflow":
        layers = [layer for network in networks for layer in network.layers]
        swapped = [(layer, call) for layer in layers if (call := _faster(layer))]
    for layer, call in swapped:
        layer.call = partial(call, layer)
    try:
        yield
    finally:
        for layer, _ in swapped:
            del layer.call


def _faster(layer: keras.layers.Layer) -> Callable[..., KerasTensor] | None:
    if isinstance(layer, keras.layers.BatchNormalization):
        return _normalize if len(layer.input.shape) == 4 else None
    if type(layer) in (keras.layers.Conv2D, keras.layers.Conv2DTranspose):
        one_channel = layer.input.shape[-1] == 1 or layer.filters == 1
        blocks = (layer.kernel_size, layer.strides, layer.padding) == (_KERNEL, _STRIDE, "same")
        if one_channel and blocks:
            return _convolve if type(layer) is keras.layers.Conv2D else _convolve_transposed
    return None


def _normalize(layer: Any, x: KerasTensor, training: bool | None = None, mask: None = None) -> KerasTensor:
    """Batch norm of maps (B, H, W, C), as ``keras.layers.BatchNormalization.call``."""
    learning = bool(training and layer.trainable)
    weights = layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance
    scale, offset, moving_mean, moving_variance = (ops.cast(weight, "float32") for weight in weights)
    statistics = {} if learning else {"mean": moving_mean, "variance": moving_variance}
    output, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        x, scale, offset, **statistics, epsilon=layer.epsilon, is_training=learning
    )
    if learning:
        # The operation divides by one less than the count, Keras by the count.
        count = tf.cast(tf.size(x) // x.shape[-1], "float32")
        kept, new = layer.momentum, 1.0 - layer.momentum
        layer.moving_mean.assign(moving_mean * kept + mean * new)
        layer.moving_variance.assign(moving_variance * kept + variance * ((count - 1.0) / count) * new)
    return output


def _convolve(layer: Any, x: KerasTensor) -> KerasTensor:
    """A convolution of one channel, as ``keras.layers.Conv2D.call``."""
    return _finish(layer, _with_transpose(x, layer.kernel, _gather, _spread, _kernel_gradient))


def _convolve_transposed(layer: Any, x: KerasTensor) -> KerasTensor:
    """A transposed convolution to one channel, as ``keras.layers.Conv2DTranspose.call``."""

    def kernel_gradient(narrow: KerasTensor, kernel: KerasTensor, wide: KerasTensor) -> KerasTensor:
        return _kernel_gradient(wide, kernel, narrow)

    return _finish(layer, _with_transpose(x, layer.kernel, _spread, _gather, kernel_gradient))


def _finish(layer: Any, output: KerasTensor) -> KerasTensor:
    if layer.use_bias:
        output = output + ops.convert_to_tensor(layer.bias)
    return layer.activation(output)


def _with_transpose(
    x: KerasTensor, kernel: Any, forward: Callable, transposed: Callable, kernel_gradient: Callable
) -> KerasTensor:
    """``forward`` of maps and kernel, with ``transposed`` as the maps' gradient instead of TensorFlow's own."""

    @tf.custom_gradient
    def convolve(x: KerasTensor, kernel: KerasTensor) -> tuple[KerasTensor, Callable]:
        def gradients(upstream: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
            return transposed(upstream, kernel), kernel_gradient(x, kernel, upstream)

        return forward(x, kernel), gradients

    return convolve(x, tf.identity(ops.convert_to_tensor(kernel)))


def _gather(wide: KerasTensor, kernel: KerasTensor) -> KerasTensor:
    """Convolve maps (B, 2 H, 2 W, 1) to (B, H, W, C)."""
    return tf.nn.conv2d(wide, kernel, _STRIDE, "SAME")


def _kernel_gradient(wide: KerasTensor, kernel: KerasTensor, narrow: KerasTensor) -> KerasTensor:
    """Of the kernel (6, 6, 1, C) between maps of both sizes; one side is the upstream gradient."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=wide, filter_sizes=kernel.shape, out_backprop=narrow, strides=(1, *_STRIDE, 1), padding="SAME"
    )


def _spread(narrow: KerasTensor, kernel: KerasTensor) -> KerasTensor:
    """Maps (B, H, W, C) to (B, 2 H, 2 W, 1): the transpose of `_gather`.

    Each pixel of a 2x2 block is a 3x3 convolution by every other row and column of the kernel, last to first.
    """
    blocks = tf.reverse(tf.reshape(kernel, (3, 2, 3, 2, -1)), (0, 2))
    pixels = tf.reshape(tf.transpose(blocks, (0, 2, 4, 1, 3)), (3, 3, -1, 4))
    return tf.nn.depth_to_space(tf.nn.conv2d(narrow, pixels, 1, "SAME"), 2)
