"""What the hand locator is measured at: synthetic frames that it never saw."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.locator_frame import LocatorFrame, draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS

#: How the figures come about, for record and card.
PROTOCOL = (
    "WebXR hand: whole synthetic frames of another artist's hand mesh that nothing was trained on, with the preset's "
    "own mix of cameras, scenes and sensors, every second one in a mirror; {frames:,} frames each. Centre: within "
    "30 mm of the joints' mean. Side: right or left told rightly, where a hand was found. Empty: people, furniture, "
    "tables, arms and noise without a hand in view."
)
_SEED, _TEST_SPLIT = 1, "test-webxr"
_GOOD_MM = 30.0


def measure_locator(locator: HandLocator, frames: int) -> dict[str, dict[str, float]]:
    """Figures by test set, of ``frames`` frames each; those of found hands are left out where too few are found."""
    figures = {f"WebXR hand, {name}": _measure_preset(locator, name, frames) for name in PRESETS}
    empty = [_locate(locator, frame) is None for frame in empty_frames(frames, _TEST_SPLIT)]
    return {**figures, "empty": {"refused": float(np.mean(empty))}}


def _measure_preset(locator: HandLocator, name: str, frames: int) -> dict[str, float]:
    off, sides = [], []
    for frame in itertools.islice(hand_frames(name, _TEST_SPLIT), frames):
        found = _locate(locator, frame, name, frame.hand)
        if found is None:
            off.append(np.inf)
            continue
        true, place = (frame.camera.uvd_to_xyz(np.array(each)) for each in (frame.center_uvd, found.center_uvd))
        off.append(float(np.linalg.norm(place - true)))
        sides.append((found.right > 0.5) == (frame.hand == "right"))
    off = np.array(off)
    figures = {
        "centre": float((off < _GOOD_MM).mean()),
        "side": float(np.mean(sides)) if sides else np.nan,
        "refused": float(np.isinf(off).mean()),
        "median error": float(np.median(off)),
    }
    return {figure: value for figure, value in figures.items() if np.isfinite(value)}


def _locate(
    locator: HandLocator, frame: SyntheticFrame | LocatorFrame, skeleton: str = "msra", hand: str = "auto"
) -> HandLocation | None:
    try:
        return locator.locate(frame.depth_mm, frame.camera, skeleton, hand=hand)[0]
    except NoHandError:
        return None


def hand_frames(name: str, split: str, seed: int = _SEED) -> Iterator[SyntheticFrame]:
    """The endless frames of a preset's split, every second one in a mirror."""
    for number in itertools.count():
        frame = draw_frame(PRESETS[name], seed, number, split)
        yield frame.mirrored() if number % 2 else frame


def empty_frames(count: int, split: str, seed: int = _SEED) -> Iterator[LocatorFrame]:
    """The first frames of a split that show something, and no hand: people, furniture, tables, arms, noise."""
    # A frame without a single measurement is no depth image: it is told before anything is looked for.
    frames = (draw_locator_frame(seed, number, split) for number in itertools.count())
    return itertools.islice((frame for frame in frames if not frame.seen.any() and frame.depth_mm.any()), count)
