"""Crops a second that the synthetic data engine draws, where the time goes, and what a worker weighs.

python benchmarks/synthesis_throughput.py [--preset nyu] [--crops 2000] [--processes 2]
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click

from cn_zoo.in_order import in_order
from cn_zoo.synthesis import frame, setting
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.worker_pool import WorkerPool

BATCH = 50


@click.command()
@click.option("--preset", type=click.Choice(list(PRESETS)), default="nyu", show_default=True)
@click.option("--crops", default=2000, show_default=True)
@click.option("--processes", "most", default=os.cpu_count(), show_default=True)
def main(preset: str, crops: int, most: int) -> None:
    """Measure one process, then all, then the stages."""
    for processes in sorted({1, most}):
        elapsed, busy = measure_pool(preset, crops, processes)
        print(
            f"{preset}: {1 / elapsed:.0f} crops/s on {processes} process(es); "
            f"{processes / busy:.0f} by the workers' processor time"
        )
    for stage, (ms, share) in measure_stages(preset, crops).items():
        print(f"  {stage:<22}{ms:6.3f} ms  {100 * share:5.1f} %")


def measure_pool(preset: str, crops: int, processes: int) -> tuple[float, float]:
    """Seconds, and seconds of the workers' processor time, a crop of a warmed-up pool; also prints the largest worker.

    Crops are drawn in whole batches: at least ``crops`` of them.
    """
    pool = WorkerPool(draw_crop_batch, processes)
    children = [child.pid for child in pool._children]

    def draw(batches: range) -> None:
        drawn = in_order(lambda batch: pool.submit(PRESETS[preset], 0, batch * BATCH, BATCH), batches, 2 * processes)
        for each in drawn:
            each.result()

    # Every subject's shape is made when first met.
    draw(range(1000, 1000 + 24 * processes))
    start, busy = time.perf_counter(), sum(map(processor_seconds, children))
    batches = -(-crops // BATCH)
    draw(range(batches))
    elapsed, busy = time.perf_counter() - start, sum(map(processor_seconds, children)) - busy
    print(f"{preset}: {max(map(resident_mb, children)):.0f} MB a worker at most")
    pool.close()
    return elapsed / (batches * BATCH), busy / (batches * BATCH)


def processor_seconds(pid: int) -> float:
    """Processor time of a process so far (Linux), or NaN."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Highest resident memory of a process so far (Linux), or NaN."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def measure_stages(preset: str, crops: int) -> dict[str, tuple[float, float]]:
    """Milliseconds of processor time a crop and share of each stage, in this process."""
    spent: Counter[str] = Counter()

    def timed(stage: str, function: Callable) -> Callable:
        def call(*positional, **named):
            start = time.thread_time()
            result = function(*positional, **named)
            spent[stage] += time.thread_time() - start
            return result

        return call

    def draw_all() -> float:
        start = time.thread_time()
        draw_crop_batch(PRESETS[preset], 0, 0, crops)
        return time.thread_time() - start

    draw_all()
    setting._draw_hand = timed("pose and skin", setting._draw_hand)
    frame.draw_setting = timed("setting", frame.draw_setting)
    frame.render_into = timed("render", frame.render_into)
    frame.sense = timed("sensor", frame.sense)
    frame.cut_crop = timed("cut", frame.cut_crop)
    total = draw_all()
    spent["scene, view, labels"] = spent.pop("setting") - spent["pose and skin"]
    spent["rest"] = total - sum(spent.values())
    return {stage: (1e3 * seconds / crops, seconds / total) for stage, seconds in spent.items()}


if __name__ == "__main__":
    main()
