"""Checkpoints that survive a kill at any moment."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.io.atomic import atomic_path


class Checkpoint(keras.callbacks.Callback):
    """Save weights and optimizer every so many steps; whole files of finite weights only, the last one kept.

    Args:
        path: the checkpoint, ``*.weights.h5``.
        every: steps between two saves.
    """

    def __init__(self, path: Path, every: int) -> None:
        super().__init__()
        self.path = path
        self.every = every
        self._done = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Go on counting where the optimizer stands."""
        self._done = int(self.model.optimizer.iterations)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Save when the step count says so."""
        self._done += 1
        if self._done % self.every == 0:
            self.save()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Save the end, if it is not saved."""
        if self._done % self.every:
            self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one, then move it into place.

        Raises:
            InputError: a weight is not finite.
        """
        for weight in self.model.weights:
            if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
                raise InputError(
                    f"{self.path}: not written at step {self._done}, as {weight.path} is no longer finite; the last "
                    "good checkpoint is kept; start again with a lower learning_rate"
                )
        save_weights(self.model, self.path)

    def restore(self, model: keras.Model) -> int:
        """Load the checkpoint into a compiled and built model, if there is one; return the steps done.

        Raises:
            InputError: the file is damaged, or of other networks.
        """
        if not self.path.exists():
            return 0
        try:
            model.load_weights(self.path)
        except (ValueError, OSError, KeyError) as error:
            reason = " ".join(str(error).split())[:120]
            raise InputError(
                f"{self.path}: does not fit these networks ({reason}); it is damaged or of another architecture: start "
                "again in another folder"
            ) from None
        return int(model.optimizer.iterations)


def save_weights(model: keras.Model, path: Path) -> None:
    """Write a model's weights and optimizer to ``*.weights.h5``, as a whole or not at all."""
    # Keras insists on the double suffix, which a temporary name does not keep by itself.
    with atomic_path(path) as temporary:
        whole = temporary.with_suffix(".weights.h5")
        try:
            model.save_weights(whole)
            whole.replace(temporary)
        finally:
            whole.unlink(missing_ok=True)
