"""What the hand locator and the pose network say of a place, put together: is it a hand, and of which side?

The locator sees what hands look like from afar. The pose network, which was never shown anything else, is unsure of its
joints wherever there is none, or where it is one of the other side; and its two heads have log odds of their own on
both, learned on what the locator takes for hands. ``tools/fit_hand_choice.py`` fits the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.log_odds import log_odds, to_probability

#: Log odds that a place is a hand: a constant, and factors of the locator's log odds, of the pose network's
#: `log_sigma_ratio`, and of its `hand_log_odds`.
_BIAS, _LOCATOR, _SIGMA_RATIO, _HEAD = -0.92, 0.84, -1.36, 0.65
#: Log odds that a hand is a right one: factors of the locator's, of the `side_log_sigma_ratio`, and of the
#: `side_log_odds`.
_LOCATOR_SIDE, _SIGMA_RATIO_SIDE, _HEAD_SIDE = 0.25, 0.88, 1.09
#: Which side a hand is of is open up to these log odds for either.
_OPEN_SIDE = 3.0
#: The hand head counts up to these log odds against a hand, and for one: real hands are doubtful to a network that
#: learned from synthetic ones.
_MOST_AGAINST, _MOST_FOR = 1.0, 4.0
#: A larger log sigma ratio than this counts no more: real hands before a real camera are all unusual to a network that
#: learned from synthetic ones, and must not be refused for it.
_MOST_SIGMA_RATIO = 1.0


def hand_probability(located: float, pose: HandPose, usual_mm: float) -> float:
    """Probability that a place is a hand.

    Args:
        located: that probability by the locator alone.
        pose: as the pose network sees it there.
        usual_mm: the mean of a usual hand's deviations.
    """
    seen = _SIGMA_RATIO * log_sigma_ratio(pose.sigma, usual_mm) + _HEAD * hand_log_odds(pose)
    return to_probability(_BIAS + _LOCATOR * log_odds(located) + seen)


def log_sigma_ratio(sigma: np.ndarray, usual_mm: float) -> float:
    """How many times (logarithm) the mean of deviations ``(J,)`` is what it usually is on a hand, up to a limit."""
    return min(math.log(float(np.mean(sigma)) / usual_mm), _MOST_SIGMA_RATIO)


def hand_log_odds(pose: HandPose) -> float:
    """The hand head's log odds of a hand, within what they are believed."""
    return min(max(log_odds(pose.shows_hand), -_MOST_AGAINST), _MOST_FOR)


def right_probability(located: float, looks: Sequence[tuple[HandPose, HandPose]]) -> float:
    """Probability that a hand is a right one.

    Args:
        located: that probability by the locator alone; 0.5 if it was not asked.
        looks: the hand taken for a right, and for a left one; several such looks count as their mean.
    """
    seen = [
        _SIGMA_RATIO_SIDE * side_log_sigma_ratio(right.sigma, left.sigma) + _HEAD_SIDE * side_log_odds(right, left)
        for right, left in looks
    ]
    return to_probability(_LOCATOR_SIDE * log_odds(located) + float(np.mean(seen)))


def is_side_open(right: float) -> bool:
    """Whether a hand that is a right one with this probability is worth further looks."""
    return abs(log_odds(right)) < _OPEN_SIDE


def side_log_sigma_ratio(right: np.ndarray, left: np.ndarray) -> float:
    """How many times (logarithm, the joints' mean) deviations ``(J,)`` as a left hand are those as a right one."""
    return float(np.mean(np.log(left / right)))


def side_log_odds(right: HandPose, left: HandPose) -> float:
    """The side head's log odds that a hand is a right one, from its looks at it as one of either side."""
    return (log_odds(right.fits_side) - log_odds(left.fits_side)) / 2
