"""How long a network, and all that is around it, takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import HandCrop
from cn_zoo.inference.hand_pose_estimator import HandPoseEstimator
from cn_zoo.inference.runtimes import Runtime
from cn_zoo.zoo import Preset

if TYPE_CHECKING:
    from cn_zoo.synthesis.frame import SyntheticFrame

#: Rounds before the clock counts: runtimes and caches settle.
_WARM_UP = 5
_FEWEST_ROUNDS = 10
#: Synthetic frames, and the seed that they are drawn from.
_FRAMES, _SEED = 8, 4


@dataclass(frozen=True)
class Latency:
    """A distribution of wall-clock times in ms.

    Attributes:
        median, p10, p90: percentiles 50, 10, 90.
        rounds: how many times were taken.
    """

    median: float
    p10: float
    p90: float
    rounds: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Latency:
        """The distribution of some times in seconds."""
        p10, median, p90 = (float(value) for value in np.percentile(seconds, (10, 50, 90)) * 1e3)
        return cls(median, p10, p90, len(seconds))


def measure_latency(
    runtime: Runtime, preset: Preset, frames: Sequence[SyntheticFrame], seconds: float = 5.0
) -> dict[str, Latency]:
    """Time a network alone, and from frames in memory to joints.

    What is timed takes turns, so that a machine's other work meets all alike.

    Args:
        runtime: the loaded network.
        preset: its record.
        frames: taken in turn; those in which no hand is found are left out.
        seconds: about how long to measure.

    Returns:
        ``network``: one crop to joints in crop coordinates; ``centered frame``: crop, the network's three looks and
        camera coordinates, with the centre given; ``frame``: the same with localisation and looks from better centres.

    Raises:
        NoHandError: no hand was found in any frame.
    """
    estimator = HandPoseEstimator(runtime, preset)
    frames = [frame for frame in frames if _shows_hand(estimator, frame)]
    if not frames:
        raise NoHandError("no hand was found in any of the frames that were to be timed")
    crops = [HandCrop(frame.camera, frame.center_uvd, preset.cube_mm).cut(frame.depth_mm) for frame in frames]

    def run_network(turn: int) -> None:
        runtime.run(crops[turn])

    def run_centered(turn: int) -> None:
        frame = frames[turn]
        estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd)

    def run_whole(turn: int) -> None:
        estimator.predict(frames[turn].depth_mm, frames[turn].camera)

    return _time_in_turns(
        {"network": run_network, "centered frame": run_centered, "frame": run_whole}, len(frames), seconds
    )


def synthetic_frames(preset: Preset) -> list[SyntheticFrame]:
    """Some synthetic frames of a model's own camera."""
    # Only here: compiling the engine takes seconds.
    from cn_zoo.synthesis.frame import draw_frame
    from cn_zoo.synthesis.presets import PRESETS

    return [draw_frame(PRESETS[preset.skeleton].own(), _SEED, index, "test") for index in range(_FRAMES)]


def _shows_hand(estimator: HandPoseEstimator, frame: SyntheticFrame) -> bool:
    try:
        estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd)
        estimator.predict(frame.depth_mm, frame.camera)
    except NoHandError:
        return False
    return True


def _time_in_turns(tasks: dict[str, Callable[[int], None]], turns: int, seconds: float) -> dict[str, Latency]:
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < _WARM_UP + _FEWEST_ROUNDS or time.perf_counter() < end:
        for name, task in tasks.items():
            start = time.perf_counter()
            task(rounds % turns)
            taken[name].append(time.perf_counter() - start)
        rounds += 1
    return {name: Latency.of(times[_WARM_UP:]) for name, times in taken.items()}
