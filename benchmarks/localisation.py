"""What localisation costs a pose estimate: centre, joints, side and time on whole synthetic frames.

    python benchmarks/localisation.py [--frames 300] [--seed 5] [--split test-webxr] [--geometric]

For each preset: the share of centres within 30 mm, as located and as the mean of the joints that the pose network then
finds; the mean joint error over the error with the true centre; the share of hands whose side was told (half of the
frames are seen in a mirror), by the locator and by ``hand="auto"``, which is told nothing else either, and how often
that found another hand (6 % of the frames show a second one, of the other side; frames with two of one side are left
out, as nothing tells which is meant); frames refused, and the share of as many frames without a hand that are. Then, on
frames with two hands, how many of them are found.
The hands of ``test-webxr`` are of a mesh that nothing trains on; those of ``test``, unseen ones of the training mesh.
``--geometric`` measures the localisation without networks instead. At the end, the locator's time beside the pose
network's, taken in turns on one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count, islice

import click
import numpy as np

from cn_zoo.errors import InputError, NoHandError
from cn_zoo.evaluation.locator_figures import empty_frames, hand_frames
from cn_zoo.geometry import HandCrop
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.inference.localisation.geometric import locate_hand
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.locator_frame import LocatorFrame, draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import resolve

#: What is measured if nothing else is asked for, and what is timed: here the locator finds the hand.
_SEED, _SPLIT = 5, "test-webxr"
#: A hand's centre is found when it is this near.
_GOOD_MM = 30.0
#: What lies farther from it than this is another hand.
_OTHER_MM = 60.0
#: A hand counts as being in view from this share of its joints on.
_SEEN = 0.5


@click.command()
@click.option("--frames", default=300, show_default=True, help="Of each kind.")
@click.option("--seed", default=_SEED, show_default=True)
@click.option("--split", type=click.Choice(["test", "test-webxr"]), default=_SPLIT, show_default=True)
@click.option("--geometric", is_flag=True, help="The localisation without networks.")
def main(frames: int, seed: int, split: str, geometric: bool) -> None:
    """Measure and print."""
    if geometric:
        HandLocator.find = staticmethod(lambda: None)
    for name in PRESETS:
        _measure(name, frames, split, seed)
    if not geometric:
        _measure_two(frames, split, seed)
        _time(draw_frame(PRESETS["nyu"], _SEED, 0, _SPLIT))


def _measure(name: str, frames: int, split: str, seed: int) -> None:
    estimator, locator = HandPoseEstimator.from_pretrained(name), HandLocator.find()
    off, off_at_last, joints, joints_with_truth, sides, auto = [], [], [], [], [], []
    for frame in _told_apart(name, frames, split, seed):
        depth_mm, camera, hand, xyz = frame.depth_mm, frame.camera, frame.hand, frame.joints[name]
        true = xyz.mean(axis=0)
        try:
            if locator:
                place = locator.locate(depth_mm, camera, name, hand=hand)[0]
                sides.append((place.right > 0.5) == (hand == "right"))
            else:
                place = locate_hand(depth_mm, camera)
            off.append(np.linalg.norm(camera.uvd_to_xyz(np.array(place.center_uvd)) - true))
        except NoHandError:
            off.append(np.inf)
        try:
            found = estimator.predict(depth_mm, camera, hand=hand)
        except NoHandError:
            off_at_last.append(np.inf)
            continue
        off_at_last.append(np.linalg.norm(found.xyz.mean(axis=0) - true))
        joints.append(_joint_error(found.xyz, xyz))
        center = tuple(camera.xyz_to_uvd(true))
        joints_with_truth.append(_joint_error(estimator.predict(depth_mm, camera, center, hand).xyz, xyz))
        auto.append(_side_told(estimator, frame, true))
    off, off_at_last = np.array(off), np.array(off_at_last)
    empty = np.mean([_is_refused(estimator, frame) for frame in empty_frames(frames, split, seed)])
    refused, good, good_at_last = np.isinf(off_at_last).mean(), np.mean(off < _GOOD_MM), np.mean(off_at_last < _GOOD_MM)
    mean, mean_with_truth = np.mean(joints), np.mean(joints_with_truth)
    told = f"by the locator {np.mean(sides):.1%}, " if sides else ""
    other = np.mean([each is None for each in auto])
    print(
        f"{name}: centre within {_GOOD_MM:.0f} mm {good:.1%}, of joints {good_at_last:.1%}, "
        f"median {np.median(off):.1f} mm; refused {refused:.1%}, of empty frames {empty:.1%}; "
        f"joints {mean:.2f} mm over {mean_with_truth:.2f} mm = {mean / mean_with_truth:.3f}; "
        f"side {told}auto {np.mean([each for each in auto if each is not None]):.1%}, another hand {other:.1%}",
        flush=True,
    )


def _told_apart(name: str, count: int, split: str, seed: int) -> Iterator[SyntheticFrame]:
    """Frames in which no second hand is of the same side: nothing would tell which of the two is meant."""
    frames = hand_frames(name, split, seed)
    return islice((frame for frame in frames if frame.second_hand != frame.hand), count)


def _measure_two(frames: int, split: str, seed: int) -> None:
    """Two hands in view, most of the joints of each: are both found, what else is, and are their sides told?"""
    estimator = HandPoseEstimator.from_pretrained("msra")
    found_of_two, sides, none = [], [], 0
    for frame in islice(_two_hand_frames(split, seed), frames):
        try:
            hands = estimator.predict_hands(frame.depth_mm, frame.camera, "auto", max_hands=2)
        except NoHandError:
            hands = []
        met = set()
        for hand in hands:
            off = np.linalg.norm(frame.joints.mean(axis=1) - hand.xyz.mean(axis=0), axis=1)
            nearest = int(off.argmin())
            if off[nearest] > _GOOD_MM or nearest in met:
                none += 1
                continue
            met.add(nearest)
            sides.append((hand.hand == "left") == frame.left[nearest])
        found_of_two.append(len(met))
    found_of_two = np.array(found_of_two)
    print(
        f"two hands, msra: both within {_GOOD_MM:.0f} mm {np.mean(found_of_two == 2):.1%}, at least one "
        f"{np.mean(found_of_two > 0):.1%}, side {np.mean(sides):.1%}; wrong ones {none / frames:.2f} a frame",
        flush=True,
    )


def _two_hand_frames(split: str, seed: int) -> Iterator[LocatorFrame]:
    frames = (draw_locator_frame(seed, number, split) for number in count())
    return (frame for frame in frames if len(frame.seen) == 2 and frame.seen.min() > _SEEN)


def _is_refused(estimator: HandPoseEstimator, frame: LocatorFrame) -> bool:
    """Whether a frame is refused, be it as none, as an all but even wall may be."""
    try:
        estimator.predict(frame.depth_mm, frame.camera)
    except (InputError, NoHandError):
        return True
    return False


def _side_told(estimator: HandPoseEstimator, frame: SyntheticFrame, true: np.ndarray) -> bool | None:
    """Whether the side of the hand at ``true`` (3,) xyz mm was told rightly; None if another hand was found.

    A frame where ``auto`` finds no hand although it has one counts as wrong.
    """
    try:
        found = estimator.predict(frame.depth_mm, frame.camera, hand="auto")
    except NoHandError:
        return False
    if np.linalg.norm(found.xyz.mean(axis=0) - true) > _OTHER_MM:
        return None
    return found.hand == frame.hand


def _joint_error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.linalg.norm(found - true, axis=1).mean())


def _time(frame: SyntheticFrame, rounds: int = 300) -> None:
    network, locator = open_runtime(resolve("nyu", "onnx")), HandLocator.load()
    crop = HandCrop(frame.camera, frame.center_uvd).cut(frame.depth_mm)
    tasks: dict[str, Callable[[], object]] = {
        "pose network": lambda: network.run(crop),
        "locator": lambda: locator.locate(frame.depth_mm, frame.camera),
        "geometric": lambda: locate_hand(frame.depth_mm, frame.camera),
    }
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            taken[name].append(time.perf_counter() - start)
    middle = {name: 1e3 * float(np.median(times)) for name, times in taken.items()}
    print(", ".join(f"{name} {ms:.2f} ms" for name, ms in middle.items()), end="; ")
    print(f"locator over pose network {middle['locator'] / middle['pose network']:.2f}")


if __name__ == "__main__":
    main()
