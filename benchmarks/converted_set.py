"""How fast a converted dataset opens and yields crops.

    python benchmarks/converted_set.py FOLDER [--frames 2000]

FOLDER holds any dataset that cn_zoo reads, for instance one made by ``cn-zoo synthesize``. Its frames are converted
into a temporary file and read in random order, from a warm cache, by one process and by two.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np

from cn_zoo.datasets import ConvertedSet, CropAugmentation, convert_dataset, open_dataset

BATCH = 64
CROPS = 16384


def read_crops(path: Path, seed: int, augment: bool) -> float:
    """Read batches in random order; returns seconds for ``CROPS`` crops."""
    converted = ConvertedSet(path)
    rng = np.random.default_rng(seed)
    augmentation = CropAugmentation()
    order = rng.integers(len(converted), size=CROPS)

    def read(indices: np.ndarray) -> None:
        converted.crops(indices, augmentation.draw_several(rng, len(indices)) if augment else None)

    read(order[:BATCH])
    start = time.perf_counter()
    for first in range(0, CROPS, BATCH):
        read(order[first : first + BATCH])
    return time.perf_counter() - start


@click.command()
@click.argument("data", metavar="FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--frames", default=2000, show_default=True)
def main(data: Path, frames: int) -> None:
    """Convert, open, read."""
    dataset = open_dataset(data)
    dataset = dataset.select(np.arange(min(len(dataset), frames)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.h5"
        start = time.perf_counter()
        convert_dataset(dataset, path)
        seconds = time.perf_counter() - start
        print(f"converted {len(dataset)} frames at {len(dataset) / seconds:.0f}/s")
        print(f"{path.stat().st_size / len(dataset) / 1000:.1f} kB a frame")
        start = time.perf_counter()
        ConvertedSet(path)
        print(f"opens in {1000 * (time.perf_counter() - start):.1f} ms")
        for augment in (False, True):
            name = "augmented" if augment else "plain"
            print(f"{name}, 1 process: {CROPS / read_crops(path, 0, augment):.0f} crops/s")
            with ProcessPoolExecutor(2, get_context("spawn")) as pool:
                times = list(pool.map(read_crops, [path] * 2, [0, 1], [augment] * 2))
            print(f"{name}, 2 processes: {sum(CROPS / seconds for seconds in times):.0f} crops/s")


if __name__ == "__main__":
    main()
