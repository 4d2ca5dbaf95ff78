"""The benchmarks' protocols: which frames are scored, seen by which camera, and which parts are told apart."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.geometry import CAMERAS, SKELETONS, Camera, Skeleton

#: Of a file in pixels, at most this share of joints may lie outside the image (hands do leave it).
_OUTSIDE_SHARE = 0.25
#: No depth camera measures nearer than this; smaller depths are metres.
_NEAREST_MM = 20.0


@dataclass(frozen=True)
class Protocol:
    """How one dataset's test set is scored.

    Distances are taken in camera coordinates: u v d goes through ``camera`` first, predictions and labels alike.

    Attributes:
        name: dataset name.
        camera: the camera that the published numbers use.
        width, height: image size in pixels.
        test_frames: frames of the official test set, in its official order.
        parts: parts of the test set reported apart: name -> (first frame, frame after the last), from 0.
        viewpoint: whether errors are also told by the palm's yaw and pitch.
    """

    name: str
    camera: Camera
    width: int
    height: int
    test_frames: int
    parts: dict[str, tuple[int, int]] = field(default_factory=dict)
    viewpoint: bool = False

    @property
    def skeleton(self) -> Skeleton:
        """The joints that the protocol scores."""
        return SKELETONS[self.name]

    def check_uvd(self, joints: np.ndarray, source: str) -> None:
        """Refuse ``(N, J, 3)`` numbers that cannot be u px, v px, d mm of this dataset.

        Raises:
            InputError: they look like x y z, or like metres.
        """
        u, v, d = np.moveaxis(joints, -1, 0)
        if np.median(d) < 0:
            raise InputError(f"{source}: depths are negative, so this is not u v d; it looks like x y z with z negated")
        if np.median(d) < _NEAREST_MM:
            raise InputError(f"{source}: depths near {np.median(d):.2f} cannot be mm; multiply metres by 1000")
        outside = np.mean((u < 0) | (u >= self.width) | (v < 0) | (v >= self.height))
        if outside > _OUTSIDE_SHARE:
            raise InputError(
                f"{source}: {outside:.0%} of the joints lie outside the {self.width}x{self.height} image, so this is "
                "not u v d; it looks like x y z in mm: convert it with Camera.xyz_to_uvd"
            )


def _consecutive(names_and_counts: list[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    parts, first = {}, 0
    for name, count in names_and_counts:
        parts[name] = (first, first + count)
        first += count
    return parts


#: Frames of MSRA's subjects in the community's order (P0 to P8, gestures in name order, 76,375 in all).
_MSRA_FRAMES = (8499, 8492, 8412, 8488, 8500, 8497, 8497, 8498, 8492)

#: Sources: the datasets' readmes; the split of NYU's test set by subject from Tompson et al. 2014 and after;
#: MSRA's counts from the community's test list (xinghaochen/awesome-hand-pose-estimation).
PROTOCOLS: dict[str, Protocol] = {
    "nyu": Protocol(
        name="nyu",
        camera=CAMERAS["nyu"],
        width=640,
        height=480,
        test_frames=8252,
        parts=_consecutive([("subject 1 (seen in training)", 2440), ("subject 2 (new)", 5812)]),
    ),
    "icvl": Protocol(
        name="icvl",
        camera=CAMERAS["icvl"],
        width=320,
        height=240,
        test_frames=1596,
        parts=_consecutive([("sequence 1", 702), ("sequence 2", 894)]),
    ),
    "msra": Protocol(
        name="msra",
        camera=CAMERAS["msra"],
        width=320,
        height=240,
        test_frames=sum(_MSRA_FRAMES),
        parts=_consecutive([(f"subject P{subject}", count) for subject, count in enumerate(_MSRA_FRAMES)]),
        viewpoint=True,
    ),
}
