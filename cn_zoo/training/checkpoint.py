"""Checkpoints that survive a kill at any moment."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import InputError, one_line
from cn_zoo.io.atomic import atomic_path


def checkpoint_path(folder: Path, stage: str) -> Path:
    """Where a run keeps the checkpoint of a stage."""
    return folder / f"{stage}.weights.h5"


class Checkpoint(keras.callbacks.Callback):
    """Save weights and optimizer after each epoch; whole files of finite weights only, the last one kept.

    Args:
        path: the checkpoint, ``*.weights.h5``.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save."""
        self.save()

    def save(self) -> None:
        """Write the checkpoint beside the old one, then move it into place.

        Raises:
            InputError: a weight is not finite.
        """
        step = int(self.model.optimizer.iterations)
        for weight in self.model.weights:
            if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
                raise InputError(
                    f"{self.path}: not written at step {step}, as {weight.path} is no longer finite; the last "
                    "good checkpoint is kept; go on from it (--resume) with a lower learning_rate"
                )
        save_weights(self.model, self.path)

    def restore(self, model: keras.Model) -> int:
        """Load the checkpoint into a compiled and built model, if there is one; return the steps done.

        Raises:
            InputError: the file is damaged, or of other networks or another optimizer.
        """
        if not self.path.exists():
            return 0
        try:
            with warnings.catch_warnings():
                # Keras would go on without the optimizer's state.
                warnings.filterwarnings("error", "Skipping variable loading for optimizer")
                model.load_weights(self.path)
        except (ValueError, OSError, KeyError, UserWarning) as error:
            reason = one_line(error, limit=120)
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
