"""Places of whole synthetic frames that the hand locator takes for hands, rightly or wrongly, as crops."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cn_zoo.geometry import CROP_SIZE, LABELLED, Camera, HandCrop
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.locator_frame import draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.visibility import LEAST_SEEN

#: Less likely places, by the locator's word, teach nothing that it does not know.
_LEAST_LIKELY = 0.004
#: A place nearer to a hand's centre is that hand, one farther from all is none, and one between is neither, in mm.
_HAND_MM, _NONE_MM = 60.0, 100.0


class HandPlaces(NamedTuple):
    """Crops, as a pose estimator sees them, of N places.

    Attributes:
        depth: (N, 128, 128, 1) float32 in [-1, 1].
        is_hand: (N,) bool.
    """

    depth: np.ndarray
    is_hand: np.ndarray


class _Hands(NamedTuple):
    """What hands are in a frame: their centres (K, 3) xyz mm, and how much of each is seen (K,)."""

    centers: np.ndarray
    seen: np.ndarray


def draw_hand_places(name: str, seed: int, start: int, count: int, split: str = "train") -> HandPlaces:
    """Places of frames ``start`` to ``start + count - 1``; they depend on the arguments only.

    Every second frame is one of the preset's own, half of these in a mirror; the others are of any camera, with one
    hand, two, or none.

    Args:
        name: of a preset of the synthetic hands, whose centres and crop cube are meant.
        seed: of the sequence.
        start, count: which frames.
        split: one of `SPLITS`.
    """
    parts = [_places_of(name, *_draw(name, seed, index, split)) for index in range(start, start + count)]
    return HandPlaces(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _draw(name: str, seed: int, index: int, split: str) -> tuple[np.ndarray, Camera, _Hands]:
    if index % 2:
        frame = draw_locator_frame(seed, index, split)
        return frame.depth_mm, frame.camera, _Hands(frame.centers[:, LABELLED.index(name)], frame.seen)
    preset = PRESETS[name]
    # Of a second hand no frame tells where it is.
    own = draw_frame(replace(preset, scene=replace(preset.scene, second_hand=0.0)), seed, index, split)
    own = own.mirrored() if index % 4 else own
    center = own.joints[name].mean(axis=0)
    return own.depth_mm, own.camera, _Hands(center[None], np.ones(1))


def _places_of(name: str, depth_mm: np.ndarray, camera: Camera, hands: _Hands) -> HandPlaces:
    crops, truths = [np.empty((0, CROP_SIZE, CROP_SIZE, 1), np.float32)], []
    for place in HandLocator.load().candidates(depth_mm, camera, name):
        off = np.linalg.norm(hands.centers - camera.uvd_to_xyz(np.array(place.center_uvd)), axis=1)
        nearest = off.argmin()
        is_hand, is_none = off[nearest] < _HAND_MM and hands.seen[nearest] >= LEAST_SEEN, off[nearest] > _NONE_MM
        # What has left the view has a place all the same, and is not there.
        is_none |= not hands.seen.any()
        if place.confidence >= _LEAST_LIKELY and (is_hand or is_none):
            crop = HandCrop(camera, place.center_uvd, PRESETS[name].cube_mm)
            crops.append(crop.cut(depth_mm)[None, ..., None])
            truths.append(is_hand)
    return HandPlaces(np.concatenate(crops), np.array(truths, bool))
