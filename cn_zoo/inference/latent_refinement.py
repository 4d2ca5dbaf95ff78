"""A pose moved in latent space until the depth map generated from it fits the one that was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.zoo import Preset, file_of

#: How much a unit of latent distance from the first estimate weighs against the mean squared error of depth.
_PRIOR = 3e-3
#: Step of the finite differences along each latent axis.
_DIFFERENCE = 0.05
#: A pixel that is off by more, in half cubes, tells of a hole or of another surface, and not of the pose.
_CLIP = 1.0
#: How often a step that does not help is halved before it is given up.
_HALVINGS = 4

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


def refine_latent(crop: np.ndarray, latent: np.ndarray, synthesize: Synthesis, steps: int) -> np.ndarray:
    """Gauss-Newton steps on the clipped squared error of depth, held near the first estimate.

    Derivatives are finite differences: one batch of the generator a step, on whatever runtime it has.

    Args:
        crop: ``(128, 128)`` what was seen, in [-1, 1].
        latent: ``(L,)`` the first estimate.
        synthesize: the generator.
        steps: at most so many; fewer where none helps any more.

    Returns:
        ``(L,)``; its depth map fits no worse than that of the first estimate.
    """
    first = latent.astype(np.float64)
    seen = crop.ravel().astype(np.float64)
    axes = _DIFFERENCE * np.concatenate([np.zeros((1, len(first))), np.eye(len(first))])

    def cost(point: np.ndarray, depth: np.ndarray) -> float:
        misfit = np.minimum((depth - seen) ** 2, _CLIP**2).mean()
        return misfit + _PRIOR * np.mean((point - first) ** 2)

    point = first
    for _ in range(steps):
        depths = synthesize(point + axes)["depth"].reshape(len(axes), -1).astype(np.float64)
        slopes = (depths[1:] - depths[0]) / _DIFFERENCE
        residual = depths[0] - seen
        counted = np.abs(residual) < _CLIP
        normal = slopes[:, counted] @ slopes[:, counted].T / seen.size
        pull = slopes[:, counted] @ residual[counted] / seen.size
        prior = _PRIOR / len(first)
        step = np.linalg.solve(normal + prior * np.eye(len(first)), pull + prior * (point - first))
        tries = point - step * 0.5 ** np.arange(_HALVINGS)[:, None]
        found = synthesize(tries)["depth"].reshape(_HALVINGS, -1).astype(np.float64)
        costs = [cost(each, depth) for each, depth in zip(tries, found, strict=True)]
        if min(costs) >= cost(point, depths[0]):
            break
        point = tries[int(np.argmin(costs))]
    return point.astype(np.float32)


def refine_hand(hand: HandPose, depth_mm: np.ndarray, synthesize: Synthesis, steps: int) -> HandPose:
    """The hand with its latent refined on the depth image that it was found in; its deviations stay."""
    latent = refine_latent(hand.crop.cut(depth_mm), hand.latent, synthesize, steps)
    uvd = hand.crop.crop_to_uvd(synthesize(latent[None])["pose"][0])
    return replace(hand, latent=latent, uvd=uvd, xyz=hand.camera.uvd_to_xyz(uvd))
