"""Error measures of hand pose estimation, as pure functions of joint positions."""

from __future__ import annotations

import numpy as np

#: Thresholds D of the success curves, 0 to 80 mm (all papers since Taylor et al. 2012 plot these).
THRESHOLDS_MM = np.arange(81)

#: Neighbouring frames of a video err alike. Resampling two seconds at a time (30 Hz) keeps intervals honest.
_BLOCK_FRAMES = 60
_RESAMPLES, _SEED = 2000, 0
_TAILS = (0.025, 0.975)


def joint_errors(predicted_xyz: np.ndarray, true_xyz: np.ndarray) -> np.ndarray:
    """Euclidean distances ``(N, J)`` in mm between ``(N, J, 3)`` joints in camera coordinates (mm).

    Raises:
        ValueError: the shapes differ.
    """
    predicted_xyz, true_xyz = np.asarray(predicted_xyz), np.asarray(true_xyz)
    if predicted_xyz.shape != true_xyz.shape:
        raise ValueError(f"predictions {predicted_xyz.shape} and labels {true_xyz.shape} differ in shape")
    return np.linalg.norm(predicted_xyz - true_xyz, axis=-1)


def fraction_within(frame_errors: np.ndarray) -> np.ndarray:
    """Fraction ``(81,)`` of frames whose error ``(N,)`` in mm is at most each of `THRESHOLDS_MM`.

    Give the worst joint of each frame (``errors.max(axis=1)``) or the mean joint (``errors.mean(axis=1)``).
    """
    return np.searchsorted(np.sort(frame_errors), THRESHOLDS_MM, side="right") / len(frame_errors)


def area_under_curve(fractions: np.ndarray) -> float:
    """Area under a success curve over evenly spaced thresholds, as a share of the full area (0 to 1)."""
    return float((fractions[1:] + fractions[:-1]).mean() / 2)


def bootstrap_interval(frame_errors: np.ndarray) -> tuple[float, float]:
    """95 % confidence interval of the mean of per-frame errors ``(N,)``, by resampling blocks of frames.

    The same errors, in the order of the video, give the same interval every time.
    """
    count = len(frame_errors)
    length = min(_BLOCK_FRAMES, max(1, count // 20))
    blocks = np.array_split(frame_errors, max(1, count // length))
    sums, sizes = np.array([block.sum() for block in blocks]), np.array([len(block) for block in blocks])
    rng = np.random.default_rng(_SEED)
    picks = rng.integers(len(blocks), size=(_RESAMPLES, len(blocks)))
    means = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    low, high = np.quantile(means, _TAILS)
    return float(low), float(high)
