"""A run whose loss is no number any more stops at once, and says which term it was."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import keras

from cn_zoo.errors import InputError


class LossGuard(keras.callbacks.Callback):
    """Stop training at the first step with a term that is not finite. Stands before the checkpoint among callbacks.

    Args:
        stage: its name, for the message.
        checkpoints: of the stages up to this one, in their order: the last that is there is left to go on from.
    """

    def __init__(self, stage: str, checkpoints: Sequence[Path]) -> None:
        super().__init__()
        self._stage = stage
        self._checkpoints = checkpoints

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look at all terms.

        Raises:
            InputError: some are not finite.
        """
        lost = [name for name, value in (logs or {}).items() if not math.isfinite(float(value))]
        terms = [name for name in lost if name not in ("loss", "error_mm")] or lost
        if terms:
            saved = [path for path in self._checkpoints if path.exists()]
            left = (
                f"{saved[-1]} is the last good checkpoint; go on from it (--resume)"
                if saved
                else "no checkpoint is saved yet; start again"
            )
            raise InputError(
                f"stage {self._stage}: {', '.join(terms)} became NaN or infinite; {left} with a lower learning_rate "
                f"(--set {self._stage}.learning_rate=...) or a lower weight of that term "
                f"(--set {self._stage}.terms.{terms[0]}=...)"
            )
