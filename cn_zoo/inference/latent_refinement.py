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

#: How much joints that are off the first estimate by their deviation weigh against the mean squared error of depth.
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
    crop: np.ndarray, latent: np.ndarray, sigma: np.ndarray, synthesize: Synthesis, steps: int
) -> np.ndarray:
    """Gauss-Newton steps on the clipped squared error of depth and on how far joints move for their deviations.

    What the estimate is sure of stays; what it is not may follow the depth map. Derivatives are finite differences: one
    batch of the generator a step, on whatever runtime it has.

    Args:
        crop: ``(128, 128)`` what was seen, in [-1, 1].
        latent: ``(L,)`` the first estimate.
        sigma: ``(J,)`` its joints' deviations, in units of 50 mm.
        synthesize: generator and pose decoder.
        steps: at most so many; fewer where none helps any more.

    Returns:
        ``(L,)``; its depth map fits no worse than that of the first estimate.
    """
    first = latent.astype(np.float64)
    if not steps:
        return first.astype(np.float32)
    target = _Target(crop.ravel().astype(np.float64), synthesize(first[None])["pose"][0], sigma[:, None] / math.sqrt(3))
    axes = _DIFFERENCE * np.concatenate([np.zeros((1, len(first))), np.eye(len(first))])
    point = first
    for _ in range(steps):
        misfits, moves, costs = target.compare(synthesize(point + axes))
        counted = np.abs(misfits[0]) < _CLIP
        by_depth = (misfits[1:, counted] - misfits[0, counted]) / (_DIFFERENCE * math.sqrt(misfits.shape[1]))
        by_joints = (moves[1:] - moves[0]) * math.sqrt(_PRIOR / moves.shape[1]) / _DIFFERENCE
        normal = by_depth @ by_depth.T + by_joints @ by_joints.T + _STAY * np.eye(len(first))
        pull = by_depth @ misfits[0, counted] / math.sqrt(misfits.shape[1])
        pull += by_joints @ moves[0] * math.sqrt(_PRIOR / moves.shape[1]) + _STAY * (point - first)
        tries = point - np.linalg.solve(normal, pull) * 0.5 ** np.arange(_HALVINGS)[:, None]
        tried = target.compare(synthesize(tries)).costs
        if tried.min() >= costs[0]:
            break
        point = tries[tried.argmin()]
    return point.astype(np.float32)


class _Comparison(NamedTuple):
    """Of B hands: what each pixel is off by (B, P), joints' moves by their deviations (B, 3 J), and the cost (B,)."""

    misfits: np.ndarray
    moves: np.ndarray
    costs: np.ndarray


class _Target(NamedTuple):
    """What a hand is to be like: depth (P,) as it was seen, joints (J, 3) as estimated, up to deviations (J, 1)."""

    seen: np.ndarray
    pose: np.ndarray
    deviation: np.ndarray

    def compare(self, hands: dict[str, np.ndarray]) -> _Comparison:
        count = len(hands["pose"])
        misfits = hands["depth"].reshape(count, -1).astype(np.float64) - self.seen
        moves = ((hands["pose"] - self.pose) / self.deviation).reshape(count, -1).astype(np.float64)
        costs = np.minimum(misfits**2, _CLIP**2).mean(axis=1) + _PRIOR * (moves**2).mean(axis=1)
        return _Comparison(misfits, moves, costs)


def refine_hand(hand: HandPose, depth_mm: np.ndarray, synthesize: Synthesis, steps: int) -> HandPose:
    """The hand with its latent refined on the depth image that it was found in; its deviations stay."""
    sigma = np.maximum(hand.sigma, _LEAST_SIGMA_MM) / POSE_UNIT_MM
    latent = refine_latent(hand.crop.cut(depth_mm), hand.latent, sigma, synthesize, steps)
    uvd = hand.crop.crop_to_uvd(synthesize(latent[None])["pose"][0])
    return replace(hand, latent=latent, uvd=uvd, xyz=hand.camera.uvd_to_xyz(uvd))
