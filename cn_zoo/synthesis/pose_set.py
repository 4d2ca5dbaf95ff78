"""Poses without pictures, for the pose VAE."""

from __future__ import annotations

import numpy as np

from cn_zoo.geometry import HandCrop
from cn_zoo.synthesis.presets import SynthesisPreset
from cn_zoo.synthesis.setting import draw_setting
from cn_zoo.synthesis.split import sample_generator


def draw_poses(preset: SynthesisPreset, seed: int, count: int, split: str = "train") -> np.ndarray:
    """Poses of a preset's hands in cubes about their centres.

    Returns:
        (count, J, 3) float32 crop coordinates, units of 50 mm, of the preset's skeleton.
    """
    return np.stack([_draw_pose(preset, seed, index, split) for index in range(count)])


def _draw_pose(preset: SynthesisPreset, seed: int, index: int, split: str) -> np.ndarray:
    setting = draw_setting(preset, sample_generator(seed, index, split), split, binned=False)
    camera = setting.lens.camera
    crop = HandCrop(camera, tuple(camera.xyz_to_uvd(setting.center)), preset.cube_mm)
    return crop.uvd_to_crop(camera.xyz_to_uvd(setting.joints[preset.name])).astype(np.float32)
