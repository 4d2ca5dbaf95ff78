"""A model of the paper's scale with random weights, as a folder: what an export needs, made in a second."""

from pathlib import Path

import keras

from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.models import (
    ARCHITECTURES,
    build_pose_decoder,
    build_pose_estimator,
    build_posterior_head,
    build_trunk,
)
from cn_zoo.zoo import FileRecord, Preset
from cn_zoo.zoo.save_preset import save_preset


def save_untrained_model(folder: Path) -> Preset:
    keras.utils.set_random_seed(3)
    architecture, skeleton, camera = ARCHITECTURES["paper"], SKELETONS["icvl"], CAMERAS["icvl"]
    estimator = build_pose_estimator(
        build_trunk(architecture),
        build_posterior_head(architecture, skeleton, 250.0),
        build_pose_decoder(architecture, skeleton),
        skeleton,
    )
    estimator.save(folder / "estimator.keras")
    preset = Preset(
        name="untrained",
        skeleton="icvl",
        camera=(camera.fx, camera.fy, camera.cx, camera.cy),
        cube_mm=250.0,
        hand="right",
        architecture="paper",
        latent_size=23,
        training_data="none",
        licence="Apache-2.0",
        protocol="none",
        errors_mm={},
        parameters=estimator.count_params(),
        files={"estimator": FileRecord.of(folder / "estimator.keras")},
    )
    save_preset(preset, folder)
    return preset
