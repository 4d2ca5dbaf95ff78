"""Is the latent space shared? Generated depth maps read back by the posterior, and walks from hand to hand.

    python tools/shared_space.py MODEL [--count 400]

MODEL is a zoo name or a run's folder, with nets. Prints how far the posterior is off, in mm, on rendered depth maps of
hands never seen (nothing else in view) and on those that the generator makes of the same poses' latents; and, of walks
of 8 steps between pairs of them, the largest step over the walk's mean step, as mean joint movement.
"""

from __future__ import annotations

import click
import keras
import numpy as np

from cn_zoo import CrossingNets
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.synthesis.frame import draw_crop
from cn_zoo.synthesis.presets import PRESETS

_SEED, _BATCH, _WALK_STEPS = 11, 50, 8


@click.command()
@click.argument("model")
@click.option("--count", default=400, show_default=True, help="Hands.")
def main(model: str, count: int) -> None:
    """Measure and print."""
    nets = CrossingNets.from_pretrained(model)
    preset = PRESETS[nets.skeleton].bare()
    crops = [draw_crop(preset, _SEED, index, "test", jitter=False) for index in range(count)]
    pose, depth = np.stack([crop.pose for crop in crops]), np.stack([crop.depth for crop in crops])[..., None]
    latent = _numpy(nets.encode_pose(pose)["mean"])
    rendered = _error_mm(_estimate(nets, depth), pose)
    made = [nets.synthesize(latent[first : first + _BATCH]) for first in range(0, count, _BATCH)]
    own, generated = (np.concatenate([_numpy(each[name]) for each in made]) for name in ("pose", "depth"))
    read = _error_mm(_estimate(nets, generated), own)
    click.echo(
        f"posterior on rendered depth maps {rendered:.2f} mm, on generated ones {read:.2f} mm: {read / rendered:.2f}"
    )
    click.echo(f"largest step of a walk over its mean step: {_worst_jump(nets, latent):.2f} at most")


def _estimate(nets: CrossingNets, depth: np.ndarray) -> np.ndarray:
    parts = [nets.estimate(depth[first : first + _BATCH])["pose"] for first in range(0, len(depth), _BATCH)]
    return np.concatenate([_numpy(part) for part in parts])


def _error_mm(estimate: np.ndarray, pose: np.ndarray) -> float:
    return float(np.linalg.norm(estimate - pose, axis=-1).mean() * POSE_UNIT_MM)


def _worst_jump(nets: CrossingNets, latent: np.ndarray) -> float:
    """Over walks from each hand to the one half the set further on."""
    ends = np.roll(latent, len(latent) // 2, axis=0)
    points = np.linspace(latent, ends, _WALK_STEPS, dtype="float32")
    poses = _numpy(nets.pose_decoder(points.reshape(-1, points.shape[-1])))
    poses = poses.reshape(_WALK_STEPS, len(latent), *poses.shape[1:])
    steps = np.linalg.norm(np.diff(poses, axis=0), axis=-1).mean(axis=-1)
    return float((steps.max(axis=0) / steps.mean(axis=0)).max())


def _numpy(tensor: keras.KerasTensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


if __name__ == "__main__":
    main()
