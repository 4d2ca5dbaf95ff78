"""Cameras, skeletons and the crop cube."""

from cn_zoo.geometry.camera import CAMERAS, Camera
from cn_zoo.geometry.crop_turn import turn_crop, turn_joints
from cn_zoo.geometry.hand_crop import CROP_SIZE, CUBE_MM, HAND_RANGE_MM, POSE_UNIT_MM, HandCrop
from cn_zoo.geometry.skeleton import LABELLED, PART_COLOURS, SKELETONS, Skeleton

__all__ = [
    "CAMERAS",
    "CROP_SIZE",
    "CUBE_MM",
    "HAND_RANGE_MM",
    "LABELLED",
    "PART_COLOURS",
    "POSE_UNIT_MM",
    "SKELETONS",
    "Camera",
    "HandCrop",
    "Skeleton",
    "turn_crop",
    "turn_joints",
]
