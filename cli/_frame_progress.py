"""A progress bar of frames, for commands that take long."""

from __future__ import annotations

from collections.abc import Callable


class FrameProgress:
    """A bar on stderr, as a context that gives the function to advance it by a frame."""

    def __init__(self, total: int) -> None:
        # Only here: a single frame does without, and starts the faster.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("frames"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("frames", total=total, rate="")

    def __enter__(self) -> Callable[[], None]:
        self._bar.start()
        return self._advance

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def _advance(self) -> None:
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, advance=1, rate=f"{speed:.0f}/s" if speed else "")
