"""Which of the places that the hand locator names are hands, and the wanted ones; `hand_odds` tells how likely."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.inference._image_looks import ImageLooks
from cn_zoo.inference.hand_odds import hand_probability, log_sigma_ratio, right_probability
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.localisation.distinct_hands import distinct_hands
from cn_zoo.inference.localisation.hand_location import HandLocation, no_hand_error
from cn_zoo.inference.localisation.hand_locator import HandLocator

#: What the locator alone finds less likely to be a hand is not looked at.
_WORTH_A_LOOK = 0.02
#: What both together find less likely is no hand.
_LEAST_PROBABILITY = 0.15
#: What is found once hands are taken out of the image must be likelier: parts of them and their arms are left.
_LEAST_BESIDE = 0.35
#: A hand that was taken for one of some side is looked at as one of the other as well where the locator or the pose
#: network finds its side less likely than this, or the latter's log sigma ratio is larger; and less likely than the
#: last number is wrong.
_DOUBTED_SIDE, _DOUBTFUL_SIGMA_RATIO, _WRONG_SIDE = 0.2, 0.3, 0.1


class ChosenHand(NamedTuple):
    """A place, with the probability that it is a hand, and the pose estimated from it."""

    place: HandLocation
    pose: HandPose


def choose_hands(locator: HandLocator, looks: ImageLooks, hand: str, count: int) -> list[ChosenHand]:
    """Look at the places that the locator names, and keep those that are hands.

    Where they are fewer than wanted, or none is clearly of the wanted side, the locator is asked for more beside them.
    Where it is not known what deviations a usual hand has, the locator's word counts alone.

    Args:
        locator: names places.
        looks: at the image.
        hand: ``"auto"``, or the side whose hands come first.
        count: how many hands at most.

    Returns:
        The likeliest first.

    Raises:
        NoHandError: none is a hand.
        ValueError: ``count`` is less than 1.
    """
    least = _LEAST_PROBABILITY if looks.usual_mm else locator.record.threshold
    seen = _seen(_search(locator, looks, count, []), looks, hand)
    hands = _distinct([each for each in seen if each.place.confidence >= least])
    if not hands:
        raise no_hand_error(seen[0].place.confidence if seen else 0.0)
    if len(hands) < count or (hand != "auto" and all(_is_doubted(*each, looks.usual_mm) for each in hands)):
        more = _seen(_search(locator, looks, count, hands), looks, hand)
        hands = _distinct([*hands, *(each for each in more if each.place.confidence >= max(least, _LEAST_BESIDE))])
    if hand != "auto" and len(hands) > 1:
        hands = _wanted_first(hands, looks)
    return hands[:count]


def seems_other_side(place: HandLocation, pose: HandPose, looks: ImageLooks) -> bool:
    """Whether a hand is all but surely not of the side that it was taken for.

    Args:
        place: with the locator's word on its side.
        pose: as one of the side that was wanted.
        looks: at the image; another is taken, from where the pose was seen, only where there is reason to.
    """
    return _is_doubted(place, pose, looks.usual_mm) and _side_probability(place, pose, looks) < _WRONG_SIDE


def _search(locator: HandLocator, looks: ImageLooks, count: int, known: Sequence[ChosenHand]) -> list[HandLocation]:
    """Places where hands may be, beside those that are known."""
    centers = [each.place.center_uvd for each in known]
    return locator.candidates(looks.depth_mm, looks.camera, looks.skeleton.name, count, centers)


def _seen(places: Sequence[HandLocation], looks: ImageLooks, hand: str) -> list[ChosenHand]:
    """What is seen at the places that are worth a look, the likeliest hand first."""
    seen = []
    for place in places:
        if place.confidence >= _WORTH_A_LOOK:
            with suppress(NoHandError):
                seen.append(_judged(place, looks.at(place, hand), looks.usual_mm))
    return sorted(seen, key=lambda each: -each.place.confidence)


def _judged(place: HandLocation, pose: HandPose, usual_mm: float) -> ChosenHand:
    if usual_mm:
        place = replace(place, confidence=hand_probability(place.confidence, pose, usual_mm))
    return ChosenHand(place, pose)


def _distinct(hands: Sequence[ChosenHand]) -> list[ChosenHand]:
    return distinct_hands(hands, lambda each: each.pose.xyz.mean(axis=0))


def _wanted_first(hands: Sequence[ChosenHand], looks: ImageLooks) -> list[ChosenHand]:
    """Hands in the order of the probability that they are some of the side that they were taken for."""
    ranks = [place.confidence * _side_probability(place, pose, looks) for place, pose in hands]
    return [hands[index] for index in np.argsort(np.negative(ranks), kind="stable")]


def _is_doubted(place: HandLocation, pose: HandPose, usual_mm: float) -> bool:
    """Whether there is reason to ask if a hand is of the side that it was taken for."""
    located = place.right if pose.hand == "right" else 1 - place.right
    unusual = usual_mm > 0 and log_sigma_ratio(pose.sigma, usual_mm) > _DOUBTFUL_SIGMA_RATIO
    return min(located, pose.fits_side) < _DOUBTED_SIDE or unusual


def _side_probability(place: HandLocation, pose: HandPose, looks: ImageLooks) -> float:
    """Probability that a hand is of the side that it was taken for; the pose network sees it as the other one, too."""
    there = replace(place, center_uvd=pose.center_uvd)
    if pose.hand == "right":
        return right_probability(place.right, [(pose, looks.at(there, "left"))])
    return 1 - right_probability(place.right, [(looks.at(there, "right"), pose)])
