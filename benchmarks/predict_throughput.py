"""How fast ``cn-zoo predict`` gets through a folder, beside reading the same files alone.

    python benchmarks/predict_throughput.py [--frames 1000] [--model nyu]

Prints frames a second of the command with start-up left out (two folders of different size are timed), of decoding the
files on one core, their ratio, and the peak memory of the command's largest single process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from cn_zoo.io import read_depth, write_depth_png
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import get_preset


@click.command()
@click.option(
    "--frames", type=click.IntRange(min=10), default=1000, show_default=True, help="A tenth of them times the start-up."
)
@click.option("--model", default="nyu", show_default=True)
def main(frames: int, model: str) -> None:
    """Write the frames, time the command, print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = folder / "few", folder / "many"
        _write_frames(model, few, frames // 10)
        _write_frames(model, many, frames)
        start_up = _time_command(few, model)
        seconds = _time_command(many, model) - start_up
        predicted = (frames - frames // 10) / seconds
        decoded = _decode_rate(few)
    # Of the largest process that has ended, not the sum of a run's; in KiB on Linux.
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"predict: {predicted:.0f} frames/s; decoding alone, one core: {decoded:.0f} frames/s")
    print(f"ratio {predicted / decoded:.2f}; peak memory of the largest process {memory:.0f} MiB")


def _write_frames(model: str, folder: Path, count: int) -> None:
    folder.mkdir()
    preset = PRESETS[get_preset(model).skeleton].own()
    # A few dozen different frames are enough; drawing them all would take longer than the benchmark.
    drawn = [draw_frame(preset, seed=0, index=index, split="test").depth_mm for index in range(min(count, 40))]
    for index in range(count):
        write_depth_png(folder / f"{index:06d}.png", drawn[index % len(drawn)])


def _time_command(folder: Path, model: str) -> float:
    command = [sys.executable, "-c", "from cn_zoo.cli.main import main; main()", "predict", str(folder)]
    begin = time.perf_counter()
    # Frames in which no hand is found are part of the work: exit code 5 is fine.
    result = subprocess.run([*command, "--model", model, "--quiet"], stdout=subprocess.DEVNULL, check=False)
    if result.returncode not in (0, 5):
        raise SystemExit(f"cn-zoo predict ended with exit code {result.returncode}")
    return time.perf_counter() - begin


def _decode_rate(folder: Path) -> float:
    paths = sorted(folder.iterdir())
    begin = time.perf_counter()
    for path in paths:
        read_depth(path)
    return len(paths) / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
