"""Error measures of hand pose estimation, as pure functions of joint positions."""

from __future__ import annotations

import numpy as np

#: Thresholds D of the success curves, 0 to 80 mm (all papers since Taylor et al. 2012 plot these).
THRESHOLDS_MM = np.arange(81)

#: Neighbouring frames of a video err alike. Resampling two seconds at a time (30 Hz) keeps intervals honest.
_BLOCK_FRAMES = 60
_RESAMPLES = 2000


def joint_errors(predicted_xyz: np.ndarray, true_xyz: np.ndarray) -> np.ndarray:
    """Euclidean distances ``(N, J)`` in mm between ``(N, J, 3)`` joints in camera coordinates (mm).

    Raises:
        ValueError: the shapes differ.
    """
    predicted_xyz, true_xyz = np.asarray(predicted_xyz), np.asarray(true_xyz)
    if predicted_xyz.shape != true_xyz.shape:
        raise ValueError(f"predictions {predicted_xyz.shape} and labels {true_xyz.shape} differ in shape")
    return np.linalg.norm(predicted_xyz - true_xyz, axis=-1)


def fraction_within(frame_errors: np.ndarray, thresholds_mm: np.ndarray = THRESHOLDS_MM) -> np.ndarray:
    """Fraction ``(T,)`` of frames whose error ``(N,)`` is at most each threshold.

    Give the worst joint of each frame (``errors.max(axis=1)``) or the mean joint (``errors.mean(axis=1)``).
    """
    return np.searchsorted(np.sort(frame_errors), thresholds_mm, side="right") / len(frame_errors)


def area_under_curve(fractions: np.ndarray) -> float:
    """Area under a success curve over evenly spaced thresholds, as a share of the full area (0 to 1)."""
    return float((fractions[1:] + fractions[:-1]).mean() / 2)


def bootstrap_interval(frame_errors: np.ndarray, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Confidence interval of the mean of per-frame errors ``(N,)``, by resampling blocks of frames.

    Args:
        frame_errors: mean joint error of each frame, in the order of the video.
        level: coverage, for instance 0.95.
        seed: the same seed gives the same interval.
    """
    count = len(frame_errors)
    length = min(_BLOCK_FRAMES, max(1, count // 20))
    blocks = np.array_split(frame_errors, max(1, count // length))
    sums, sizes = np.array([block.sum() for block in blocks]), np.array([len(block) for block in blocks])
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(blocks), size=(_RESAMPLES, len(blocks)))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
