"""A hand pose for tests of what is made of one."""

import numpy as np

from cn_zoo.geometry import CAMERAS, SKELETONS, HandCrop
from cn_zoo.inference import HandPose

CAMERA = CAMERAS["nyu"]
MIDDLE = (320.0, 240.0, 600.0)


def made_up_pose(sigma_mm, side="right", place=MIDDLE, **heads):
    """A hand whose joints all lie at a place (u px, v px, d mm), and what the network's heads say of it."""
    xyz = CAMERA.uvd_to_xyz(np.tile(place, (14, 1)))
    return HandPose(
        xyz=xyz,
        uvd=CAMERA.xyz_to_uvd(xyz),
        sigma=np.full(14, sigma_mm),
        latent=np.zeros(23),
        confidence=1.0,
        hand=side,
        skeleton=SKELETONS["nyu"],
        camera=CAMERA,
        crop=HandCrop(CAMERA, place),
        **heads,
    )
