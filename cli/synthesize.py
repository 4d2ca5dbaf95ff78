"""``cn-zoo synthesize``: labelled synthetic depth frames in a benchmark's own file format."""

from __future__ import annotations

from pathlib import Path

import click

from cn_zoo.benchmark import BENCHMARKS


@click.command()
@click.option("--dataset", type=click.Choice(list(BENCHMARKS)), required=True, help="Whose format and camera.")
@click.option("--count", type=click.IntRange(min=1), required=True, help="Number of frames.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same frames.")
def synthesize(dataset: str, count: int, output: Path, seed: int) -> None:
    """Write labelled synthetic depth frames in a dataset's own file format.

    An interrupted run goes on where it stopped when it is started again in the same way.
    """
    from rich.console import Console
    from rich.progress import track

    from cn_zoo.synthesis.dataset_writer import write_dataset

    console = Console(stderr=True)
    for _ in track(write_dataset(dataset, count, output, seed), "Frames", total=count, console=console):
        pass
    console.print(f"{count} frames in {output}", highlight=False, soft_wrap=True)
