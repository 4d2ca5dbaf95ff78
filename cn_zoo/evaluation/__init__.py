"""Scores of predicted joints, by the field's protocols."""

from cn_zoo.evaluation.calibration import Calibration, calibrate
from cn_zoo.evaluation.evaluate_files import evaluate_files
from cn_zoo.evaluation.evaluate_model import ModelPredictions, evaluate_predictions, predict_dataset
from cn_zoo.evaluation.evaluation import Evaluation, PartError, evaluate_joints
from cn_zoo.evaluation.joint_text import read_joints, write_joints
from cn_zoo.evaluation.metrics import (
    THRESHOLDS_MM,
    area_under_curve,
    bootstrap_interval,
    fraction_within,
    joint_errors,
)
from cn_zoo.evaluation.plot import check_plot, plot_evaluation
from cn_zoo.evaluation.protocol import PROTOCOLS, Protocol
from cn_zoo.evaluation.published import PublishedResult, published_results
from cn_zoo.evaluation.viewpoint import ViewpointBin, errors_by_viewpoint, palm_angles

__all__ = [
    "PROTOCOLS",
    "THRESHOLDS_MM",
    "Calibration",
    "Evaluation",
    "ModelPredictions",
    "PartError",
    "Protocol",
    "PublishedResult",
    "ViewpointBin",
    "area_under_curve",
    "bootstrap_interval",
    "calibrate",
    "check_plot",
    "errors_by_viewpoint",
    "evaluate_files",
    "evaluate_joints",
    "evaluate_predictions",
    "fraction_within",
    "joint_errors",
    "palm_angles",
    "plot_evaluation",
    "predict_dataset",
    "published_results",
    "read_joints",
    "write_joints",
]
