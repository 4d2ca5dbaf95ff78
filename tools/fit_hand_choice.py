"""Fit the numbers of `hand_odds` and `hand_choice` in `cn_zoo.inference` on validation frames of all released models.

    python tools/fit_hand_choice.py [--frames 300]

As many whole synthetic frames with a hand as without one for each model, every second one in a mirror. Prints the log
odds that a place is a hand (constant, and factors of the locator's log odds, of the log sigma ratio and of the hand
head's log odds), the probability below which as large a share of hands is lost as of empty frames is let pass, and the
log odds that a hand is a right one (the same of the sides).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import click
import numpy as np

from cn_zoo import HandPoseEstimator, list_models
from cn_zoo.errors import InputError, NoHandError
from cn_zoo.evaluation.locator_figures import empty_frames, hand_frames
from cn_zoo.geometry import Camera
from cn_zoo.inference.hand_odds import hand_log_odds, log_sigma_ratio, side_log_odds, side_log_sigma_ratio
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.log_odds import log_odds, to_probability
from cn_zoo.training.locator.score_fit import equal_error, logistic_regression

_SPLIT = "validation"
#: The joints' mean, as the pose network sees it, lies this near to a hand's that was found.
_HAND_MM = 30.0


@click.command()
@click.option("--frames", default=300, show_default=True, help="With a hand, and without, for each model.")
def main(frames: int) -> None:
    """Fit and print."""
    places, sides, best = [], [], {True: [], False: []}
    for name in list_models():
        estimator = HandPoseEstimator.from_pretrained(name)
        if not estimator.preset.name.endswith("-paper"):
            for depth_mm, camera, hand, xyz in _frames(estimator.skeleton.name, frames):
                looks = _looks(estimator, depth_mm, camera, hand, xyz)
                places += looks
                best[xyz is not None].append([look.place for look in looks])
                sides += [look for look in looks if look.is_hand][:1]
    weights = logistic_regression(
        np.array([look.place for look in places]), np.array([look.is_hand for look in places])
    )
    scores = {shown: np.array([_best(rows, weights) for rows in each]) for shown, each in best.items()}
    click.echo(
        f"hand: {np.round(weights, 2).tolist()}, least probability {equal_error(scores[True], scores[False]):.2f}"
    )
    weights = logistic_regression(np.array([look.side for look in sides]), np.array([look.right for look in sides]))
    click.echo(f"right: {np.round(weights, 2).tolist()}")


class _Look(NamedTuple):
    """Terms of a place's log odds that it is a hand, and that it is a right one; whether it is either."""

    place: tuple[float, float, float, float]
    side: tuple[float, float, float]
    is_hand: bool
    right: bool


def _frames(name: str, count: int) -> Iterator[tuple[np.ndarray, Camera, str, np.ndarray | None]]:
    """``(depth_mm, camera, hand, xyz)``; ``xyz`` (J, 3) is None where there is no hand."""
    # A second hand would be taken for none.
    single = (frame for frame in hand_frames(name, _SPLIT) if not frame.second_hand)
    for frame in islice(single, count):
        yield frame.depth_mm, frame.camera, frame.hand, frame.joints[name]
    for frame in empty_frames(count, _SPLIT):
        yield frame.depth_mm, frame.camera, "right", None


def _looks(
    estimator: HandPoseEstimator, depth_mm: np.ndarray, camera: Camera, hand: str, xyz: np.ndarray | None
) -> list[_Look]:
    looks, usual_mm = [], estimator.preset.sigma_mm
    for place in HandLocator.load().candidates(depth_mm, camera, estimator.skeleton.name):
        try:
            poses = {side: estimator.predict(depth_mm, camera, place.center_uvd, side) for side in ("right", "left")}
        except (InputError, NoHandError):
            continue
        right, left, pose = poses["right"], poses["left"], poses[hand]
        is_hand = xyz is not None and math.dist(pose.xyz.mean(axis=0), xyz.mean(axis=0)) < _HAND_MM
        terms = (1.0, log_odds(place.confidence), log_sigma_ratio(pose.sigma, usual_mm), hand_log_odds(pose))
        ratio = side_log_sigma_ratio(right.sigma, left.sigma)
        side = (log_odds(place.right), ratio, side_log_odds(right, left))
        looks.append(_Look(terms, side, is_hand, hand == "right"))
    return looks


def _best(rows: list[tuple[float, ...]], weights: np.ndarray) -> float:
    """The probability of the likeliest place of a frame."""
    scores = [weights @ row for row in rows]
    return to_probability(max(scores)) if scores else 0.0


if __name__ == "__main__":
    main()
