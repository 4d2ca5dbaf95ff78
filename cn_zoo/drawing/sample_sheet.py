"""Hands out of the shared latent space: each as a pose and as a depth map, side by side."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from cn_zoo.drawing.contact_sheet import contact_sheet
from cn_zoo.drawing.crop_picture import crop_picture
from cn_zoo.geometry import CUBE_MM, POSE_UNIT_MM, Skeleton

_SIZE = 256
_SMOOTHING = 3  # skeletons are drawn this much larger and reduced
_GROUND = (9, 9, 12)
_PAIRS_A_ROW = 4
#: A generator comes near +1, the background, and never reaches it.
_BACKGROUND = 0.9


def draw_samples(depth: np.ndarray, pose: np.ndarray, skeleton: Skeleton, cube_mm: float = CUBE_MM) -> Image.Image:
    """Draw pairs, four in a row: the pose's skeleton, coloured by finger, left of the depth map, near bright.

    Args:
        depth: ``(N, S, S, 1)`` crops in [-1, 1], +1 background.
        pose: ``(N, J, 3)`` crop coordinates in units of 50 mm.
        skeleton: whose joints and bones they are.
        cube_mm: edge of the crop cube; a skeleton's picture shows just that.

    Raises:
        ValueError: there are no pairs.
    """
    pictures = []
    for crop, joints in zip(depth, pose, strict=True):
        pictures.append(_draw_skeleton(joints, skeleton, cube_mm))
        seen = np.where(crop[..., 0] > _BACKGROUND, 1.0, crop[..., 0])
        pictures.append(crop_picture(seen).resize((_SIZE, _SIZE), Image.Resampling.LANCZOS))
    return contact_sheet(pictures, 2 * _PAIRS_A_ROW)


def _draw_skeleton(joints: np.ndarray, skeleton: Skeleton, cube_mm: float) -> Image.Image:
    size = _SIZE * _SMOOTHING
    places = (np.asarray(joints)[:, :2] * POSE_UNIT_MM / cube_mm + 0.5) * size
    picture = Image.new("RGB", (size, size), _GROUND)
    brush = ImageDraw.Draw(picture)
    # What is nearer is drawn later, over what is behind.
    for parent, child in sorted(skeleton.bones, key=lambda bone: -joints[list(bone), 2].mean()):
        line = [tuple(places[parent]), tuple(places[child])]
        brush.line(line, fill=skeleton.colours[child], width=5 * _SMOOTHING)
        for x, y in line:
            radius = 3.5 * _SMOOTHING
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=skeleton.colours[child])
    return picture.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)
