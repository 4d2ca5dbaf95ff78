"""What an exported network takes."""

from __future__ import annotations

import keras
import numpy as np


def signature(network: keras.Model, inputs: np.ndarray) -> list[keras.InputSpec]:
    """The only input of a network, by name, as wide as these ``(N, ...)`` inputs, for a batch of one."""
    return [keras.InputSpec(shape=(1, *inputs.shape[1:]), dtype="float32", name=network.inputs[0].name)]
