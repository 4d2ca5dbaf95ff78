"""How reliable a model's sigma is on synthetic hands, where the truth and what hides it are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.evaluation.calibration import Calibration, calibrate
from cn_zoo.evaluation.synthetic_cases import centred_cases
from cn_zoo.geometry import CROP_SIZE, POSE_UNIT_MM
from cn_zoo.synthesis.presets import SynthesisPreset
from cn_zoo.synthesis.visibility import seen_joints

if TYPE_CHECKING:
    from cn_zoo.inference.runtimes import Runtime

#: Groups of equal number, by their sigma.
_GROUPS = 10


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

    def frames_by_size(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each tenth of the frames by mean sigma, that mean in mm, ``(10,)``, and the mean error, ``(10,)``."""
        sigma, errors = self.sigma.mean(axis=1), self.errors.mean(axis=1)
        groups = _groups(sigma)
        return np.array([sigma[group].mean() for group in groups]), np.array([errors[group].mean() for group in groups])


def synthetic_errors(runtime: Runtime, preset: SynthesisPreset, samples: int) -> JointErrors:
    """Run a model on synthetic test crops, cut at the true hand centre.

    Args:
        runtime: the loaded network.
        preset: of `cn_zoo.synthesis.presets.PRESETS`, the one that the model was made for.
        samples: how many crops.
    """
    rows = []
    for case in centred_cases(preset, "test", samples):
        found = runtime.run(case.depth)
        pose = case.crop.uvd_to_crop(case.crop.camera.xyz_to_uvd(case.xyz))
        hidden = hidden_joints(case.depth, pose, preset.cube_mm)
        rows.append((case.errors(found["pose"]), found["sigma"] * POSE_UNIT_MM, hidden))
    return JointErrors(*(np.array(column) for column in zip(*rows, strict=True)))


def hidden_joints(depth: np.ndarray, pose: np.ndarray, cube_mm: float) -> np.ndarray:
    """Which joints no measured surface lies just before, ``(J,)`` bool, as where the synthesis draws frames.

    Args:
        depth: ``(128, 128)`` crop in [-1, 1].
        pose: ``(J, 3)`` true joints in crop coordinates, units of 50 mm.
        cube_mm: edge of the crop's cube.
    """
    half = cube_mm / 2 / POSE_UNIT_MM
    places = (pose[:, :2] / half + 1) * CROP_SIZE / 2 - 0.5
    # Depth counts from the cube's centre here.
    return ~seen_joints(depth * (cube_mm / 2), np.column_stack([places, pose[:, 2] * POSE_UNIT_MM]))


def _groups(sigma: np.ndarray) -> list[np.ndarray]:
    """Indices of deviations ``(N,)``, the smallest first, in groups of equal number."""
    return np.array_split(np.argsort(sigma), _GROUPS)
