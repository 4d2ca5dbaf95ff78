"""The networks, as Keras functional models."""

from cn_zoo.models.architecture import ARCHITECTURES, Architecture
from cn_zoo.models.discriminator import build_metric_head, build_realness_head, build_trunk
from cn_zoo.models.generator import build_generator, initialize_points
from cn_zoo.models.hand_head import HAND_HEAD, HEAD_NORM, SIDE_HEAD, build_hand_head, build_side_head
from cn_zoo.models.keras_file import load_keras_file, save_keras_file
from cn_zoo.models.mapping import build_mapping
from cn_zoo.models.networks import NETWORKS, Networks
from cn_zoo.models.pose_estimator import (
    SIGMA_CALIBRATION,
    build_pose_estimator,
    evidence_of,
    posterior_evidence,
    set_head,
    set_sigma_calibration,
    spreads_of,
)
from cn_zoo.models.pose_vae import build_pose_decoder, build_pose_encoder, initialize_from_poses
from cn_zoo.models.posterior import build_posterior_head

__all__ = [
    "ARCHITECTURES",
    "HAND_HEAD",
    "HEAD_NORM",
    "NETWORKS",
    "SIDE_HEAD",
    "SIGMA_CALIBRATION",
    "Architecture",
    "Networks",
    "build_generator",
    "build_hand_head",
    "build_mapping",
    "build_metric_head",
    "build_pose_decoder",
    "build_pose_encoder",
    "build_pose_estimator",
    "build_posterior_head",
    "build_realness_head",
    "build_side_head",
    "build_trunk",
    "evidence_of",
    "initialize_from_poses",
    "initialize_points",
    "load_keras_file",
    "posterior_evidence",
    "save_keras_file",
    "set_head",
    "set_sigma_calibration",
    "spreads_of",
]
