"""From depth images to hand poses, without a deep-learning framework."""

from cn_zoo.inference.estimator import HANDS, RUNTIMES, HandPoseEstimator
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.one_euro import JOINT_SMOOTHING, OneEuro, OneEuroFilter
from cn_zoo.inference.tracking import HandTracker

__all__ = [
    "HANDS",
    "JOINT_SMOOTHING",
    "RUNTIMES",
    "HandPose",
    "HandPoseEstimator",
    "HandTracker",
    "OneEuro",
    "OneEuroFilter",
]
