"""A pose moved in latent space until the depth map generated from it fits the one that was seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.zoo import Preset, file_of

#: How much joints that are off their estimate by their deviation weigh against the mean squared error of depth.
_PRIOR = 0.02
#: Keeps latents that change neither in place.
_STAY = 1e-5
#: Step of the finite differences along each latent axis.
_DIFFERENCE = 0.05
#: A pixel that is off by more, in half cubes, tells of a hole, an arm or another thing, and not of the pose.
_CLIP = 0.3
#: How often a step that does not help is halved before it is given up.
_HALVINGS = 4
#: Joints are never surer than this, in mm.
_LEAST_SIGMA_MM = 1.0

#: Latents ``(B, L)`` to ``depth`` (B, 128, 128, 1) in [-1, 1] and ``pose`` (B, J, 3) in units of 50 mm.
Synthesis = Callable[[np.ndarray], dict[str, np.ndarray]]


def load_synthesis(preset: Preset) -> Synthesis:
    """The generator and pose decoder of a model's nets.

    Raises:
        WeightsError: the model was released without its nets.
        MissingDependencyError: Keras is not installed.
    """
    import cn_zoo

    nets = cn_zoo.CrossingNets.from_pretrained(file_of(preset, "nets"))
    from keras.ops import convert_to_numpy

    def synthesize(latents: np.ndarray) -> dict[str, np.ndarray]:
        hands = nets.synthesize(latents.astype(np.float32))
        return {name: convert_to_numpy(value) for name, value in hands.items()}

    return synthesize


def refine_latent(
    crop: np.ndarray, latent: np.ndarray, pose: np.ndarray, sigma: np.ndarray, synthesize: Synthesis, steps: int
) -> np.ndarray:
    """Gauss-Newton steps on the clipped squared error of depth and on how far joints are off for their deviations.

    What the estimate is sure of stays; what it is not may follow the depth map. Derivatives are finite differences: one
    batch of the generator a step, on whatever runtime it has.

    Args:
        crop: ``(128, 128)`` what was seen, in [-1, 1].
        latent: ``(L,)`` to start from.
        pose: ``(J, 3)`` joints as they are estimated, crop coordinates in units of 50 mm.
        sigma: ``(J,)`` their deviations, in the same unit.
        synthesize: generator and pose decoder.
        steps: at most so many; fewer where none helps any more.

    Returns:
        ``(L,)``; depth map and joints together fit no worse than those that the steps start from.
    """
    first = latent.astype(np.float64)
    if not steps:
        return first.astype(np.float32)
    target = _Target(crop.ravel().astype(np.float64), pose, sigma[:, None] / math.sqrt(3))
    axes = _DIFFERENCE * np.concatenate([np.zeros((1, len(first))), np.eye(len(first))])
    point = first
    for _ in range(steps):
        residuals = target.residuals(synthesize(point + axes))
        counted = target.counted(residuals[0])
        slopes = (residuals[1:] - residuals[0])[:, counted] / _DIFFERENCE
        normal = slopes @ slopes.T + _STAY * np.eye(len(first))
        pull = slopes @ residuals[0, counted] + _STAY * (point - first)
        tries = point - np.linalg.solve(normal, pull) * 0.5 ** np.arange(_HALVINGS)[:, None]
        costs = target.costs(target.residuals(synthesize(tries)))
        if costs.min() >= target.costs(residuals[:1])[0]:
            break
        point = tries[costs.argmin()]
    return point.astype(np.float32)


class _Target(NamedTuple):
    """What a hand is to be like: depth (P,) as it was seen, joints (J, 3) as estimated, up to deviations (J, 1)."""

    seen: np.ndarray
    pose: np.ndarray
    deviation: np.ndarray

    def residuals(self, hands: dict[str, np.ndarray]) -> np.ndarray:
        """How B hands differ from it, (B, P + 3 J): each pixel's depth, each joint's place; weighed as they count."""
        count = len(hands["pose"])
        depth = hands["depth"].reshape(count, -1).astype(np.float64) - self.seen
        moves = ((hands["pose"] - self.pose) / self.deviation).reshape(count, -1).astype(np.float64)
        weight = math.sqrt(_PRIOR / moves.shape[1])
        return np.concatenate([depth / math.sqrt(self.seen.size), weight * moves], axis=1)

    def counted(self, residuals: np.ndarray) -> np.ndarray:
        """Which residuals (..., P + 3 J) count: joints always, pixels that are off by less than the clip."""
        return np.abs(residuals) < self._limits

    def costs(self, residuals: np.ndarray) -> np.ndarray:
        """The sum of clipped squares of residuals (B, P + 3 J), (B,)."""
        return (np.minimum(np.abs(residuals), self._limits) ** 2).sum(axis=1)

    @property
    def _limits(self) -> np.ndarray:
        pixels, joints = np.full(self.seen.size, _CLIP / math.sqrt(self.seen.size)), np.full(self.pose.size, np.inf)
        return np.concatenate([pixels, joints])


def refine_hand(hand: HandPose, depth_mm: np.ndarray, synthesize: Synthesis, steps: int) -> HandPose:
    """The hand with its latent refined on the depth image that it was found in; its deviations stay."""
    pose, sigma = hand.crop.uvd_to_crop(hand.uvd), np.maximum(hand.sigma, _LEAST_SIGMA_MM) / POSE_UNIT_MM
    latent = refine_latent(hand.crop.cut(depth_mm), hand.latent, pose, sigma, synthesize, steps)
    uvd = hand.crop.crop_to_uvd(synthesize(latent[None])["pose"][0])
    return replace(hand, latent=latent, uvd=uvd, xyz=hand.camera.uvd_to_xyz(uvd))
