"""The convolution steps that the networks are made of."""

from __future__ import annotations

from keras import KerasTensor, layers

_PAPER_FILTERS = 32


def paper_convolution(x: KerasTensor, name: str) -> KerasTensor:
    """One step of the paper's networks: 6x6 convolution with stride 2, batch norm, leaky ReLU 0.2."""
    x = layers.Conv2D(_PAPER_FILTERS, 6, strides=2, padding="same", use_bias=False, name=name)(x)
    return layers.LeakyReLU(0.2)(layers.BatchNormalization(name=f"{name}_norm")(x))


def convolution(x: KerasTensor, filters: int, name: str, kernel: int = 3, strides: int = 1) -> KerasTensor:
    """One step of the default architecture: convolution, batch norm, ReLU."""
    x = layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False, name=name)(x)
    return layers.ReLU()(layers.BatchNormalization(name=f"{name}_norm")(x))


def residual_block(x: KerasTensor, name: str) -> KerasTensor:
    """Two 3x3 convolutions beside the identity; the shape stays."""
    filters = x.shape[-1]
    y = convolution(x, filters, f"{name}_conv1")
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(name=f"{name}_conv2_norm")(y)
    return layers.ReLU()(layers.Add()([x, y]))
