"""A model's record for tests that need one and not a model."""

from __future__ import annotations

from cn_zoo.geometry import CAMERAS
from cn_zoo.zoo import Preset


def made_up_preset(skeleton="nyu", **facts):
    """A record of a right hand's network of the paper's scale, before the skeleton's own camera, without files."""
    camera = CAMERAS[skeleton]
    usual = {
        "name": "made-up", "camera": (camera.fx, camera.fy, camera.cx, camera.cy), "cube_mm": 250.0, "hand": "right",
        "architecture": "paper", "latent_size": 23, "training_data": "none", "licence": "none", "protocol": "none",
        "errors_mm": {}, "parameters": 0, "files": {},
    }  # fmt: skip
    return Preset(skeleton=skeleton, **{**usual, **facts})
