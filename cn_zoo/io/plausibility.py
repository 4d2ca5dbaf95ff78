"""Whether an array of depth can be what a depth camera sees, and the likely mistake where it cannot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cn_zoo.errors import ImplausibleDepthError
from cn_zoo.geometry import HAND_RANGE_MM

#: So many of the measured pixels must lie where hands are found. Cameras see whole rooms, and a hand is small: at 1.5 m
#: it covers about 0.5 % of the image, the arm and body that carry it several times that.
_USEFUL_SHARE = 0.01
#: A unit is named when it makes most of the values plausible.
_EXPLAINED_SHARE = 0.5
#: What it is for who has an array, or a folder.
_ELSEWHERE = " (in Python multiply the array by it; in a labelled folder it is camera.json's depth_scale)"
#: Depth saved in whole metres has no more than so many.
_FEW_METRES = 20
#: Samples along the shorter side for the first look.
_SAMPLES = 30


class _Unit(NamedTuple):
    mm: float
    name: str


_UNITS = (
    _Unit(1000, "metres"),
    _Unit(1, "millimetres"),
    _Unit(10, "centimetres"),
    _Unit(0.125, "RealSense SR3xx units"),
    _Unit(0.1, "tenths of a millimetre"),
    _Unit(0.2, "1/5000 m, as in the TUM sets"),
    _Unit(0.001, "micrometres"),
)


def check_depth(depth_mm: np.ndarray, source: object, depth_scale: float = 1.0) -> None:
    """Complain, naming the likely mistake, unless a share of the pixels lies where hands are found.

    The maximum is not judged: a room behind the hand is normal, and so are holes (0, negative, NaN, infinite).

    Args:
        depth_mm: ``(H, W)`` depth in mm.
        source: what to call it in the complaint, such as the file's path.
        depth_scale: mm per unit that ``depth_mm`` was multiplied by, so that the complaint can name a better one.

    Raises:
        ImplausibleDepthError: the array is implausible; the message names the likely unit or mistake.
    """
    step = max(1, min(depth_mm.shape) // _SAMPLES)
    # Only an image that fails at the first look is looked at in full.
    if _surely_plausible(depth_mm[::step, ::step]):
        return
    complaint = _complaint(depth_mm, depth_scale)
    if complaint is not None:
        raise ImplausibleDepthError(f"{source}: {complaint}")


def _surely_plausible(depth_mm: np.ndarray) -> bool:
    """Whether enough even of all pixels, measured or not, lie where hands are found; takes little time."""
    useful = depth_mm[(depth_mm >= HAND_RANGE_MM[0]) & (depth_mm <= HAND_RANGE_MM[1])]
    return useful.size >= _USEFUL_SHARE * depth_mm.size and bool(useful.min() < useful.max())


def _complaint(depth_mm: np.ndarray, depth_scale: float) -> str | None:
    finite = depth_mm[np.isfinite(depth_mm)]
    if finite.size == 0:
        return "every pixel is NaN or infinite; check how the file was written"
    measured = finite[finite > 0]
    if measured.size == 0:
        if (finite < 0).any():
            return "no depth is positive; z must point forward, away from the camera: negate it"
        return "every pixel is 0, no measurement at all; check the camera and the file"
    low, high = measured.min(), measured.max()
    if low == high:
        return f"every measured pixel is {low:g} mm; this looks like a mask, not a depth image"
    if _share_plausible(measured) >= _USEFUL_SHARE:
        return None
    return _name_unit(measured / np.float32(depth_scale))


def _share_plausible(depth_mm: np.ndarray) -> float:
    return float(((depth_mm >= HAND_RANGE_MM[0]) & (depth_mm <= HAND_RANGE_MM[1])).mean())


def _name_unit(values: np.ndarray) -> str:
    """The complaint about raw values, with all units that would make them plausible."""
    (low, high), (near, far) = np.percentile(values, [5, 95]), HAND_RANGE_MM
    if high <= _FEW_METRES and (values == np.rint(values)).all():
        return (
            f"whole numbers of {_short(low)} to {_short(high)}: these may be metres, and what lay between was lost "
            "when the file was saved; save the camera's raw depth as 16-bit PNG in mm"
        )
    seen = f"values of {_short(low)} to {_short(high)} are implausible as they are (expected {near:g} to {far:g} mm)"
    fitting = [unit for unit in _UNITS if _share_plausible(values * np.float32(unit.mm)) >= _EXPLAINED_SHARE]
    if not fitting:
        return f"{seen} and in no usual unit; give the mm per unit with --depth-scale{_ELSEWHERE}, or check the file"
    first, *others = fitting
    rest = "".join(f", or {unit.mm:g} for {unit.name}" for unit in others)
    return f"{seen} and look like {first.name}: try --depth-scale {first.mm:g}{rest}{_ELSEWHERE}"


def _short(value: float) -> str:
    """Three digits, never as 4.66e+03."""
    return f"{float(f'{value:.3g}'):.9g}"
