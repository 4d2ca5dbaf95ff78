"""What an exported network takes."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def signature(network: keras.Model, shape: Sequence[int | None]) -> list[keras.InputSpec]:
    """The only input of a network, by name, of such a shape (without the batch; None: open), for a batch of one."""
    return [keras.InputSpec(shape=(1, *shape), dtype="float32", name=network.inputs[0].name)]
