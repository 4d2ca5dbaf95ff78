"""Checkpoints that survive a kill at any moment."""

from __future__ import annotations

from pathlib import Path

import keras

from cn_zoo.io.atomic import atomic_path


class Checkpoint(keras.callbacks.Callback):
    """Save weights and optimizer every so many steps; whole files only, the last one kept.

    Args:
        path: the checkpoint, ``*.weights.h5``.
        every: steps between two saves.
    """

    def __init__(self, path: Path, every: int) -> None:
        super().__init__()
        self.path = path
        self.every = every

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Save when the step count says so."""
        if int(self.model.optimizer.iterations) % self.every == 0:
            self.save()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Save the end."""
        self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one, then move it into place."""
        # Keras insists on the double suffix, which a temporary name does not keep by itself.
        with atomic_path(self.path) as temporary:
            whole = temporary.with_suffix(".weights.h5")
            self.model.save_weights(whole)
            whole.replace(temporary)

    def restore(self, model: keras.Model) -> int:
        """Load the checkpoint into a compiled and built model, if there is one; return the steps done."""
        if not self.path.exists():
            return 0
        model.load_weights(self.path)
        return int(model.optimizer.iterations)
