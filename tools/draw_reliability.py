"""Measure how reliable the released models' sigma is on synthetic hands, and draw docs/figures/reliability.png.

python tools/draw_reliability.py [--count 2000] [--output docs/figures/reliability.png]

Prints the tables of docs/uncertainty.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cn_zoo.evaluation.calibration import Calibration
from cn_zoo.evaluation.reliability import JointErrors, synthetic_errors
from cn_zoo.evaluation.reliability_plot import draw_error_by_sigma, draw_inside_by_size, draw_reliability
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import resolve


@click.command()
@click.option("--count", default=2000, show_default=True, help="Crops of each model.")
@click.option("--output", type=click.Path(path_type=Path), default="docs/figures/reliability.png", show_default=True)
def main(count: int, output: Path) -> None:
    """Measure, print, draw."""
    found = {}
    print("| model | joints | inside 1 sigma | inside 2 sigma | rank correlation of joints | of frames |")
    print("|---|---|---|---|---|---|")
    for name, preset in PRESETS.items():
        found[name] = synthetic_errors(open_runtime(resolve(name, "onnx")), preset, count)
        for row in table_rows(name, found[name]):
            print(row, flush=True)
    print("\n| inside 1 sigma, by tenths of the joints | surest |" + " |" * 8 + " least sure |")
    print("|---" * 11 + "|")
    for name, each in found.items():
        print(f"| `{name}` | " + " | ".join(f"{share:.0%}" for share in each.inside_by_size()[1]) + " |")
    draw(found).savefig(output, dpi=100)


def table_rows(name: str, found: JointErrors) -> Iterator[str]:
    """Lines of the table: all joints, seen ones, hidden ones."""
    hidden = found.hidden.mean()
    whole = found.calibration()
    yield _row(f"`{name}`", "all", whole) + f" {whole.frame_rank_correlation:.2f} |"
    yield _row("", f"seen ({1 - hidden:.0%})", found.calibration_of(hidden=False)) + " |"
    yield _row("", f"hidden ({hidden:.0%})", found.calibration_of(hidden=True)) + " |"


def _row(model: str, joints: str, calibration: Calibration) -> str:
    inside = f"{calibration.inside_1_sigma:.1%} | {calibration.inside_2_sigma:.1%}"
    return f"| {model} | {joints} | {inside} | {calibration.rank_correlation:.2f} |"


def draw(found: dict[str, JointErrors]) -> Figure:
    """Reliability curves of all joints and of hidden ones; shares inside, and errors, against sigma."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    FigureCanvasAgg(figure)
    everything, hidden, by_size, by_sigma = figure.subplots(2, 2).flat
    draw_reliability(everything, {name: each.calibration() for name, each in found.items()})
    everything.set_title("all joints")
    draw_reliability(hidden, {name: each.calibration_of(hidden=True) for name, each in found.items()})
    hidden.set_title("hidden joints")
    draw_inside_by_size(by_size, found)
    by_size.set_title("tenths of the joints, by their sigma")
    draw_error_by_sigma(by_sigma, found)
    by_sigma.set_title("tenths of the frames, by their sigma")
    return figure


if __name__ == "__main__":
    main()
