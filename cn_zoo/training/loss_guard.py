"""A run whose loss is no number any more stops at once, and says which term it was."""

from __future__ import annotations

import math
from pathlib import Path

import keras

from cn_zoo.errors import InputError


class LossGuard(keras.callbacks.Callback):
    """Stop training at the first step with a term that is not finite. Stands before the checkpoint among callbacks.

    Args:
        stage: its name, for the message.
        checkpoint: what is left to go on from, if it is there.
    """

    def __init__(self, stage: str, checkpoint: Path) -> None:
        super().__init__()
        self._stage = stage
        self._checkpoint = checkpoint

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look at all terms.

        Raises:
            InputError: some are not finite.
        """
        lost = [name for name, value in (logs or {}).items() if not math.isfinite(float(value))]
        terms = [name for name in lost if name not in ("loss", "error_mm")] or lost
        if terms:
            saved = self._checkpoint.exists()
            left = f"{self._checkpoint} is the last good checkpoint" if saved else "no checkpoint is saved yet"
            raise InputError(
                f"stage {self._stage}: {', '.join(terms)} became NaN or infinite; {left}; start again with a lower "
                f"learning_rate (--set {self._stage}.learning_rate=...) or a lower weight of that term"
            )
