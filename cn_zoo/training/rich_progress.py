"""A progress bar on stderr."""

from __future__ import annotations

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class RichProgress(keras.callbacks.Callback):
    """One bar per stage: steps, samples a second, losses, time left. Shown as long as its context is open.

    Args:
        title: the stage's name.
        steps: how many steps the stage has.
        done: steps done by an earlier run.
        batch_size: samples a step.
    """

    def __init__(self, title: str, steps: int, done: int, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size
        self._bar = Progress(
            TextColumn(f"[bold]{title}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.0f} samples/s"),
            TextColumn("{task.fields[losses]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(title, total=steps, completed=done, rate=0.0, losses="")

    def __enter__(self) -> RichProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        # However training ends, the terminal gets its cursor back; Keras tells callbacks of a good end only.
        self._bar.stop()

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Advance by one step."""
        speed = self._bar.tasks[0].speed or 0.0
        losses = " ".join(f"{name} {float(value):.3f}" for name, value in (logs or {}).items())
        self._bar.update(self._task, advance=1, rate=speed * self.batch_size, losses=losses)
