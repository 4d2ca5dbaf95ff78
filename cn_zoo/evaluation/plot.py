"""The field's two figures: errors by joint, and the share of frames under a threshold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.evaluation.evaluation import Evaluation
from cn_zoo.evaluation.metrics import THRESHOLDS_MM
from cn_zoo.evaluation.reliability_plot import draw_reliability
from cn_zoo.io.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_plot(path: str | Path) -> None:
    """See that a figure can be written there, before the work for it.

    Raises:
        MissingDependencyError: matplotlib is not installed.
        InputError: the ending names no image format.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError:
        raise MissingDependencyError("--plot needs matplotlib: pip install 'cn_zoo[plot]'") from None
    if Path(path).suffix.lstrip(".").lower() not in FigureCanvasAgg.get_supported_filetypes():
        raise InputError(f"{path}: its ending names no image format; use .png, .pdf or .svg")


def plot_evaluation(evaluation: Evaluation, title: str, path: str | Path) -> None:
    """Write a figure: per-joint bars, success curves, and the reliability of sigma where there is one.

    Args:
        evaluation: what to draw.
        title: stands above the figure.
        path: an image file; its ending gives the format (png, pdf, svg).

    Raises:
        MissingDependencyError, InputError: as of `check_plot`.
    """
    check_plot(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = 3 if evaluation.calibration else 2
    figure = Figure(figsize=(6.5 * panels, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, panels)
    figure.suptitle(title)
    _draw_joints(axes[0], evaluation)
    _draw_success(axes[1], evaluation)
    if evaluation.calibration:
        draw_reliability(axes[2], {"predicted sigma": evaluation.calibration})
        axes[2].set_title(f"reliability of sigma (error / sigma {evaluation.calibration.error_over_sigma:.2f})")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


def _draw_joints(axes: Axes, evaluation: Evaluation) -> None:
    skeleton, mean = evaluation.skeleton, evaluation.whole.mean_error_mm
    colours = [tuple(np.array(colour) / 255) for colour in skeleton.colours]
    labels = [*(name.replace("_", " ") for name in skeleton.joints), "mean"]
    axes.bar(labels, [*evaluation.per_joint_mm, mean], color=[*colours, "0.25"], edgecolor="0.3", linewidth=0.5)
    axes.axhline(mean, color="0.25", linestyle="--", linewidth=0.8)
    axes.set_ylabel("mean error (mm)")
    axes.set_title(f"mean joint error {mean:.2f} mm")
    axes.tick_params(axis="x", rotation=90)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def _draw_success(axes: Axes, evaluation: Evaluation) -> None:
    for fractions, area, name in (
        (evaluation.within_worst, evaluation.auc_worst, "worst joint"),
        (evaluation.within_mean, evaluation.auc_mean, "mean joint"),
    ):
        axes.plot(THRESHOLDS_MM, 100 * fractions, label=f"{name} (AUC {area:.3f})")
    axes.set_xlim(0, 80)
    axes.set_ylim(0, 100)
    axes.set_xlabel("error threshold D (mm)")
    axes.set_ylabel("frames within D (%)")
    axes.set_title("fraction of frames within D")
    axes.grid(alpha=0.3)
    axes.legend(loc="best")
