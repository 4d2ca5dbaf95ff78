"""Draw synthetic crops with their joints, to be looked at beside real ones.

python tools/draw_synthesis.py nyu sheet.png [--split test-webxr] [--count 80] [--seed 0]
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw

from cn_zoo.drawing.contact_sheet import contact_sheet
from cn_zoo.geometry import POSE_UNIT_MM, SKELETONS
from cn_zoo.synthesis.frame import SyntheticCrop, draw_crop
from cn_zoo.synthesis.presets import PRESETS, SynthesisPreset
from cn_zoo.synthesis.split import SPLITS

SCALE = 2


@click.command()
@click.argument("preset", type=click.Choice(list(PRESETS)))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--split", type=click.Choice(list(SPLITS)), default="train", show_default=True)
@click.option("--count", default=80, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(preset: str, output: Path, split: str, count: int, seed: int) -> None:
    """Draw crops of a preset into one picture, ten a row."""
    crops = (draw_crop(PRESETS[preset], seed, index, split) for index in range(count))
    contact_sheet([draw_joints(crop, PRESETS[preset]) for crop in crops], 10).save(output)


def draw_joints(crop: SyntheticCrop, preset: SynthesisPreset) -> Image.Image:
    """A crop, near bright and background black, with a dot a joint in its finger's colour."""
    grey = np.rint((1 - crop.depth) * 127.5).astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1)
    picture = Image.fromarray(grey).convert("RGB")
    pen = ImageDraw.Draw(picture)
    places = (crop.pose[:, :2] * POSE_UNIT_MM / (preset.cube_mm / 2) + 1) / 2 * picture.width
    for (x, y), colour in zip(places, SKELETONS[preset.name].colours, strict=True):
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
    return picture


if __name__ == "__main__":
    main()
