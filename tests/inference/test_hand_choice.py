from types import SimpleNamespace

import pytest
from made_up_pose import CAMERA, MIDDLE, made_up_pose

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import SKELETONS
from cn_zoo.inference.hand_choice import choose_hands, seems_other_side
from cn_zoo.inference.localisation.hand_location import HandLocation

ASIDE, NEAR_ASIDE = (450.0, 240.0, 600.0), (452.0, 240.0, 600.0)


class _Looks:
    """Looks of a pose network that sees a hand at some places, ``wrong_side`` times as unsure as one of the other side.

    What it says of its look's side there is ``wrong_side_fits``; elsewhere, the opposite. It remembers what hands were
    taken for.
    """

    depth_mm, camera, skeleton = None, CAMERA, SKELETONS["nyu"]

    def __init__(self, sigma_mm, wrong_side=1.0, right=(), wrong_side_fits=0.5, usual_mm=8.0):
        self.usual_mm, self.asked = usual_mm, []
        self._sigma_mm, self._right = sigma_mm, right
        self._wrong_side, self._wrong_side_fits = wrong_side, wrong_side_fits

    def at(self, place, hand):
        self.asked.append(hand)
        if place.center_uvd not in self._sigma_mm:
            raise NoHandError("nothing there")
        side = "right" if hand == "auto" else hand
        sure = (place.center_uvd in self._right) == (side == "right")
        factor, fits = (1.0, 1 - self._wrong_side_fits) if sure else (self._wrong_side, self._wrong_side_fits)
        return made_up_pose(self._sigma_mm[place.center_uvd] * factor, side, place.center_uvd, fits_side=fits)


class _Locator:
    """Names these places, and others once hands are known; remembers which were."""

    def __init__(self, places, beside=(), threshold=0.5):
        self.record, self.asked = SimpleNamespace(threshold=threshold), []
        self._places, self._beside = places, beside

    def candidates(self, depth_mm, camera, skeleton, max_hands, known):
        self.asked.append(known)
        return list(self._beside) if known else self._places


def _centers(chosen):
    return [each.place.center_uvd for each in chosen]


def test_the_pose_network_overrules_the_locator():
    places, sigma_mm = [HandLocation(MIDDLE, 0.5), HandLocation(ASIDE, 0.4)], {MIDDLE: 100.0, ASIDE: 7.0}
    assert _centers(choose_hands(_Locator(places), _Looks(sigma_mm), "auto", 2)) == [ASIDE]
    # Of a model whose usual deviation is not known, the locator's word counts alone.
    looks = _Looks(sigma_mm, usual_mm=0.0)
    assert _centers(choose_hands(_Locator(places, threshold=0.3), looks, "auto", 2)) == [MIDDLE, ASIDE]
    assert _centers(choose_hands(_Locator(places, threshold=0.45), looks, "auto", 2)) == [MIDDLE]


@pytest.mark.parametrize(("hand", "first"), [("right", ASIDE), ("left", MIDDLE)])
def test_of_two_hands_the_wanted_side_comes_first(hand, first):
    locator = _Locator([HandLocation(MIDDLE, 0.98), HandLocation(ASIDE, 0.98)])
    looks = _Looks({MIDDLE: 8.0, ASIDE: 8.0}, wrong_side=2.0, right={ASIDE})
    both = choose_hands(locator, looks, hand, 2)
    assert _centers(both)[0] == first
    assert {each.pose.hand for each in both} == {hand}
    assert _centers(choose_hands(locator, looks, hand, 1)) == [first]


def test_a_sure_hand_comes_before_a_doubtful_one_that_is_rather_of_the_wanted_side():
    places = [HandLocation(ASIDE, 0.4, right=0.8), HandLocation(MIDDLE, 0.98, right=0.6)]
    assert _centers(choose_hands(_Locator(places), _Looks({MIDDLE: 8.0, ASIDE: 8.0}), "right", 2)) == [MIDDLE, ASIDE]


def test_one_hand_found_from_two_places_is_one():
    locator = _Locator([HandLocation(ASIDE, 0.9), HandLocation(NEAR_ASIDE, 0.95)])
    assert _centers(choose_hands(locator, _Looks({ASIDE: 8.0, NEAR_ASIDE: 8.0}), "auto", 2)) == [NEAR_ASIDE]


def test_further_hands_are_searched_for_beside_those_found():
    beside, sigma_mm = [HandLocation(ASIDE, 0.98)], {MIDDLE: 8.0, ASIDE: 8.0}
    locator = _Locator([HandLocation(MIDDLE, 0.98)], beside)
    assert _centers(choose_hands(locator, _Looks(sigma_mm), "auto", 2)) == [MIDDLE, ASIDE]
    # Who wants one has one, unless it may be of the other side.
    assert _centers(choose_hands(locator, _Looks(sigma_mm), "auto", 1)) == [MIDDLE]
    locator = _Locator([HandLocation(MIDDLE, 0.98, right=0.1)], beside)
    looks = _Looks(sigma_mm, wrong_side=2.0, right={ASIDE})
    assert _centers(choose_hands(locator, looks, "right", 1)) == [ASIDE]
    assert _centers(choose_hands(locator, looks, "left", 1)) == [MIDDLE]
    assert locator.asked == [[], [MIDDLE], []]


def test_what_is_left_of_a_hand_is_none():
    """Beside a hand more is asked of a place than elsewhere."""
    weak, looks = HandLocation(ASIDE, 0.45), _Looks({MIDDLE: 8.0, ASIDE: 8.0})
    assert _centers(choose_hands(_Locator([weak]), looks, "auto", 2)) == [ASIDE]
    assert _centers(choose_hands(_Locator([HandLocation(MIDDLE, 0.98)], [weak]), looks, "auto", 2)) == [MIDDLE]


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_hand_of_the_other_side_is_doubted(side):
    other = "left" if side == "right" else "right"
    place = HandLocation(MIDDLE, 0.9)
    looks = _Looks({MIDDLE: 8.0}, wrong_side=1.5, right={MIDDLE} if side == "right" else set(), wrong_side_fits=0.1)
    assert not seems_other_side(place, looks.at(place, side), looks)
    assert seems_other_side(place, looks.at(place, other), looks)


def test_it_is_looked_at_from_where_it_was_seen():
    """And not from the place that the locator named."""
    looks = _Looks({ASIDE: 8.0}, wrong_side=1.5, right={ASIDE}, wrong_side_fits=0.1)
    seen = looks.at(HandLocation(ASIDE, 0.9), "left")
    assert seems_other_side(HandLocation(MIDDLE, 0.9), seen, looks)


def test_a_sure_hand_is_looked_at_once_unless_the_locator_doubts_its_side():
    looks = _Looks({MIDDLE: 8.0}, wrong_side=2.0, right={MIDDLE})
    for right, expected in ((0.6, []), (0.05, ["left"])):
        place = HandLocation(MIDDLE, 0.9, right)
        pose = looks.at(place, "right")
        looks.asked.clear()
        assert not seems_other_side(place, pose, looks)
        assert looks.asked == expected
    # Nor where the pose network's own word is against it.
    seems_other_side(HandLocation(MIDDLE, 0.9), made_up_pose(8.0, fits_side=0.05), looks)
    assert looks.asked == ["left", "left"]


def test_unusual_deviations_are_reason_to_doubt_the_side():
    """Though neither the locator nor the side head says anything."""
    place = HandLocation(MIDDLE, 0.9)
    looks = _Looks({MIDDLE: 8.0}, wrong_side=15.0, right={MIDDLE})
    assert seems_other_side(place, looks.at(place, "left"), looks)
    assert not seems_other_side(place, looks.at(place, "right"), looks)


def test_a_hand_that_is_a_little_likelier_of_the_other_side_is_not_said_to_be():
    place = HandLocation(MIDDLE, 0.9)
    looks = _Looks({MIDDLE: 8.0}, wrong_side=1.5, right={MIDDLE})
    assert not seems_other_side(place, looks.at(place, "left"), looks)
    assert looks.asked == ["left", "right"]


def test_places_that_the_locator_finds_hopeless_are_not_looked_at():
    hopeless, unlikely = HandLocation(ASIDE, 0.01), HandLocation(MIDDLE, 0.05)
    looks = _Looks({MIDDLE: 1.0, ASIDE: 1.0})
    assert _centers(choose_hands(_Locator([unlikely, hopeless]), looks, "right", 2)) == [MIDDLE]
    assert looks.asked == ["right"]


@pytest.mark.parametrize(
    "places",
    [[], [HandLocation(MIDDLE, 0.01)], [HandLocation(MIDDLE, 0.3)], [HandLocation((10.0, 10.0, 600.0), 0.99)]],
    ids=["none", "not worth a look", "unlikely", "nothing there"],
)
def test_no_hand(places):
    with pytest.raises(NoHandError, match="no hand found"):
        choose_hands(_Locator(places), _Looks({MIDDLE: 60.0}), "right", 1)
