"""What a network sees, as a picture."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cn_zoo.drawing.colour_map import map_colours

_SCALE = 4


def crop_picture(crop: np.ndarray) -> Image.Image:
    """Draw a crop of ``HandCrop.cut``: near is bright, background black.

    Args:
        crop: ``(S, S)`` depth in [-1, 1], -1 the cube's near face, +1 background.

    Returns:
        An RGB image of ``(4 S, 4 S)`` pixels.
    """
    crop = np.asarray(crop, dtype=np.float32)
    # The far face keeps some colour, so that the hand's rear differs from background.
    colours = np.where((crop < 1)[..., None], map_colours(0.6 - 0.4 * crop), np.uint8(0))
    height, width = crop.shape
    return Image.fromarray(colours).resize((width * _SCALE, height * _SCALE), Image.Resampling.NEAREST)
