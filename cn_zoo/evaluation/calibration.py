"""Whether a predicted ``sigma_mm`` tells the truth."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

#: Shares at which the reliability curve is read.
NOMINAL = np.arange(0.05, 1.0, 0.05)


@dataclass(frozen=True)
class Calibration:
    """How predicted deviations compare with actual errors.

    ``sigma`` promises that distances from the truth spread like the size of a Gaussian variable: 68.3 % of the
    joints within one sigma, 95.4 % within two.

    Attributes:
        inside_1_sigma, inside_2_sigma: observed shares.
        error_over_sigma: root mean square of error / sigma; 1 is calibrated, above 1 is overconfident.
        nominal, observed: the reliability curve ``(T,)``: where the Gaussian promises a share ``nominal`` of the
            joints, a share ``observed`` was found.
        rank_correlation: of sigma and error (Spearman); 0 means that sigma says nothing about a single joint.
        frame_rank_correlation: the same of each frame's mean sigma and mean error.
    """

    inside_1_sigma: float
    inside_2_sigma: float
    error_over_sigma: float
    nominal: np.ndarray
    observed: np.ndarray
    rank_correlation: float
    frame_rank_correlation: float


def calibrate(errors: np.ndarray, sigma: np.ndarray) -> Calibration:
    """Compare errors with predicted deviations, both ``(N, J)`` in mm.

    Raises:
        ValueError: the shapes differ or a sigma is not positive.
    """
    errors, sigma = np.asarray(errors, dtype=np.float64), np.asarray(sigma, dtype=np.float64)
    if errors.shape != sigma.shape:
        raise ValueError(f"errors {errors.shape} and sigmas {sigma.shape} differ in shape")
    if not (sigma > 0).all():
        raise ValueError("every sigma must be a positive number of mm")
    ratio = np.sort((errors / sigma).ravel())
    radii = [NormalDist().inv_cdf((1 + share) / 2) for share in NOMINAL]
    return Calibration(
        inside_1_sigma=_share_within(ratio, 1.0),
        inside_2_sigma=_share_within(ratio, 2.0),
        error_over_sigma=float(np.sqrt(np.mean(ratio**2))),
        nominal=NOMINAL,
        observed=np.array([_share_within(ratio, radius) for radius in radii]),
        rank_correlation=_rank_correlation(errors.ravel(), sigma.ravel()),
        frame_rank_correlation=_rank_correlation(errors.mean(axis=1), sigma.mean(axis=1)),
    )


def _share_within(sorted_values: np.ndarray, limit: float) -> float:
    return float(np.searchsorted(sorted_values, limit, side="right") / len(sorted_values))


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])
