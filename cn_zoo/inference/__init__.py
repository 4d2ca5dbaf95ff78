"""From depth images to hand poses, without a deep-learning framework."""

from cn_zoo.inference.estimator import HANDS, HandPoseEstimator
from cn_zoo.inference.hand_pose import HandPose

__all__ = ["HANDS", "HandPose", "HandPoseEstimator"]
