"""What lets one objective train several players: a network may pass gradients on without learning from them."""

from __future__ import annotations

from typing import Any

import keras
from keras import KerasTensor, ops


def call_frozen(network: keras.Model, x: KerasTensor, training: bool = False) -> Any:
    """A network's output; gradients flow to its input, and none to its weights.

    Args:
        network: a built model.
        x: its input.
        training: whether batch norm uses the batch's statistics. The moving ones stay as they are either way.
    """
    weights = [ops.stop_gradient(weight.value) for weight in network.trainable_variables]
    others = [other.value for other in network.non_trainable_variables]
    outputs, _ = network.stateless_call(weights, others, x, training=training)
    return outputs
