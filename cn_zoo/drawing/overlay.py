"""A hand pose drawn over the depth image that it was found in."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cn_zoo.drawing.colour_map import map_colours
from cn_zoo.geometry import PART_COLOURS, HandCrop, Skeleton

_LEAST_WIDTH = 960
_SMOOTHING = 3  # the skeleton is drawn this much larger and reduced
_HOLE = (9, 9, 12)
_CAPTION_GROUND = (24, 24, 28)
_CAPTION_TEXT = (222, 222, 226)
_HAND_MARGIN_MM = 25.0
_HAND_ASIDE_MM = 40.0
_STRIP_ROWS = 256


def draw_overlay(
    depth_mm: np.ndarray,
    uvd: np.ndarray,
    skeleton: Skeleton,
    sigma_mm: np.ndarray | None = None,
    confidence: float | None = None,
    crop: HandCrop | None = None,
) -> Image.Image:
    """Draw joints and bones, coloured by finger, over a depth image.

    The hand's depth range has the full colour map (near is bright), everything behind or aside recedes into grey.
    A joint's halo has the radius of its sigma, at the scale of the crop; the surer a joint, the more solid.

    Args:
        depth_mm: ``(H, W)`` depth in mm; 0, negative and non-finite mean no measurement.
        uvd: ``(J, 3)`` joints (u px, v px, d mm).
        skeleton: their names, bones and colours.
        sigma_mm: ``(J,)`` standard deviations; without them there are no halos.
        confidence: 0 to 1, shown as a bar in the caption.
        crop: the cube that the network saw; its window is framed.

    Returns:
        An RGB image, enlarged by a whole factor to at least 960 columns, with a caption below.
    """
    uvd = np.asarray(uvd, dtype=np.float64)
    scale = max(1, -(-_LEAST_WIDTH // depth_mm.shape[1]))
    near, far = _depth_range(uvd)
    pixels_per_mm = _pixels_per_mm(uvd, crop)
    picture = Image.fromarray(_paint(np.asarray(depth_mm), uvd, near, far, _HAND_ASIDE_MM * pixels_per_mm))
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC)
    if crop is not None:
        _frame_window(picture, crop, scale)
    # Pixel centres are at integers: the middle of the first enlarged pixel is at (scale - 1) / 2.
    points = uvd[:, :2] * scale + (scale - 1) / 2
    _paste_skeleton(picture, points, skeleton, sigma_mm, pixels_per_mm * scale)
    return _with_caption(picture, skeleton, confidence, near, far)


def _depth_range(uvd: np.ndarray) -> tuple[float, float]:
    """The hand's depths with a margin, mm; joints lie inside the hand, behind what the camera sees."""
    return float(uvd[:, 2].min() - _HAND_MARGIN_MM), float(uvd[:, 2].max() + _HAND_MARGIN_MM)


def _paint(depth: np.ndarray, uvd: np.ndarray, near: float, far: float, margin: float) -> np.ndarray:
    """``(H, W, 3)`` uint8: the depth image in colours, strip by strip, as a large one takes gigabytes at once."""
    height, width = depth.shape
    colours = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        rows = np.arange(top, min(top + _STRIP_ROWS, height))
        nearby = _closeness(rows, np.arange(width), uvd, margin)
        colours[rows] = _depth_colours(depth[rows].astype(np.float32), near, far, nearby)
    return colours


def _closeness(rows: np.ndarray, columns: np.ndarray, uvd: np.ndarray, margin: float) -> np.ndarray:
    """``(H, W)`` 1 in the joints' bounding box and ``margin`` pixels around it, falling to 0 over as much again."""
    first, last = uvd[:, :2].min(axis=0), uvd[:, :2].max(axis=0)
    aside = [
        np.maximum(first[axis] - places, places - last[axis]) / margin - 1
        for axis, places in enumerate((columns[None, :], rows[:, None]))
    ]
    return 1 - np.clip(np.hypot(np.maximum(aside[0], 0), np.maximum(aside[1], 0)), 0, 1)


def _depth_colours(depth: np.ndarray, near: float, far: float, nearby: np.ndarray) -> np.ndarray:
    """``(H, W, 3)`` uint8: colours for the hand's depths close to it, else grey; near black without measurement."""
    measured = np.isfinite(depth) & (depth > 0)
    depth = np.where(measured, depth, 0)
    hand = map_colours(0.95 - 0.6 * (depth - near) / (far - near)).astype(np.float32)
    grey = 24 + 84 / (1 + np.exp(np.clip((depth - far) / 220, -30, 30)))
    scene = grey[..., None] * np.array([0.92, 0.94, 1.1], dtype=np.float32)
    # A short blend in depth, too: joints say only roughly where the hand ends.
    share = (nearby * (1 - np.clip((depth - far) / 40, 0, 1)))[..., None]
    colours = np.where(measured[..., None], scene + share * (hand - scene), _HOLE)
    return np.rint(np.clip(colours, 0, 255)).astype(np.uint8)


def _frame_window(picture: Image.Image, crop: HandCrop, scale: int) -> None:
    columns, rows = crop.window()
    box = [columns.min() * scale, rows.min() * scale, (columns.max() + 1) * scale - 1, (rows.max() + 1) * scale - 1]
    ImageDraw.Draw(picture).rectangle([float(edge) for edge in box], outline=(120, 124, 140))


def _pixels_per_mm(uvd: np.ndarray, crop: HandCrop | None) -> float:
    """Image pixels per mm at the hand; without a crop, as if the joints' larger extent were 150 mm."""
    if crop is not None:
        # What is framed, in whole pixels, shows the whole cube.
        return (np.ptp(crop.window()[0]) + 1) / crop.cube_mm
    return max(1.0, float(np.ptp(uvd[:, :2], axis=0).max())) / 150


def _paste_skeleton(
    picture: Image.Image, points: np.ndarray, skeleton: Skeleton, sigma_mm: np.ndarray | None, pixels_per_mm: float
) -> None:
    """Draw the skeleton large on a transparent patch around the hand and lay it over the picture, reduced."""
    line = float(np.clip(2.6 * pixels_per_mm, 2.0, 7.0))
    halos = np.zeros(len(points)) if sigma_mm is None else np.asarray(sigma_mm, dtype=np.float64) * pixels_per_mm
    margin = max(line, float(halos.max())) * 2 + 4
    left, top = np.floor(np.maximum(points.min(axis=0) - margin, 0)).astype(int)
    right, bottom = np.ceil(np.minimum(points.max(axis=0) + margin, picture.size)).astype(int)
    if right <= left or bottom <= top:
        return  # a centre given by hand may put all joints outside the picture
    size = (int(right - left), int(bottom - top))
    large = (size[0] * _SMOOTHING, size[1] * _SMOOTHING)
    places = (points - (left, top) + 0.5) * _SMOOTHING
    solidity = np.ones(len(points)) if sigma_mm is None else np.clip(1.25 - np.asarray(sigma_mm) / 40, 0.35, 1.0)
    layers = [
        _halos(large, places, skeleton, halos * _SMOOTHING),
        _bones(large, places, skeleton, solidity, line * _SMOOTHING),
        _joints(large, places, skeleton, solidity, line * _SMOOTHING),
    ]
    for layer in layers:
        reduced = layer.resize(size, Image.Resampling.BOX)
        picture.paste(reduced, (int(left), int(top)), reduced)


def _halos(size: tuple[int, int], places: np.ndarray, skeleton: Skeleton, radii: np.ndarray) -> Image.Image:
    layer, pen = _layer(size)
    for place, radius, colour in zip(places, radii, skeleton.colours, strict=True):
        if radius > 0:
            pen.ellipse(_disc(place, radius), fill=(*colour, 56), outline=(*colour, 150), width=_SMOOTHING)
    return layer


def _bones(
    size: tuple[int, int], places: np.ndarray, skeleton: Skeleton, solidity: np.ndarray, width: float
) -> Image.Image:
    layer, pen = _layer(size)
    for outline in (True, False):
        for parent, child in skeleton.bones:
            ends = [tuple(places[parent]), tuple(places[child])]
            alpha = round(255 * (solidity[parent] + solidity[child]) / 2)
            if outline:  # dark, so that every colour stands out from every depth
                pen.line(ends, fill=(10, 10, 14, alpha), width=round(width + 2.4 * _SMOOTHING))
            else:
                pen.line(ends, fill=(*skeleton.colours[child], alpha), width=round(width))
    return layer


def _joints(
    size: tuple[int, int], places: np.ndarray, skeleton: Skeleton, solidity: np.ndarray, width: float
) -> Image.Image:
    layer, pen = _layer(size)
    for place, colour, alpha in zip(places, skeleton.colours, np.rint(255 * solidity).astype(int), strict=True):
        pen.ellipse(_disc(place, width * 0.95 + 1.2 * _SMOOTHING), fill=(10, 10, 14, int(alpha)))
        pen.ellipse(_disc(place, width * 0.95), fill=(*colour, int(alpha)))
        pen.ellipse(_disc(place, width * 0.35), fill=(255, 255, 255, int(alpha)))
    return layer


def _layer(size: tuple[int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    return layer, ImageDraw.Draw(layer)


def _disc(place: np.ndarray, radius: float) -> list[float]:
    return [place[0] - radius, place[1] - radius, place[0] + radius, place[1] + radius]


def _with_caption(
    picture: Image.Image, skeleton: Skeleton, confidence: float | None, near: float, far: float
) -> Image.Image:
    """Add a strip with the fingers' colours, the depth scale and the confidence."""
    height = 44
    whole = Image.new("RGB", (picture.width, picture.height + height), _CAPTION_GROUND)
    whole.paste(picture, (0, 0))
    pen = ImageDraw.Draw(whole)
    font = ImageFont.load_default(17)
    middle = picture.height + height // 2
    x = 16
    for part in (part for part in PART_COLOURS if part in skeleton.parts):
        pen.ellipse(_disc(np.array([x + 6, middle]), 6), fill=PART_COLOURS[part])
        pen.text((x + 18, middle), part, fill=_CAPTION_TEXT, font=font, anchor="lm")
        x += 18 + round(pen.textlength(part, font=font)) + 18
    x = _depth_scale(whole, x + 10, middle, near, far, font)
    if confidence is not None:
        _confidence_bar(pen, whole.width - 16, middle, confidence, font)
    return whole


def _depth_scale(whole: Image.Image, x: int, middle: int, near: float, far: float, font: ImageFont.FreeTypeFont) -> int:
    pen = ImageDraw.Draw(whole)
    for text, after in ((f"{near:.0f}", True), (f"{far:.0f} mm", False)):
        pen.text((x, middle), text, fill=_CAPTION_TEXT, font=font, anchor="lm")
        x += round(pen.textlength(text, font=font)) + 8
        if after:
            ramp = map_colours(np.tile(np.linspace(0.95, 0.35, 90), (12, 1)))
            whole.paste(Image.fromarray(ramp), (x, middle - 6))
            x += 98
    return x


def _confidence_bar(
    pen: ImageDraw.ImageDraw, right: int, middle: int, confidence: float, font: ImageFont.FreeTypeFont
) -> None:
    """Red to green by way of yellow, with the number."""
    text = f"confidence {confidence:.2f}"
    pen.text((right, middle), text, fill=_CAPTION_TEXT, font=font, anchor="rm")
    end = right - round(pen.textlength(text, font=font)) - 10
    colour = (round(230 * min(1.0, 2 - 2 * confidence)), round(190 * min(1.0, 2 * confidence)), 70)
    pen.rectangle([end - 80, middle - 6, end, middle + 6], outline=(90, 92, 100))
    if confidence > 0:
        pen.rectangle([end - 80, middle - 6, end - 80 + 80 * confidence, middle + 6], fill=colour)
