"""Render fits of real poses as a labelled folder: real articulation, synthetic depth.

    python tools/render_real_poses.py nyu fits.npz FOLDER
    cn-zoo evaluate --model nyu --data FOLDER

Fits come from ``tools/fit_real_poses.py``. Every hand stands, forearm and all, where the real one stood, before the
benchmark's own camera and sensor; its labels are read off the mesh. Fits that stand more than 15 mm off their labels
at some joint are left out.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from cn_zoo.geometry import SKELETONS
from cn_zoo.io import write_depth_png
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_shape import HandShape, ShapedHand
from cn_zoo.synthesis.labels import label_joints
from cn_zoo.synthesis.presets import PRESETS, Lens
from cn_zoo.synthesis.sensors import SENSORS, sense
from cn_zoo.synthesis.setting import Setting, render

_WORST_MM = 15.0
_WHOLE_FRAME = (-math.inf, math.inf, -math.inf, math.inf)


@click.command()
@click.argument("dataset", type=click.Choice(["nyu", "icvl"]))
@click.argument("fits", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def main(dataset: str, fits: Path, folder: Path) -> None:
    """Write frames, camera and joints."""
    fit = dict(np.load(fits))
    preset = PRESETS[dataset]
    lens, sensor = preset.lenses[0], preset.sensors[0][0]
    people = [_person(float(fit["soma"]), *shape) for shape in zip(fit["length_mm"], fit["scales"], strict=True)]
    (folder / "frames").mkdir(parents=True)
    (folder / "camera.json").write_text(json.dumps(asdict(lens.camera)), encoding="utf-8")
    kept = np.flatnonzero(fit["residual_mm"].max(axis=1) < _WORST_MM)
    with (folder / "joints.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "joint", "x", "y", "z"])
        for number in kept:
            hand = people[fit["subject"][number]]
            setting = _setting(
                hand, *(fit[key][number] for key in ("angles", "rotation", "translation")), dataset, lens
            )
            depth = render(setting, lens.camera, lens.width, lens.height)
            depth = sense(depth, lens.camera, SENSORS[sensor], np.random.default_rng((1, number)))
            name = f"{fit['frame'][number]:05d}.png"
            write_depth_png(folder / "frames" / name, depth)
            for joint, xyz in zip(SKELETONS[dataset].joints, setting.joints[dataset], strict=True):
                rows.writerow([name, joint, *(round(float(value), 3) for value in xyz)])
    click.echo(f"{folder}: {len(kept)} of {len(fit['frame'])} fits")


def _person(soma: float, length_mm: float, scales: np.ndarray) -> ShapedHand:
    mesh = HandModel.load().mesh
    return ShapedHand.build(mesh, HandShape(float(length_mm), soma, np.zeros(len(mesh.components)), scales))


def _setting(
    hand: ShapedHand, angles: np.ndarray, rotation: np.ndarray, translation: np.ndarray, dataset: str, lens: Lens
) -> Setting:
    posed = hand.pose(angles, rotation, translation)
    joints = label_joints(posed, dataset)
    solids = np.empty((0, 14))
    sensor = PRESETS[dataset].sensors[0][0]
    meshes = ((posed.vertices, posed.faces),)
    return Setting(lens, meshes, solids, posed, {dataset: joints}, joints.mean(axis=0), sensor, _WHOLE_FRAME)


if __name__ == "__main__":
    main()
