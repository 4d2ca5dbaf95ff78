"""How long the default network takes beside the paper-scale one and beside rivals' architectures, in one run.

    python benchmarks/rivals.py [--threads 1] [--seconds 60] [--without-v2v] [--json]

All networks have random weights (times do not depend on them), batch 1, and run in turns, so that a machine's other
work meets all alike; of one thread processor time counts, of more the clock. On ONNX Runtime: the paper-scale and the
default network as ``cn-zoo export`` writes them, and the architectures of ``_rival_networks.py``; on LiteRT, where it
is installed: the two of ours again. Times are medians and the shortest of all runs; ratios are of the shortest, which a
busy machine disturbs least. Building and converting takes some minutes, and tells on stderr how far it is; V2V-PoseNet
alone takes about a second a frame.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import keras
import numpy as np
from _rival_networks import RIVALS

from cn_zoo.benchmarking.cost import count_macs
from cn_zoo.benchmarking.machine_peak import MachinePeak, measure_peak
from cn_zoo.exporting.write_onnx import write_onnx
from cn_zoo.exporting.write_tflite import write_tflite
from cn_zoo.inference.runtimes import Runtime, open_runtime
from cn_zoo.joint import CrossingNets
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS

SKELETON = "nyu"
#: A network runs for so long before it is the next one's turn.
TURN_SECONDS = 0.25
CALIBRATION_CROPS = 20


@dataclass
class Contestant:
    """A network and its times.

    Attributes:
        macs, weights: multiply-adds of one run; how many numbers it has learnt.
        bytes: size of its file.
    """

    name: str
    runtime: Runtime
    picture: np.ndarray
    macs: int
    weights: int
    bytes: int
    seconds: list[float]

    def run_for(self, seconds: float, clock: Callable[[], float]) -> None:
        """Run at least once."""
        end = time.perf_counter() + seconds
        while True:
            start = clock()
            self.runtime.run(self.picture)
            self.seconds.append(clock() - start)
            if time.perf_counter() >= end:
                return

    @property
    def fastest(self) -> float:
        """In seconds."""
        return min(self.seconds)


@dataclass(frozen=True)
class Row:
    """A line of the table. ``rate``: runs a second over the paper-scale network's; ``slower``: times the default's."""

    name: str
    weights: int
    macs: int
    bytes: int
    median_ms: float
    fastest_ms: float
    gflops: float
    rate: float
    slower: float
    runs: int


@click.command()
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seconds", default=60.0, show_default=True, help="Of running in turns.")
@click.option("--without-v2v", is_flag=True, help="It takes a gigabyte and most of the time.")
@click.option("--json", "as_json", is_flag=True)
def main(threads: int, seconds: float, without_v2v: bool, as_json: bool) -> None:
    """Build, convert, run in turns, print."""
    rivals = {name: build for name, build in RIVALS.items() if not (without_v2v and name == "V2V-PoseNet")}
    with tempfile.TemporaryDirectory() as folder:
        contestants = [*enter_ours(Path(folder), threads), *enter(rivals, Path(folder), threads)]
        tell("measuring the machine")
        peak = measure_peak(threads)
        for each in contestants:
            each.runtime.run(each.picture)
        # What a busy machine does meanwhile counts for nobody; the work of several threads no single one can tell.
        clock = time.thread_time if threads == 1 else time.perf_counter
        tell(f"running in turns for {seconds:.0f} s")
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for each in contestants:
                each.run_for(TURN_SECONDS, clock)
    rows = tabulate(contestants)
    if as_json:
        facts = {"threads": threads, "peak_gflops": asdict(peak), "networks": [asdict(row) for row in rows]}
        print(json.dumps(facts, indent=1))
    else:
        print_table(rows, peak, threads)


def tell(text: str) -> None:
    """Progress, for those who wait."""
    print(text, file=sys.stderr, flush=True)


def enter_ours(folder: Path, threads: int) -> list[Contestant]:
    """The paper-scale and the default network, in float and in 8 bit."""
    crops = draw_crop_batch(PRESETS[SKELETON], 0, 0, CALIBRATION_CROPS).depth
    contestants = []
    for architecture in ("paper", "default"):
        keras.utils.set_random_seed(0)
        estimator = CrossingNets(architecture, SKELETON).estimator
        estimator(crops[:1])
        macs = 0
        for writer, suffix, runtime in ((write_onnx, "onnx", "ONNX Runtime"), (write_tflite, "tflite", "LiteRT")):
            for precision in ("fp32", "int8"):
                tell(f"converting {architecture}, {precision}, {suffix}")
                path = folder / f"{architecture}_{precision}.{suffix}"
                writer(estimator, precision, crops, path)
                macs = macs or count_macs(path)
                name = f"{architecture} {precision}, {runtime}"
                contestants.append(
                    Contestant(
                        name,
                        open_runtime(path, threads),
                        crops[0],
                        macs,
                        estimator.count_params(),
                        path.stat().st_size,
                        [],
                    )
                )
    return contestants


def enter(rivals: dict, folder: Path, threads: int) -> list[Contestant]:
    """Rivals, in float on ONNX Runtime."""
    contestants = []
    for name, build in rivals.items():
        tell(f"converting {name}")
        network = build()
        picture = np.random.default_rng(0).uniform(-1, 1, network.input_shape[1:]).astype(np.float32)
        path = folder / f"{network.name}.onnx"
        write_onnx(network, "fp32", picture[None], path)
        facts = count_macs(path), network.count_params(), path.stat().st_size
        contestants.append(Contestant(name, open_runtime(path, threads), picture, *facts, []))
        keras.backend.clear_session()
    return contestants


def tabulate(contestants: list[Contestant]) -> list[Row]:
    """Times, and ratios to the paper-scale and the default network."""
    paper, default = (
        next(each.fastest for each in contestants if each.name == f"{name} fp32, ONNX Runtime")
        for name in ("paper", "default")
    )
    return [
        Row(
            name=each.name,
            weights=each.weights,
            macs=each.macs,
            bytes=each.bytes,
            median_ms=1e3 * float(np.median(each.seconds)),
            fastest_ms=1e3 * each.fastest,
            gflops=2 * each.macs / each.fastest / 1e9,
            rate=paper / each.fastest,
            slower=each.fastest / default,
            runs=len(each.seconds),
        )
        for each in contestants
    ]


def print_table(rows: list[Row], peak: MachinePeak, threads: int) -> None:
    """For people."""
    print(f"{threads} thread(s); the machine's peak: {peak}")
    print(
        _line("network", "weights M", "MACs M", "MB", "median ms", "fastest", "GFLOP/s", "x paper", "/ default", "runs")
    )
    for row in rows:
        sizes = (f"{value / 1e6:.2f}" for value in (row.weights, row.macs, row.bytes))
        times = (f"{value:.2f}" for value in (row.median_ms, row.fastest_ms, row.gflops, row.rate, row.slower))
        print(_line(row.name, *sizes, *times, str(row.runs)))


def _line(name: str, *cells: str) -> str:
    return f"{name:<28}" + "".join(f"{cell:>11}" for cell in cells)


if __name__ == "__main__":
    main()
