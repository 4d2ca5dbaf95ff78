"""Draw each dataset's skeleton on the average synthetic hand: docs/figures/skeleton_{nyu,icvl,msra}.png.

    python tools/draw_skeletons.py

Needs the `training` extra. Left: the palm, fingers straight, with the joints' numbers; middle: a loose hand from the
side; right: the joints' names.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial.transform import Rotation

from cn_zoo.geometry import SKELETONS, Camera, Skeleton
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import gesture_pose
from cn_zoo.synthesis.labels import label_joints
from cn_zoo.synthesis.rasterizer import rasterize

FOLDER = Path(__file__).parents[1] / "docs/figures"
WIDTH, HEIGHT, NAMES_WIDTH = 400, 480, 170
CAMERA = Camera(1000.0, 1000.0, 195.0, 365.0)
LIGHT = np.array([0.4, -0.4, -0.8])
FLAT = ("flat", (0.0, 0.0, 0.0), (-10.0, -15.0, 600.0))
LOOSE = ("relaxed", (0.0, -50.0, -12.0), (-15.0, -5.0, 600.0))


def main() -> None:
    """Write the three figures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for skeleton in SKELETONS.values():
        panels = [_panel(skeleton, *FLAT, numbered=True), _panel(skeleton, *LOOSE, numbered=False), _names(skeleton)]
        Image.fromarray(np.concatenate(panels, axis=1)).quantize(128).save(
            FOLDER / f"skeleton_{skeleton.name}.png", optimize=True
        )


def _panel(
    skeleton: Skeleton, gesture: str, turn: tuple[float, ...], place: tuple[float, ...], numbered: bool
) -> np.ndarray:
    rotation = Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
    hand = HandModel.load().mean_shape().pose(gesture_pose(gesture), rotation, np.array(place))
    image = Image.fromarray(_shaded(rasterize(hand.vertices, hand.faces, CAMERA, WIDTH, HEIGHT)))
    draw = ImageDraw.Draw(image)
    points = [tuple(uvd[:2]) for uvd in CAMERA.xyz_to_uvd(label_joints(hand, skeleton.name))]
    for parent, child in skeleton.bones:
        draw.line([points[parent], points[child]], fill=skeleton.colours[child], width=3)
    for number, (u, v) in enumerate(points):
        draw.ellipse((u - 4, v - 4, u + 4, v + 4), fill=skeleton.colours[number], outline=(0, 0, 0))
        if numbered:
            draw.text((u + 6, v - 7), str(number), fill=(0, 0, 0), font=ImageFont.load_default(13))
    return np.asarray(image)


def _names(skeleton: Skeleton) -> np.ndarray:
    image = Image.new("RGB", (NAMES_WIDTH, HEIGHT), (255, 255, 255))
    draw, font, line = ImageDraw.Draw(image), ImageFont.load_default(14), 21
    top = (HEIGHT - line * len(skeleton)) / 2
    for number, (name, colour) in enumerate(zip(skeleton.joints, skeleton.colours, strict=True)):
        middle = top + (number + 0.5) * line
        draw.ellipse((8, middle - 4, 16, middle + 4), fill=colour, outline=(0, 0, 0))
        draw.text((44, middle), str(number), fill=(0, 0, 0), font=font, anchor="rm")
        draw.text((54, middle), name, fill=(0, 0, 0), font=font, anchor="lm")
    return np.asarray(image)


def _shaded(depth: np.ndarray) -> np.ndarray:
    v, u = np.mgrid[: depth.shape[0], : depth.shape[1]]
    xyz = CAMERA.uvd_to_xyz(np.stack([u, v, depth], axis=-1))
    normals = np.cross(np.gradient(xyz, axis=1), np.gradient(xyz, axis=0))
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    shade = 110.0 + 110.0 * np.abs(normals / length @ (LIGHT / np.linalg.norm(LIGHT)))
    grey = np.where(depth > 0, shade, 255.0).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


if __name__ == "__main__":
    main()
