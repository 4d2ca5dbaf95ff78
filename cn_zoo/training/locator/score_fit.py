"""How the hand locator's scores become probabilities: by synthetic frames that it never saw."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit

from cn_zoo.geometry import LABELLED
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.localisation.place_evidence import PlaceEvidence
from cn_zoo.synthesis.locator_frame import LocatorFrame, draw_locator_frame
from cn_zoo.synthesis.visibility import LEAST_SEEN
from cn_zoo.zoo.locator_record import LocatorRecord

_SEED = 1
#: A place is a hand's up to this distance from its centre.
_HAND_MM = 60.0
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
    np.maximum.at(best, owners, expit(terms @ weights))
    bias, finder, judge = weights.tolist()
    threshold = equal_error(best[np.array(shows_hand)], best[~np.array(shows_hand)])
    return replace(record, score={"bias": bias, "finder": finder, "judge": judge}, threshold=threshold)


def _is_hand(evidence: PlaceEvidence, frame: LocatorFrame) -> bool:
    away = np.linalg.norm(frame.centers[:, _MSRA] - evidence.centers[_MSRA], axis=1)
    return bool((away[frame.seen >= LEAST_SEEN] < _HAND_MM).any())


def logistic_regression(terms: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """Weights ``(K,)`` of terms ``(N, K)``, by Newton's method."""
    weights = np.zeros(terms.shape[1])
    for _ in range(_NEWTON_STEPS):
        probability = expit(terms @ weights)
        gradient = terms.T @ (truths - probability) / len(terms) - _SHRINKAGE * weights
        curvature = (terms * (probability * (1 - probability))[:, None]).T @ terms / len(terms)
        weights = weights + np.linalg.solve(curvature + _SHRINKAGE * np.eye(len(weights)), gradient)
    return weights


def equal_error(with_hand: np.ndarray, without: np.ndarray) -> float:
    """The threshold that errs for the same share of both."""
    thresholds = np.linspace(0.005, 0.995, 199)
    worst = [max((with_hand < each).mean(), (without >= each).mean()) for each in thresholds]
    return float(thresholds[int(np.argmin(worst))])
