"""What the hand locator and the pose network say of a place, put together: is it a hand, and of which side?

The locator sees what hands look like from afar. The pose network, which was never shown anything else, is unsure of its
joints wherever there is none, or where it is one of the other side; and it has a word of its own on both, learned on
what the locator takes for hands. ``tools/fit_hand_choice.py`` fits the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.inference.distinct_hands import distinct_hands
from cn_zoo.inference.hand_location import HandLocation, no_hand_error
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.log_odds import log_odds, to_probability

#: What the locator alone finds less likely to be a hand is not looked at.
_WORTH_A_LOOK = 0.02
#: What both together find less likely is no hand.
_LEAST_PROBABILITY = 0.15
#: What is found once hands are taken out of the image must be likelier: parts of them and their arms are left.
_LEAST_BESIDE = 0.35
#: Log odds that a place is a hand: a constant, and factors of the locator's log odds, of the pose network's surprise,
#: and of its `hand_word`.
_BIAS, _LOCATOR, _SURPRISE, _WORD = -0.92, 0.84, -1.36, 0.65
#: Log odds that a hand is a right one: factors of the locator's, of the `inclination`, and of the `side_word`.
_LOCATOR_SIDE, _DEVIATION_SIDE, _WORD_SIDE = 0.25, 0.88, 1.09
#: A hand that was taken for one of some side is looked at as one of the other as well where the locator or the pose
#: network finds its side less likely than this, or the latter is more surprised; and less likely than the last number
#: is wrong.
_DOUBTED_SIDE, _DOUBTFUL_SURPRISE, _WRONG_SIDE = 0.2, 0.3, 0.1
#: Which side a hand is of is open up to these log odds for either.
_OPEN_SIDE = 3.0
#: The pose network's own word on what is a hand counts up to these log odds against one, and for one: real hands are
#: doubtful to a network that learned from synthetic ones.
_MOST_AGAINST, _MOST_FOR = 1.0, 4.0
#: More surprise than this counts no more: real hands before a real camera are all a surprise to a network that learned
#: from synthetic ones, and must not be refused for it.
_MOST_SURPRISE = 1.0


class ChosenHand(NamedTuple):
    """A place, with the probability that it is a hand, and the pose estimated from it."""

    place: HandLocation
    pose: HandPose


def choose_hands(
    search: Callable[[Sequence[HandLocation]], Sequence[HandLocation]],
    look_at: Callable[[HandLocation, str], HandPose],
    hand: str,
    count: int,
    usual_mm: float,
    least: float,
) -> list[ChosenHand]:
    """Look at the places that the locator names, and keep those that are hands.

    Where they are fewer than wanted, or none is clearly of the wanted side, the locator is asked for more beside them.

    Args:
        search: hands that are known to the places where others may be.
        look_at: ``(place, hand)`` to the pose estimated there; may raise ``NoHandError``.
        hand: ``"auto"``, or the side whose hands come first.
        count: how many hands at most.
        usual_mm: the mean of a usual hand's deviations; 0: not known, and the locator's word counts alone.
        least: the least probability of a hand where it does.

    Returns:
        The likeliest first.

    Raises:
        NoHandError: none is a hand.
    """
    least = _LEAST_PROBABILITY if usual_mm else least
    looks = _looks(search([]), look_at, hand, usual_mm)
    hands = _distinct([look for look in looks if look.place.confidence >= least])
    if not hands:
        raise no_hand_error(looks[0].place.confidence if looks else 0.0)
    if len(hands) < count or (hand != "auto" and all(_is_doubted(*each, usual_mm) for each in hands)):
        more = _looks(search([each.place for each in hands]), look_at, hand, usual_mm)
        hands = _distinct([*hands, *(look for look in more if look.place.confidence >= max(least, _LEAST_BESIDE))])
    if hand != "auto" and len(hands) > 1:
        hands = _wanted_first(hands, look_at)
    return hands[:count]


def _looks(
    places: Sequence[HandLocation], look_at: Callable[[HandLocation, str], HandPose], hand: str, usual_mm: float
) -> list[ChosenHand]:
    """What is seen at the places that are worth a look, the likeliest hand first."""
    looks = []
    for place in places:
        if place.confidence >= _WORTH_A_LOOK:
            with suppress(NoHandError):
                looks.append(_judged(place, look_at(place, hand), usual_mm))
    return sorted(looks, key=lambda look: -look.place.confidence)


def hand_probability(located: float, pose: HandPose, usual_mm: float) -> float:
    """Probability that a place is a hand.

    Args:
        located: that probability by the locator alone.
        pose: as the pose network sees it there.
        usual_mm: the mean of a usual hand's deviations.
    """
    seen = _SURPRISE * surprise(pose.sigma, usual_mm) + _WORD * hand_word(pose)
    return to_probability(_BIAS + _LOCATOR * log_odds(located) + seen)


def surprise(sigma: np.ndarray, usual_mm: float) -> float:
    """How many times (logarithm) the mean of deviations ``(J,)`` is what it usually is on a hand, up to a limit."""
    return min(math.log(float(np.mean(sigma)) / usual_mm), _MOST_SURPRISE)


def hand_word(pose: HandPose) -> float:
    """The pose network's own log odds of a hand, within what they are believed."""
    return min(max(log_odds(pose.shows_hand), -_MOST_AGAINST), _MOST_FOR)


def right_probability(located: float, looks: Sequence[tuple[HandPose, HandPose]]) -> float:
    """Probability that a hand is a right one.

    Args:
        located: that probability by the locator alone; 0.5 if it was not asked.
        looks: the hand taken for a right, and for a left one; several such looks have one word together.
    """
    seen = [
        _DEVIATION_SIDE * inclination(right.sigma, left.sigma) + _WORD_SIDE * side_word(right, left)
        for right, left in looks
    ]
    return to_probability(_LOCATOR_SIDE * log_odds(located) + float(np.mean(seen)))


def is_side_open(right: float) -> bool:
    """Whether a hand that is a right one with this probability is worth further looks."""
    return abs(log_odds(right)) < _OPEN_SIDE


def seems_other_side(
    place: HandLocation, pose: HandPose, look_at: Callable[[HandLocation, str], HandPose], usual_mm: float
) -> bool:
    """Whether a hand is all but surely not of the side that it was taken for.

    Args:
        place: where it is, with the locator's word on its side.
        pose: as one of the side that was wanted.
        look_at: as for `choose_hands`; asked only where there is reason to.
        usual_mm: the mean of a usual hand's deviations; 0: not known.
    """
    return _is_doubted(place, pose, usual_mm) and _side_probability(place, pose, look_at) < _WRONG_SIDE


def inclination(right: np.ndarray, left: np.ndarray) -> float:
    """How many times (logarithm, the joints' mean) deviations ``(J,)`` as a left hand are those as a right one."""
    return float(np.mean(np.log(left / right)))


def side_word(right: HandPose, left: HandPose) -> float:
    """The pose network's own log odds that a hand is a right one, from its looks at it as one of either side."""
    return (log_odds(right.fits_side) - log_odds(left.fits_side)) / 2


def _is_doubted(place: HandLocation, pose: HandPose, usual_mm: float) -> bool:
    """Whether there is reason to ask if a hand is of the side that it was taken for."""
    located = place.right if pose.hand == "right" else 1 - place.right
    surprised = usual_mm > 0 and surprise(pose.sigma, usual_mm) > _DOUBTFUL_SURPRISE
    return min(located, pose.fits_side) < _DOUBTED_SIDE or surprised


def _judged(place: HandLocation, pose: HandPose, usual_mm: float) -> ChosenHand:
    if usual_mm:
        place = replace(place, confidence=hand_probability(place.confidence, pose, usual_mm))
    return ChosenHand(place, pose)


def _distinct(looks: Sequence[ChosenHand]) -> list[ChosenHand]:
    return distinct_hands(looks, lambda look: look.pose.xyz.mean(axis=0))


def _wanted_first(hands: Sequence[ChosenHand], look_at: Callable[[HandLocation, str], HandPose]) -> list[ChosenHand]:
    """Hands in the order of the probability that they are some of the side that they were taken for."""
    ranks = []
    for place, pose in hands:
        ranks.append(place.confidence * _side_probability(place, pose, look_at))
    return [hands[index] for index in np.argsort(np.negative(ranks), kind="stable")]


def _side_probability(place: HandLocation, pose: HandPose, look_at: Callable[[HandLocation, str], HandPose]) -> float:
    """Probability that a hand is of the side that it was taken for; the pose network sees it as the other one, too."""
    if pose.hand == "right":
        return right_probability(place.right, [(pose, look_at(place, "left"))])
    return 1 - right_probability(place.right, [(look_at(place, "right"), pose)])
