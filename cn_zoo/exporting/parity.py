"""How far an exported network may be from the Keras model that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cn_zoo.errors import CnZooError
from cn_zoo.geometry import POSE_UNIT_MM

#: Largest difference of any output, in its own unit: only float32 promises each single value.
_LARGEST_BOUND = {"fp32": 1e-4, "fp16": np.inf, "int8": np.inf}
#: Most that the mean joint error may differ from Keras's, in mm.
_ERROR_BOUND_MM = {"fp32": 0.005, "fp16": 0.02, "int8": 0.4}
#: Most that the deviations (sigma) may differ from Keras's, on average, as a share of Keras's.
_SIGMA_BOUND = {"fp32": 0.001, "fp16": 0.01, "int8": 0.1}


@dataclass(frozen=True)
class Parity:
    """An exported network against Keras, on labelled synthetic crops.

    Attributes:
        largest: largest difference of any output, in its own unit.
        error_mm: mean joint error of the file minus that of Keras, in mm.
        moved_mm: mean distance between the joints of both, in mm.
        sigma: mean of ``|sigma / Keras's sigma - 1|``.
    """

    largest: float
    error_mm: float
    moved_mm: float
    sigma: float


def check_parity(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], pose: np.ndarray, precision: str, path: Path
) -> Parity:
    """Measure an exported network's outputs, and refuse them where they are too far off.

    The mean joint error may differ from Keras's by 0.005 mm (fp32), 0.02 mm (fp16) or 0.4 mm (int8), the deviations by
    0.1 %, 1 % or 10 %; outputs of fp32 by 1e-4 of their unit.

    Args:
        found, expected: outputs of the exported network and of Keras, by name, each ``(N, ...)``.
        pose: ``(N, J, 3)`` true joints in crop coordinates of 50 mm.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        path: the file, for the message.

    Raises:
        CnZooError: too far off.
    """
    parity = Parity(
        largest=float(np.max([np.abs(found[name] - expected[name]).max() for name in expected])),
        error_mm=_distance_mm(found["pose"], pose) - _distance_mm(expected["pose"], pose),
        moved_mm=_distance_mm(found["pose"], expected["pose"]),
        sigma=float(np.abs(found["sigma"] / expected["sigma"] - 1).mean()),
    )
    # Written so that NaN is not near.
    near = (
        abs(parity.error_mm) <= _ERROR_BOUND_MM[precision]
        and parity.sigma <= _SIGMA_BOUND[precision]
        and parity.largest <= _LARGEST_BOUND[precision]
    )
    if not near:
        raise CnZooError(
            f"{path}: the {precision} file differs from Keras by {parity.error_mm:+.3f} mm of mean joint error, "
            f"{parity.sigma:.1%} of sigma, {parity.largest:.2g} at most; it was not kept, try a higher precision"
        )
    return parity


def _distance_mm(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.linalg.norm(left - right, axis=-1).mean()) * POSE_UNIT_MM
