"""Curves of a run that may be killed at any moment."""

from __future__ import annotations

from pathlib import Path

import keras

from cn_zoo.io.atomic import atomic_path


def curves_path(folder: Path, stage: str) -> Path:
    """Where a run keeps the curves of a stage."""
    return folder / f"{stage}.csv"


def count_epochs(path: Path) -> int:
    """How many epochs curves tell of; 0 where there are none."""
    return max(len(path.read_text(encoding="utf-8").splitlines()) - 1, 0) if path.exists() else 0


class Curves(keras.callbacks.CSVLogger):
    """A row for each epoch, with all its terms. Stands before the checkpoint among callbacks.

    So no epoch that was saved lacks its row. Rows of epochs that were not, as the run was killed in between, are cut
    off when it goes on.

    Args:
        path: ``*.csv``.
        done: epochs that an earlier run has saved.
    """

    def __init__(self, path: Path, done: int) -> None:
        super().__init__(path, append=done > 0)
        self._path = path
        self._done = done

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Cut the file to what is done, and open it."""
        if self._done and self._path.exists():
            header, *rows = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
            with atomic_path(self._path) as temporary:
                temporary.write_text("".join([header, *rows[: self._done]]), encoding="utf-8")
        super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write a row."""
        # Keras would add empty columns for a validation that no run has.
        self.keys = self.keys or sorted(logs or {})
        super().on_epoch_end(epoch, logs)
