"""Fit the numbers of `cn_zoo.inference.hand_choice` on validation frames of all released models.

    python tools/fit_hand_choice.py [--frames 300]

As many whole synthetic frames with a hand as without one for each model, every second one in a mirror. Prints the log
odds that a place is a hand (constant, locator, surprise), the probability below which as large a share of hands is
lost as of empty frames is let pass, and the log odds that a hand is a right one (locator, inclination).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import click
import numpy as np

from cn_zoo import HandPoseEstimator, list_models
from cn_zoo.errors import InputError, NoHandError
from cn_zoo.geometry import Camera
from cn_zoo.inference.hand_choice import inclination, log_odds, surprise
from cn_zoo.inference.localisation_network import HandLocator
from cn_zoo.training.locator_measurement import empty_frames, equal_error, hand_frames, logistic_regression

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
                rows = _rows(estimator, depth_mm, camera, hand, xyz)
                places += rows
                best[xyz is not None].append([row[:3] for row in rows])
                sides += [row[3:] for row in rows if row[-1] is not None][:1]
    table = np.array([row[:3] for row in places])
    weights = logistic_regression(np.column_stack([np.ones(len(table)), table[:, :2]]), table[:, 2])
    scores = {shown: np.array([_best(rows, weights) for rows in each]) for shown, each in best.items()}
    click.echo(
        f"hand: {np.round(weights, 2).tolist()}, least probability {equal_error(scores[True], scores[False]):.2f}"
    )
    table = np.array(sides)
    click.echo(f"right: {np.round(logistic_regression(table[:, :2], table[:, 2]), 2).tolist()}")


def _frames(name: str, count: int) -> Iterator[tuple[np.ndarray, Camera, str, np.ndarray | None]]:
    """``(depth_mm, camera, hand, xyz)``; ``xyz`` (J, 3) is None where there is no hand."""
    for frame in hand_frames(name, count, _SPLIT):
        yield frame.depth_mm, frame.camera, frame.hand, frame.joints[name]
    for frame in empty_frames(count, _SPLIT):
        yield frame.depth_mm, frame.camera, "right", None


def _rows(
    estimator: HandPoseEstimator, depth_mm: np.ndarray, camera: Camera, hand: str, xyz: np.ndarray | None
) -> list[tuple]:
    """Of each place: locator's log odds and pose network's surprise, whether it is a hand; the same of its side."""
    rows, usual_mm = [], estimator.preset.sigma_mm
    for place in HandLocator.load().candidates(depth_mm, camera, estimator.skeleton.name):
        try:
            poses = {side: estimator.predict(depth_mm, camera, place.center_uvd, side) for side in ("right", "left")}
        except (InputError, NoHandError):
            continue
        found = xyz is not None and math.dist(poses[hand].xyz.mean(axis=0), xyz.mean(axis=0)) < _HAND_MM
        towards_right = inclination(poses["right"].sigma, poses["left"].sigma)
        side = (log_odds(place.right), towards_right, hand == "right" if found else None)
        rows.append((log_odds(place.confidence), surprise(poses[hand].sigma, usual_mm), found, *side))
    return rows


def _best(rows: list[tuple], weights: np.ndarray) -> float:
    """The probability of the likeliest place of a frame."""
    scores = [weights @ (1, *row[:2]) for row in rows]
    return 1 / (1 + math.exp(-max(scores))) if scores else 0.0


if __name__ == "__main__":
    main()
