"""Figures of how reliable sigma is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cn_zoo.evaluation.calibration import Calibration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cn_zoo.evaluation.reliability import JointErrors

_TICKS_MM = (2, 3, 5, 10, 20, 50)


def draw_reliability(axes: Axes, calibrations: dict[str, Calibration]) -> None:
    """Draw, on matplotlib axes, the share of joints found inside against the share expected; a named line each."""
    axes.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=0.8, label="calibrated")
    for name, calibration in calibrations.items():
        axes.plot(calibration.nominal, calibration.observed, marker="o", markersize=3, label=name)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("share of joints expected inside")
    axes.set_ylabel("share found inside")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")


def draw_error_by_sigma(axes: Axes, found: dict[str, JointErrors]) -> None:
    """Draw, on matplotlib axes, frames' mean errors against their mean sigmas in mm, in ten groups by sigma."""
    for name, each in found.items():
        axes.plot(*each.frames_by_size(), marker="o", markersize=3, label=name)
    axes.set_xlabel("mean sigma of a frame (mm)")
    axes.set_ylabel("mean error (mm)")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")


def draw_inside_by_size(axes: Axes, found: dict[str, JointErrors]) -> None:
    """Draw, on matplotlib axes, the share of joints found inside one sigma against that sigma in mm, by tenths."""
    axes.axhline(0.683, color="0.5", linestyle="--", linewidth=0.8, label="calibrated")
    for name, each in found.items():
        axes.plot(*each.inside_by_size(), marker="o", markersize=3, label=name)
    axes.set_xlabel("sigma of a joint (mm)")
    axes.set_ylabel("share inside one sigma")
    axes.set_xscale("log")
    axes.set_xticks(_TICKS_MM, [str(tick) for tick in _TICKS_MM])
    axes.minorticks_off()
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
