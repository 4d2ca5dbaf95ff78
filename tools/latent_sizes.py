"""How well the pose VAE keeps real poses that it never saw, by the size of its latent.

    python tools/latent_sizes.py nyu labels_uvd.txt.gz FOLDER [--latent 10 --latent 20 ...] [--architecture default]

Each VAE learns from the synthetic poses of the dataset's preset alone, by the `pose_vae` stage as it stands, with the
latent's size changed and nothing else. Labels are text, a frame a line, u v d of each joint. Left hands are mirrored;
poses, in crops about the mean of the joints, go to the latent's mean and back, and the mean distance of joints is
printed, beside that of synthetic poses not trained on. A run that was killed goes on where it stood.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
import keras
import numpy as np

from cn_zoo.evaluation import read_joints
from cn_zoo.evaluation.protocol import PROTOCOLS
from cn_zoo.geometry import POSE_UNIT_MM, HandCrop
from cn_zoo.joint import CrossingNets
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.pose_set import draw_poses
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import Recipe
from cn_zoo.training.run_data import RunData
from cn_zoo.training.run_stages import run_stages
from cn_zoo.training.stage import STAGES

#: Synthetic test poses are those of a seed that no recipe has.
_UNSEEN_SEED = 1_000_003


@click.command()
@click.argument("dataset", type=click.Choice(list(PROTOCOLS)))
@click.argument("labels", type=click.Path(exists=True, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--latent", "sizes", type=int, multiple=True, default=(5, 10, 20, 30, 40), show_default=True)
@click.option("--architecture", type=click.Choice(list(ARCHITECTURES)), default="default", show_default=True)
def main(dataset: str, labels: Path, folder: Path, sizes: tuple[int, ...], architecture: str) -> None:
    """Train a pose VAE of each size and print a line of JSON for it."""
    tests = {"real": _real_poses(dataset, labels), "synthetic": draw_poses(PRESETS[dataset], _UNSEEN_SEED, 4_000)}
    for size in sizes:
        nets = _train(dataset, architecture, size, folder)
        row = {"dataset": dataset, "architecture": architecture, "latent": size}
        row |= {f"{name}_mm": _error_mm(nets, poses) for name, poses in tests.items()}
        click.echo(json.dumps(row))


def _real_poses(dataset: str, labels: Path) -> np.ndarray:
    """Labelled poses (N, J, 3) of right hands, in crop coordinates of 50 mm."""
    protocol = PROTOCOLS[dataset]
    xyz = protocol.camera.uvd_to_xyz(read_joints(labels, len(protocol.skeleton)))
    if protocol.skeleton.handedness(xyz) == "left":
        xyz = protocol.skeleton.mirror(xyz)
    cube_mm = PRESETS[dataset].cube_mm
    uvd, centers = protocol.camera.xyz_to_uvd(xyz), protocol.camera.xyz_to_uvd(xyz.mean(axis=1))
    crops = [HandCrop(protocol.camera, tuple(center), cube_mm) for center in centers]
    return np.stack([crop.uvd_to_crop(joints) for crop, joints in zip(crops, uvd, strict=True)]).astype(np.float32)


def _train(dataset: str, architecture: str, size: int, folder: Path) -> CrossingNets:
    name = f"{architecture}-{size}"
    ARCHITECTURES[name] = replace(ARCHITECTURES[architecture], name=name, pose_latent=size)
    recipe = Recipe(name, dataset, {"pose_vae": STAGES["pose_vae"]}, architecture=name)
    place = folder / f"{dataset}-{name}"
    place.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    nets = CrossingNets(name, dataset, PRESETS[dataset].cube_mm, recipe.seed)
    run_stages(recipe, nets, RunData.open(recipe, place, None, None), place)
    return nets


def _error_mm(nets: CrossingNets, poses: np.ndarray) -> float:
    back = nets.pose_decoder.predict(nets.pose_encoder.predict(poses, verbose=0)["mean"], verbose=0)
    return round(float(np.linalg.norm(back - poses, axis=-1).mean() * POSE_UNIT_MM), 2)


if __name__ == "__main__":
    main()
