"""A whole evaluation: every measure the field reports, in one record."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

from cn_zoo.evaluation.calibration import Calibration, calibrate
from cn_zoo.evaluation.metrics import (
    THRESHOLDS_MM,
    area_under_curve,
    bootstrap_interval,
    fraction_within,
    joint_errors,
)
from cn_zoo.evaluation.viewpoint import ViewpointBin, errors_by_viewpoint, palm_angles
from cn_zoo.geometry import Camera, Skeleton


@dataclass(frozen=True)
class PartError:
    """Mean joint error of some frames, with its 95 % confidence interval (low, high) in mm."""

    frames: int
    mean_error_mm: float
    interval_95_mm: tuple[float, float]


@dataclass(frozen=True)
class Evaluation:
    """What came out of comparing predictions with labels.

    Attributes:
        skeleton: the joints that were scored.
        whole: all frames.
        parts: parts of the test set by name, for instance NYU's two subjects.
        per_joint_mm: ``(J,)`` mean error of each joint, in the skeleton's order.
        axis_error: mean absolute error by axis: ``u_px``, ``v_px``, ``d_mm``, ``x_mm``, ``y_mm``, ``z_mm``; and
            ``uv_px``, the mean distance in the image.
        within_worst, within_mean: ``(81,)`` fractions of frames whose worst (mean) joint errs by at most
            D = 0..80 mm.
        viewpoint: mean errors by yaw and pitch; empty where the skeleton has no wrist or no ``middle_mcp``.
        calibration: of the predicted sigma; None without one.
        missed: frames in which no hand was found; they are not scored, and not among the whole.
    """

    skeleton: Skeleton
    whole: PartError
    parts: dict[str, PartError]
    per_joint_mm: np.ndarray
    axis_error: dict[str, float]
    within_worst: np.ndarray
    within_mean: np.ndarray
    viewpoint: list[ViewpointBin] = field(default_factory=list)
    calibration: Calibration | None = None
    missed: int = 0

    @property
    def auc_worst(self) -> float:
        """Area under the worst-joint curve, 0 to 80 mm, as a share of 1."""
        return area_under_curve(self.within_worst)

    @property
    def auc_mean(self) -> float:
        """Area under the mean-joint curve, 0 to 80 mm, as a share of 1."""
        return area_under_curve(self.within_mean)

    def to_json(self) -> dict[str, object]:
        """The record as plain numbers, lists and strings, for ``json.dumps``."""
        return {
            "joints": list(self.skeleton.joints),
            **asdict(self.whole),
            "missed": self.missed,
            "parts": {name: asdict(part) for name, part in self.parts.items()},
            "per_joint_mm": dict(zip(self.skeleton.joints, self.per_joint_mm.tolist(), strict=True)),
            "axis_error": self.axis_error,
            "within": {
                "threshold_mm": THRESHOLDS_MM.tolist(),
                "worst_joint": self.within_worst.tolist(),
                "mean_joint": self.within_mean.tolist(),
            },
            "auc": {"worst_joint": self.auc_worst, "mean_joint": self.auc_mean},
            "viewpoint": [asdict(part) for part in self.viewpoint],
            "calibration": _calibration_json(self.calibration),
        }


def evaluate_joints(
    predicted_uvd: np.ndarray,
    true_uvd: np.ndarray,
    camera: Camera,
    skeleton: Skeleton,
    parts: dict[str, np.ndarray | slice] | None = None,
    sigma: np.ndarray | None = None,
) -> Evaluation:
    """Measure predictions against labels; also by the palm's yaw and pitch where the joints tell these.

    Args:
        predicted_uvd, true_uvd: ``(N, J, 3)`` u px, v px, d mm.
        camera: takes both to camera coordinates, in which distances are measured.
        skeleton: names of the J joints.
        parts: what to report apart: name -> frames (a slice, a mask or indices).
        sigma: predicted deviations ``(N, J)`` in mm, to be checked for calibration.

    Raises:
        ValueError: shapes do not match.
    """
    predicted_xyz, true_xyz = camera.uvd_to_xyz(predicted_uvd), camera.uvd_to_xyz(true_uvd)
    errors = joint_errors(predicted_xyz, true_xyz)
    frame_errors = errors.mean(axis=1)
    return Evaluation(
        skeleton=skeleton,
        whole=_part(frame_errors),
        parts={name: _part(frame_errors[frames]) for name, frames in (parts or {}).items()},
        per_joint_mm=errors.mean(axis=0),
        axis_error=_axis_error(predicted_uvd - true_uvd, predicted_xyz - true_xyz),
        within_worst=fraction_within(errors.max(axis=1)),
        within_mean=fraction_within(frame_errors),
        viewpoint=_viewpoint_errors(frame_errors, true_xyz, skeleton),
        calibration=None if sigma is None else calibrate(errors, sigma),
    )


def _part(frame_errors: np.ndarray) -> PartError:
    return PartError(len(frame_errors), float(frame_errors.mean()), bootstrap_interval(frame_errors))


def _axis_error(uvd: np.ndarray, xyz: np.ndarray) -> dict[str, float]:
    uvd_mean, xyz_mean = np.abs(uvd).mean(axis=(0, 1)), np.abs(xyz).mean(axis=(0, 1))
    values = {
        **dict(zip(("u_px", "v_px", "d_mm"), uvd_mean, strict=True)),
        "uv_px": np.linalg.norm(uvd[..., :2], axis=-1).mean(),
        **dict(zip(("x_mm", "y_mm", "z_mm"), xyz_mean, strict=True)),
    }
    return {name: float(value) for name, value in values.items()}


def _viewpoint_errors(frame_errors: np.ndarray, xyz: np.ndarray, skeleton: Skeleton) -> list[ViewpointBin]:
    if not {"wrist", "middle_mcp"}.issubset(skeleton.joints):
        return []
    wrist, knuckle = (skeleton.joints.index(name) for name in ("wrist", "middle_mcp"))
    return errors_by_viewpoint(frame_errors, palm_angles(xyz[:, wrist], xyz[:, knuckle]))


def _calibration_json(calibration: Calibration | None) -> dict[str, object] | None:
    if calibration is None:
        return None
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(calibration).items()
    }
