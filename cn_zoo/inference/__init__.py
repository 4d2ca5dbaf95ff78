"""From depth images to hand poses, without a deep-learning framework."""

from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.hand_pose_estimator import HANDS, RUNTIMES, HandPoseEstimator
from cn_zoo.inference.hand_tracker import HandTracker
from cn_zoo.inference.one_euro import JOINT_SMOOTHING, OneEuro, OneEuroFilter

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
