"""``cn-zoo benchmark``: how fast a model runs on this machine."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path

import click

from cn_zoo.errors import MissingDependencyError, WeightsError
from cn_zoo.inference.latency import Frame, Latency, measure_latency
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo import Preset, get_preset, resolve

_RUNTIMES = ("onnx", "tflite", "keras")
_FRAMES = 8
_SEED = 4


@click.command()
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option(
    "--runtime",
    "runtimes",
    type=click.Choice(_RUNTIMES),
    multiple=True,
    help="May be given several times. [default: all that the model has files for]",
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Keras decides for itself.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def benchmark(model: str, runtimes: tuple[str, ...], threads: int, as_json: bool) -> None:
    """Time a model: the network alone, and from a synthetic frame in memory to joints.

    Milliseconds: median, and the 10th and 90th percentile. Every file of the model is timed in its own runtime.
    """
    preset = get_preset(model)
    frames = _frames(preset)
    results = {}
    for path in _files(model, preset, runtimes or _RUNTIMES):
        try:
            runtime = open_runtime(path, threads)
        except MissingDependencyError as error:
            if runtimes:
                raise
            click.echo(f"{path.name} is left out: {error}", err=True)
            continue
        results[path] = measure_latency(runtime, preset, frames)
    height, width = frames[0].depth_mm.shape
    if as_json:
        machine = {"machine": platform.machine(), "system": platform.system(), "threads": threads}
        timed = [_facts(path, latency) for path, latency in results.items()]
        click.echo(json.dumps({"model": model, **machine, "frame": [width, height], "results": timed}, indent=1))
        return
    click.echo(f"{model}, {threads} thread{'s' if threads > 1 else ''}, frames of {width} x {height}; ms")
    for path, latency in results.items():
        click.echo(path.name)
        for name, each in latency.items():
            spread = f"{each.median:9.2f}   {each.p10:.2f} to {each.p90:.2f}"
            click.echo(f"  {name:<16}{spread}   {1e3 / each.median:.0f} a second")


def _files(model: str, preset: Preset, runtimes: tuple[str, ...]) -> list[Path]:
    """The model's files for these runtimes; a file that is the model itself stands alone."""
    kinds = [kind for kind in preset.files if kind != "nets"] or ["onnx"]
    files = dict.fromkeys(resolve(model, kind) for kind in kinds)
    chosen = [path for path in files if path.suffix[1:] in runtimes]
    if not chosen:
        raise WeightsError(f"{model}: has no file for {' or '.join(runtimes)}; make one with cn-zoo export")
    return chosen


def _frames(preset: Preset) -> list[Frame]:
    """Synthetic frames of the model's own camera."""
    from cn_zoo.synthesis.frame import draw_frame
    from cn_zoo.synthesis.presets import PRESETS

    drawn = [draw_frame(PRESETS[preset.skeleton].own(), _SEED, index, "test") for index in range(_FRAMES)]
    return [Frame(each.depth_mm, each.camera, each.center_uvd) for each in drawn]


def _facts(path: Path, latency: dict[str, Latency]) -> dict[str, object]:
    times = {name.replace(" ", "_"): asdict(each) for name, each in latency.items()}
    return {"file": path.name, "runtime": path.suffix[1:], "bytes": path.stat().st_size, "latency_ms": times}
