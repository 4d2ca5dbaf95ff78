"""How the hand locator's scores become probabilities, and what it is measured at: synthetic frames never seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import LABELLED
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import Evidence, HandLocator
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.locator_frame import LEAST_SEEN, LocatorFrame, draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo.locator_record import LocatorRecord

#: How the figures come about, for record and card.
PROTOCOL = (
    "WebXR hand: whole synthetic frames of another artist's hand mesh that nothing was trained on, with the preset's "
    "own mix of cameras, scenes and sensors, every second one in a mirror; {frames:,} frames each. Centre: within "
    "30 mm of the joints' mean. Side: right or left told rightly, where a hand was found. Empty: people, furniture, "
    "tables, arms and noise without a hand in view."
)
_SEED, _TEST_SPLIT = 1, "test-webxr"
#: A place is a hand's up to this distance from its centre.
_HAND_MM = 60.0
_GOOD_MM = 30.0
_MSRA = LABELLED.index("msra")
_NEWTON_STEPS = 30
#: Shrinks the weights a little: a few places never decide everything.
_SHRINKAGE = 1e-3


def fit_score(record: LocatorRecord, frames: int) -> LocatorRecord:
    """The record with score and threshold fitted on ``frames`` validation frames.

    The score is a logistic regression of a place being a hand. The threshold loses the same share of frames with a hand
    as it lets pass of those without.
    """
    locator = HandLocator(record)
    terms, truths, shows_hand, owners = [], [], [], []
    for number in range(frames):
        frame = draw_locator_frame(_SEED, number, "validation")
        shows_hand.append(frame.seen.max() >= LEAST_SEEN)
        for evidence in locator.evidence(frame.depth_mm, frame.camera):
            terms.append((1.0, evidence.finder, evidence.judge))
            truths.append(_is_hand(evidence, frame))
            owners.append(number)
    terms, truths = np.array(terms), np.array(truths)
    weights = logistic_regression(terms, truths)
    best = np.zeros(frames)
    np.maximum.at(best, owners, _sigmoid(terms @ weights))
    bias, finder, judge = weights.tolist()
    threshold = equal_error(best[np.array(shows_hand)], best[~np.array(shows_hand)])
    return replace(record, score={"bias": bias, "finder": finder, "judge": judge}, threshold=threshold)


def _is_hand(evidence: Evidence, frame: LocatorFrame) -> bool:
    away = np.linalg.norm(frame.centers[:, _MSRA] - evidence.centers[_MSRA], axis=1)
    return bool((away[frame.seen >= LEAST_SEEN] < _HAND_MM).any())


def logistic_regression(terms: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Weights ``(K,)`` of terms ``(N, K)``, by Newton's method."""
    weights = np.zeros(terms.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = _sigmoid(terms @ weights)
        gradient = terms.T @ (truths - probability) / len(terms) - _SHRINKAGE * weights
        curvature = (terms * (probability * (1 - probability))[:, None]).T @ terms / len(terms)
        weights = weights + np.linalg.solve(curvature + _SHRINKAGE * np.eye(len(weights)), gradient)
    return weights


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def equal_error(with_hand: np.ndarray, without: np.ndarray) -> float:
    """The threshold that errs for the same share of both."""
    thresholds = np.linspace(0.005, 0.995, 199)
    worst = [max((with_hand < each).mean(), (without >= each).mean()) for each in thresholds]
    return float(thresholds[int(np.argmin(worst))])


def measure_locator(locator: HandLocator, frames: int) -> dict[str, dict[str, float]]:
    """Figures by test set, of ``frames`` frames each."""
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
    return {
        "centre": float((off < _GOOD_MM).mean()),
        "side": float(np.mean(sides)),
        "refused": float(np.isinf(off).mean()),
        "median error": float(np.median(off)),
    }


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
