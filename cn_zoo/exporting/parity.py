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
#: Most that the probabilities of a hand and of its side may differ from Keras's, on average.
_HAND_BOUND = {"fp32": 1e-4, "fp16": 0.005, "int8": 0.05}
#: Most that any other output may differ from Keras's, on average, as a share of its own standard deviation.
_SHARE_BOUND = {"fp32": 1e-4, "fp16": 0.005, "int8": 0.1}


@dataclass(frozen=True)
class Parity:
    """An exported network against Keras, on labelled synthetic crops.

    Attributes:
        largest: largest difference of any output, in its own unit.
        error_mm: mean joint error of the file minus that of Keras, in mm.
        moved_mm: mean distance between the joints of both, in mm.
        sigma: mean of ``|sigma / Keras's sigma - 1|``.
        hand: mean difference of the probabilities of a hand, and of its side.
    """

    largest: float
    error_mm: float
    moved_mm: float
    sigma: float
    hand: float

    def __str__(self) -> str:
        return (
            f"joints move by {self.moved_mm:.3f} mm on average, mean joint error by {self.error_mm:+.3f} mm, "
            f"sigma by {self.sigma:.2%}, probabilities of a hand and its side by {self.hand:.2%}"
        )


@dataclass(frozen=True)
class OutputParity:
    """Any other exported network against Keras.

    Attributes:
        largest: largest difference of any output, in its own unit.
        share: mean difference as a share of the output's standard deviation; of the worst output.
    """

    largest: float
    share: float

    def __str__(self) -> str:
        return f"outputs differ by {self.share:.2%} of their standard deviation, {self.largest:.2g} at most"


def check_parity(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], pose: np.ndarray, precision: str, path: Path
) -> Parity:
    """Measure an exported network's outputs, and refuse them where they are too far off.

    The mean joint error may differ from Keras's by 0.005 mm (fp32), 0.02 mm (fp16) or 0.4 mm (int8), the deviations by
    0.1 %, 1 % or 10 %, the probabilities of a hand and of its side by 0.0001, 0.005 or 0.05; outputs of fp32 by 1e-4 of
    their unit.

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
        hand=float(np.abs(found["hand"] - expected["hand"]).mean()),
    )
    # Written so that NaN is not near.
    near = (
        abs(parity.error_mm) <= _ERROR_BOUND_MM[precision]
        and parity.sigma <= _SIGMA_BOUND[precision]
        and parity.hand <= _HAND_BOUND[precision]
        and parity.largest <= _LARGEST_BOUND[precision]
    )
    if not near:
        raise CnZooError(
            f"{path}: the {precision} file differs from Keras by {parity.error_mm:+.3f} mm of mean joint error, "
            f"{parity.sigma:.1%} of sigma, {parity.hand:.1%} of probabilities, {parity.largest:.2g} at most; "
            "it was not kept, try a higher precision"
        )
    return parity


def check_outputs(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], precision: str, path: Path
) -> OutputParity:
    """Measure the outputs of an exported network that is no pose estimator, and refuse them where they are too far off.

    They may differ from Keras's by 0.01 % (fp32), 0.5 % (fp16) or 10 % (int8) of their standard deviation on average,
    and by 1e-4 of their unit at most (fp32).

    Args:
        found, expected: outputs of the exported network and of Keras, by name, each ``(N, ...)``.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        path: the file, for the message.

    Raises:
        CnZooError: too far off.
    """
    differences = {name: np.abs(found[name] - expected[name]) for name in expected}
    parity = OutputParity(
        largest=float(np.max([each.max() for each in differences.values()])),
        share=float(np.max([each.mean() / expected[name].std() for name, each in differences.items()])),
    )
    # Written so that NaN is not near.
    if not (parity.share <= _SHARE_BOUND[precision] and parity.largest <= _LARGEST_BOUND[precision]):
        raise CnZooError(
            f"{path}: of the {precision} file, {parity} from Keras's; it was not kept, try a higher precision"
        )
    return parity


def _distance_mm(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.linalg.norm(left - right, axis=-1).mean()) * POSE_UNIT_MM
