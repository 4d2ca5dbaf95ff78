"""``cn-zoo benchmark``: how fast a model runs on this machine."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from cn_zoo.benchmarking.cost import count_macs, gflops
from cn_zoo.benchmarking.latency import Latency, measure_latency, synthetic_frames
from cn_zoo.benchmarking.machine_peak import MachinePeak, measure_peak
from cn_zoo.benchmarking.memory import Memory, measure_memory
from cn_zoo.errors import MissingDependencyError, WeightsError
from cn_zoo.inference import RUNTIMES
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo import Preset, get_preset, resolve


@click.command()
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option(
    "--runtime",
    "runtimes",
    type=click.Choice(RUNTIMES),
    multiple=True,
    help="May be given several times. [default: all that the model has files for]",
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Keras decides for itself.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def benchmark(model: str, runtimes: tuple[str, ...], threads: int, as_json: bool) -> None:
    """Time a model: the network alone, and from a synthetic frame in memory to joints.

    Milliseconds: median, and the 10th and 90th percentile. Every file of the model is timed in its own runtime. With
    the export extra installed, the network's operations a second are set against what this machine's convolutions
    reach in float32. Memory is that of a process of its own.
    """
    preset = get_preset(model)
    frames = synthetic_frames(preset)
    files = _files(model, preset)
    macs, peak = _count(files), _peak(threads)
    results = []
    for path in _chosen(files, model, runtimes or RUNTIMES):
        try:
            runtime = open_runtime(path, threads)
        except MissingDependencyError as error:
            if runtimes:
                raise
            click.echo(f"{path.name} is left out: {error}", err=True)
            continue
        latency = measure_latency(runtime, preset, frames)
        results.append(_Result(path, latency, measure_memory(path, threads), macs))
    height, width = frames[0].depth_mm.shape
    if as_json:
        machine = {"machine": platform.machine(), "system": platform.system(), "threads": threads}
        facts = {"model": model, **machine, "peak_gflops": peak and asdict(peak), "frame": [width, height]}
        click.echo(json.dumps({**facts, "results": [each.facts() for each in results]}, indent=1))
        return
    click.echo(f"{model}, {threads} thread{'s' if threads > 1 else ''}, frames of {width} x {height}; ms")
    for each in results:
        click.echo("\n".join(each.lines(peak)))


@dataclass(frozen=True)
class _Result:
    """What was measured of a file.

    Attributes:
        macs: of one run of the network; None where the tools to count them are not installed.
    """

    path: Path
    latency: dict[str, Latency]
    memory: Memory | None
    macs: int | None

    @property
    def gflops(self) -> float | None:
        """Operations a second of the network alone."""
        return self.macs and gflops(self.macs, self.latency["network"].median)

    def facts(self) -> dict[str, object]:
        """All of it for JSON."""
        return {
            "file": self.path.name,
            "runtime": self.path.suffix[1:],
            "bytes": self.path.stat().st_size,
            "macs": self.macs,
            "gflops": self.gflops,
            "memory_mib": self.memory and asdict(self.memory),
            "latency_ms": {name.replace(" ", "_"): asdict(each) for name, each in self.latency.items()},
        }

    def lines(self, peak: MachinePeak | None) -> Iterator[str]:
        """All of it as text."""
        yield self.path.name
        for name, each in self.latency.items():
            spread = f"{each.median:9.2f}   {each.p10:.2f} to {each.p90:.2f}"
            yield f"  {name:<16}{spread}   {1e3 / each.median:.0f} a second"
        if self.macs and peak:
            share = f"{self.gflops / peak.convolution:.0%} of what float32 convolutions reach here"
            yield f"  multiply-adds   {self.macs / 1e6:9.1f} M; {self.gflops:.0f} GFLOP/s, {share}"
        if self.memory:
            yield f"  memory          {self.memory.process:9.0f} MiB, of it {self.memory.network:.0f} for the network"


def _count(files: list[Path]) -> int | None:
    """Multiply-adds of the model's network, counted in its ONNX file, whatever the runtime."""
    path = next((path for path in files if path.suffix == ".onnx"), None)
    try:
        return path and count_macs(path)
    except MissingDependencyError as error:
        click.echo(error, err=True)
        return None


def _peak(threads: int) -> MachinePeak | None:
    try:
        return measure_peak(threads)
    except MissingDependencyError as error:
        click.echo(error, err=True)
        return None


def _files(model: str, preset: Preset) -> list[Path]:
    """The model's files that runtimes run; a file that is the model itself stands alone."""
    runnable = {f".{runtime}" for runtime in RUNTIMES}
    networks = [kind for kind, file in preset.files.items() if kind != "nets" and Path(file.path).suffix in runnable]
    kinds = networks if preset.files else ["onnx"]
    return list(dict.fromkeys(resolve(model, kind) for kind in kinds))


def _chosen(files: list[Path], model: str, runtimes: tuple[str, ...]) -> list[Path]:
    """The files for these runtimes."""
    chosen = [path for path in files if path.suffix[1:] in runtimes]
    if not chosen:
        raise WeightsError(f"{model}: has no file for {' or '.join(runtimes)}; make one with cn-zoo export")
    return chosen
