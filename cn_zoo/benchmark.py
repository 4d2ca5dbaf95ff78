"""The three benchmarks: facts that readers, scores, synthesis and the zoo's records share. Plain numbers, no NumPy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """What is known of a dataset that methods are compared on.

    Attributes:
        name: of the dataset, and of its skeleton in ``cn_zoo.geometry.SKELETONS``.
        camera: fx, fy, cx, cy in pixels.
        width, height: image size in pixels.
        test_frames: frames of the official test set, in its official order.
        parts: parts of the test set reported apart: name -> (first frame, frame after the last), from 0.
    """

    name: str
    camera: tuple[float, float, float, float]
    width: int
    height: int
    test_frames: int
    parts: dict[str, tuple[int, int]]


def _consecutive(names_and_counts: list[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    parts, first = {}, 0
    for name, count in names_and_counts:
        parts[name] = (first, first + count)
        first += count
    return parts


#: Frames of MSRA's subjects in the community's order (P0 to P8, gestures in name order, 76,375 in all).
_MSRA_FRAMES = (8499, 8492, 8412, 8488, 8500, 8497, 8497, 8498, 8492)

#: Sources: the datasets' readmes (the same cameras are in most papers' code); the split of NYU's test set by subject
#: from Tompson et al. 2014 and after; MSRA's counts from the community's test list
#: (xinghaochen/awesome-hand-pose-estimation). Arrays and networks that hold several skeletons have them in this order.
BENCHMARKS: dict[str, Benchmark] = {
    "nyu": Benchmark(
        name="nyu",
        camera=(588.03, 587.07, 320.0, 240.0),
        width=640,
        height=480,
        test_frames=8252,
        # Subject 1 is also the subject of all training frames.
        parts=_consecutive([("subject 1 (seen in training)", 2440), ("subject 2 (new)", 5812)]),
    ),
    "icvl": Benchmark(
        name="icvl",
        camera=(240.99, 240.96, 160.0, 120.0),
        width=320,
        height=240,
        test_frames=1596,
        parts=_consecutive([("sequence 1", 702), ("sequence 2", 894)]),
    ),
    "msra": Benchmark(
        name="msra",
        camera=(241.42, 241.42, 160.0, 120.0),
        width=320,
        height=240,
        test_frames=sum(_MSRA_FRAMES),
        parts=_consecutive([(f"subject P{subject}", count) for subject, count in enumerate(_MSRA_FRAMES)]),
    ),
}
