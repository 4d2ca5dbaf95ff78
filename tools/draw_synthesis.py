"""Draw synthetic crops with their joints, to be looked at beside real ones.

python tools/draw_synthesis.py nyu sheet.png [--split test-webxr] [--count 80] [--seed 0]
"""

from __future__ import annotations

import argparse

import numpy as np
from PIL import Image, ImageDraw

from cn_zoo.drawing.contact_sheet import contact_sheet
from cn_zoo.geometry import POSE_UNIT_MM, SKELETONS
from cn_zoo.synthesis.frame import SyntheticCrop, draw_crop
from cn_zoo.synthesis.presets import PRESETS, Preset
from cn_zoo.synthesis.split import SPLITS

SCALE = 2


def main() -> None:
    """Draw crops of a preset into one picture, ten a row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", choices=list(PRESETS))
    parser.add_argument("output")
    parser.add_argument("--split", choices=list(SPLITS), default="train")
    parser.add_argument("--count", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    preset = PRESETS[arguments.preset]
    crops = (draw_crop(preset, arguments.seed, index, arguments.split) for index in range(arguments.count))
    contact_sheet([draw_joints(crop, preset) for crop in crops], 10).save(arguments.output)


def draw_joints(crop: SyntheticCrop, preset: Preset) -> Image.Image:
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
