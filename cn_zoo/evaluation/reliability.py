"""How reliable a model's sigma is on synthetic hands, where the truth and what hides it are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.evaluation.calibration import Calibration, calibrate
from cn_zoo.geometry import CROP_SIZE, POSE_UNIT_MM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cn_zoo.inference.runtimes import Runtime
    from cn_zoo.synthesis.presets import Preset

#: Groups of equal number, by their sigma.
_GROUPS = 10
_SEED = 1
_TICKS_MM = (2, 3, 5, 10, 20, 50)


@dataclass(frozen=True, eq=False)
class JointErrors:
    """A model's errors on N frames, beside what it said of them.

    Attributes:
        errors: ``(N, J)`` mm, distance from the truth.
        sigma: ``(N, J)`` mm, as predicted.
        hidden: ``(N, J)`` bool, joints that something else is in front of, or that are not measured.
    """

    errors: np.ndarray
    sigma: np.ndarray
    hidden: np.ndarray

    def calibration(self) -> Calibration:
        """How sigma compares with the errors, over all joints."""
        return calibrate(self.errors, self.sigma)

    def calibration_of(self, hidden: bool) -> Calibration:
        """The same of hidden joints alone, or of the others."""
        chosen = self.hidden == hidden
        return calibrate(self.errors[chosen][:, None], self.sigma[chosen][:, None])

    def inside_by_size(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each tenth of all joints by sigma, its mean in mm, ``(10,)``, and the share inside one, ``(10,)``."""
        errors, sigma = self.errors.ravel(), self.sigma.ravel()
        groups = _groups(sigma)
        means = [sigma[group].mean() for group in groups]
        shares = [np.mean(errors[group] <= sigma[group]) for group in groups]
        return np.array(means), np.array(shares)


def synthetic_errors(runtime: Runtime, preset: Preset, samples: int, split: str = "test") -> JointErrors:
    """Run a model on synthetic crops of a split, cut at the true hand centre.

    Args:
        runtime: the loaded network.
        preset: of `cn_zoo.synthesis.presets.PRESETS`, the one that the model was made for.
        samples: how many crops.
        split: one of `cn_zoo.synthesis.split.SPLITS`.
    """
    from cn_zoo.synthesis.frame import draw_crop

    rows = []
    for index in range(samples):
        sample = draw_crop(preset, _SEED, index, split, jitter=False)
        found = runtime.run(sample.depth)
        camera = sample.crop.camera
        estimate, truth = (camera.uvd_to_xyz(sample.crop.crop_to_uvd(pose)) for pose in (found["pose"], sample.pose))
        error = np.linalg.norm(estimate - truth, axis=-1)
        rows.append((error, found["sigma"] * POSE_UNIT_MM, hidden_joints(sample.depth, sample.pose, preset.cube_mm)))
    return JointErrors(*(np.array(column) for column in zip(*rows, strict=True)))


def hidden_joints(depth: np.ndarray, pose: np.ndarray, cube_mm: float) -> np.ndarray:
    """Which joints no measured surface lies just before, ``(J,)`` bool, as where the synthesis draws frames.

    Args:
        depth: ``(128, 128)`` crop in [-1, 1].
        pose: ``(J, 3)`` true joints in crop coordinates, units of 50 mm.
        cube_mm: edge of the crop's cube.
    """
    from cn_zoo.synthesis.visibility import seen_joints

    half = cube_mm / 2 / POSE_UNIT_MM
    places = (pose[:, :2] / half + 1) * CROP_SIZE / 2 - 0.5
    # Depth counts from the cube's centre here.
    return ~seen_joints(depth * (cube_mm / 2), np.column_stack([places, pose[:, 2] * POSE_UNIT_MM]))


def _groups(sigma: np.ndarray) -> list[np.ndarray]:
    """Indices of deviations ``(N,)``, the smallest first, in groups of equal number."""
    return np.array_split(np.argsort(sigma), _GROUPS)


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
        frame_sigma, frame_error = each.sigma.mean(axis=1), each.errors.mean(axis=1)
        points = [(frame_sigma[group].mean(), frame_error[group].mean()) for group in _groups(frame_sigma)]
        axes.plot(*np.transpose(points), marker="o", markersize=3, label=name)
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
