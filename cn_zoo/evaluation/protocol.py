"""The benchmarks' protocols: which frames are scored, seen by which camera, and which parts are told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.benchmark import BENCHMARKS, Benchmark
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
        benchmark: the dataset.
    """

    benchmark: Benchmark

    @property
    def camera(self) -> Camera:
        """The camera that the published numbers use."""
        return CAMERAS[self.benchmark.name]

    @property
    def skeleton(self) -> Skeleton:
        """The joints that the protocol scores."""
        return SKELETONS[self.benchmark.name]

    def check_uvd(self, joints: np.ndarray, source: str) -> None:
        """Refuse ``(N, J, 3)`` numbers that cannot be u px, v px, d mm of this dataset.

        Raises:
            InputError: they look like x y z, or like metres.
        """
        u, v, d = np.moveaxis(joints, -1, 0)
        width, height = self.benchmark.width, self.benchmark.height
        if np.median(d) < 0:
            raise InputError(f"{source}: depths are negative, so this is not u v d; it looks like x y z with z negated")
        if np.median(d) < _NEAREST_MM:
            raise InputError(f"{source}: depths near {np.median(d):.2f} cannot be mm; multiply metres by 1000")
        outside = np.mean((u < 0) | (u >= width) | (v < 0) | (v >= height))
        if outside > _OUTSIDE_SHARE:
            raise InputError(
                f"{source}: {outside:.0%} of the joints lie outside the {width}x{height} image, so this is "
                "not u v d; it looks like x y z in mm: convert it with Camera.xyz_to_uvd"
            )


PROTOCOLS: dict[str, Protocol] = {name: Protocol(benchmark) for name, benchmark in BENCHMARKS.items()}
