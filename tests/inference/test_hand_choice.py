import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import CAMERAS, SKELETONS, HandCrop
from cn_zoo.inference.hand_choice import choose_hands, hand_probability, right_probability, seems_other_side
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.localisation.hand_location import HandLocation

CAMERA = CAMERAS["nyu"]
USUAL_MM = 8.0
MIDDLE, ASIDE, NEAR_ASIDE = (320.0, 240.0, 600.0), (450.0, 240.0, 600.0), (452.0, 240.0, 600.0)
probabilities = st.floats(0.0, 1.0)
deviations = st.floats(0.5, 300.0)


def _pose(sigma_mm, side="right", place=MIDDLE, **words):
    xyz = CAMERA.uvd_to_xyz(np.tile(place, (14, 1)))
    crop = HandCrop(CAMERA, place)
    sigma = np.full(14, sigma_mm)
    return HandPose(
        xyz, CAMERA.xyz_to_uvd(xyz), sigma, np.zeros(23), 1.0, side, SKELETONS["nyu"], CAMERA, crop, **words
    )  # fmt: skip


def _look_at(sigma_mm, wrong_side=1.0, right=(), wrong_side_fits=0.5):
    """Pose networks that see a hand at each place, ``wrong_side`` times as unsure where it is of the other side.

    What they say of their look's side there is ``wrong_side_fits``; elsewhere, the opposite.
    """

    def look_at(place, hand):
        if place.center_uvd not in sigma_mm:
            raise NoHandError("nothing there")
        side = "right" if hand == "auto" else hand
        sure = (place.center_uvd in right) == (side == "right")
        factor, fits = (1.0, 1 - wrong_side_fits) if sure else (wrong_side, wrong_side_fits)
        return _pose(sigma_mm[place.center_uvd] * factor, side, place.center_uvd, fits_side=fits)

    return look_at


def _search(places, beside=()):
    """A locator that names these places, and others once hands are known."""
    return lambda known: list(beside) if known else places


def _known(places):
    return [place.center_uvd for place in places]


def _centers(chosen):
    return [each.place.center_uvd for each in chosen]


@given(probabilities, deviations, probabilities)
def test_a_hand_is_likelier_where_either_network_is_surer(located, mm, word):
    probability = hand_probability(located, _pose(mm, shows_hand=word), USUAL_MM)
    assert 0 < probability < 1
    surer = hand_probability(located, _pose(mm / 1.5, shows_hand=word), USUAL_MM)
    # From some surprise on, more of it counts no more: real hands are a surprise too.
    assert surer > probability if mm < 4 * USUAL_MM else surer >= probability
    assert hand_probability(min(1.0, located + 0.1), _pose(mm, shows_hand=word), USUAL_MM) >= probability
    assert hand_probability(located, _pose(mm, shows_hand=min(1.0, word + 0.1)), USUAL_MM) >= probability


@given(probabilities, deviations, deviations, probabilities, probabilities)
def test_what_is_right_in_a_mirror_is_left(located, right_mm, left_mm, right_word, left_word):
    right, left = _pose(right_mm, fits_side=right_word), _pose(left_mm, "left", fits_side=left_word)
    here = right_probability(located, [(right, left)])
    assert here + right_probability(1 - located, [(left, right)]) == pytest.approx(1.0)


@given(probabilities, deviations, deviations, probabilities, probabilities, st.floats(0.01, 0.5))
def test_more_evidence_for_right_never_makes_it_less_likely(located, right_mm, left_mm, right_word, left_word, more):
    poses = _pose(right_mm, fits_side=right_word), _pose(left_mm, "left", fits_side=left_word)
    here = right_probability(located, [poses])
    right, left = min(1.0, right_word + more), max(0.0, left_word - more)
    for evidence in (
        (min(1.0, located + more), right_mm, left_mm, right_word, left_word),
        (located, right_mm / (1 + more), left_mm, right_word, left_word),
        (located, right_mm, left_mm * (1 + more), right_word, left_word),
        (located, right_mm, left_mm, right, left_word),
        (located, right_mm, left_mm, right_word, left),
    ):
        there, mm, other_mm, word, other_word = evidence
        poses = _pose(mm, fits_side=word), _pose(other_mm, "left", fits_side=other_word)
        assert right_probability(there, [poses]) >= here - 1e-12


@pytest.mark.parametrize("of", ["located", "sureness", "word"])
def test_whatever_speaks_for_right_makes_it_likelier(of):
    plain = right_probability(0.5, [(_pose(8.0), _pose(8.0, "left"))])
    assert plain == pytest.approx(0.5)
    located = 0.7 if of == "located" else 0.5
    left = _pose(10.0 if of == "sureness" else 8.0, "left", fits_side=0.3 if of == "word" else 0.5)
    assert right_probability(located, [(_pose(8.0), left)]) > 0.52


def test_several_looks_have_one_word_together():
    for_right, for_left = ((_pose(8.0, fits_side=word), _pose(8.0, "left", fits_side=1 - word)) for word in (0.7, 0.1))
    assert right_probability(0.5, [for_right]) > 0.5
    assert right_probability(0.5, [for_right, for_left]) < 0.5
    assert right_probability(0.5, [for_right, for_left]) > right_probability(0.5, [for_left])


def test_the_pose_network_overrules_the_locator():
    places = [HandLocation(MIDDLE, 0.5), HandLocation(ASIDE, 0.4)]
    look_at = _look_at({MIDDLE: 100.0, ASIDE: 7.0})
    assert _centers(choose_hands(_search(places), look_at, "auto", 2, USUAL_MM, 0.5)) == [ASIDE]
    # Of a model whose usual deviation is not known, the locator's word counts alone.
    assert _centers(choose_hands(_search(places), look_at, "auto", 2, 0.0, 0.3)) == [MIDDLE, ASIDE]
    assert _centers(choose_hands(_search(places), look_at, "auto", 2, 0.0, 0.45)) == [MIDDLE]


@pytest.mark.parametrize(("hand", "first"), [("right", ASIDE), ("left", MIDDLE)])
def test_of_two_hands_the_wanted_side_comes_first(hand, first):
    places = [HandLocation(MIDDLE, 0.98), HandLocation(ASIDE, 0.98)]
    look_at = _look_at({MIDDLE: 8.0, ASIDE: 8.0}, wrong_side=2.0, right={ASIDE})
    both = choose_hands(_search(places), look_at, hand, 2, USUAL_MM, 0.5)
    assert _centers(both)[0] == first
    assert {each.pose.hand for each in both} == {hand}
    assert _centers(choose_hands(_search(places), look_at, hand, 1, USUAL_MM, 0.5)) == [first]


def test_one_hand_found_from_two_places_is_one():
    places = [HandLocation(ASIDE, 0.9), HandLocation(NEAR_ASIDE, 0.95)]
    assert _centers(
        choose_hands(_search(places), _look_at({ASIDE: 8.0, NEAR_ASIDE: 8.0}), "auto", 2, USUAL_MM, 0.5)
    ) == [NEAR_ASIDE]


def test_further_hands_are_searched_for_beside_those_found():
    beside = [HandLocation(ASIDE, 0.98)]
    places, look_at = [HandLocation(MIDDLE, 0.98)], _look_at({MIDDLE: 8.0, ASIDE: 8.0})
    assert _centers(choose_hands(_search(places, beside), look_at, "auto", 2, USUAL_MM, 0.5)) == [MIDDLE, ASIDE]
    # Who wants one has one, unless it may be of the other side.
    assert _centers(choose_hands(_search(places, beside), look_at, "auto", 1, USUAL_MM, 0.5)) == [MIDDLE]
    asked = []

    def search(known):
        asked.append(_known(known))
        return beside if known else [HandLocation(MIDDLE, 0.98, right=0.1)]

    look_at = _look_at({MIDDLE: 8.0, ASIDE: 8.0}, wrong_side=2.0, right={ASIDE})
    assert _centers(choose_hands(search, look_at, "right", 1, USUAL_MM, 0.5)) == [ASIDE]
    assert _centers(choose_hands(search, look_at, "left", 1, USUAL_MM, 0.5)) == [MIDDLE]
    assert asked == [[], [MIDDLE], []]


def test_what_is_left_of_a_hand_is_none():
    """Beside a hand more is asked of a place than elsewhere."""
    weak = HandLocation(ASIDE, 0.45)
    look_at = _look_at({MIDDLE: 8.0, ASIDE: 8.0})
    assert _centers(choose_hands(_search([weak]), look_at, "auto", 2, USUAL_MM, 0.5)) == [ASIDE]
    both = choose_hands(_search([HandLocation(MIDDLE, 0.98)], [weak]), look_at, "auto", 2, USUAL_MM, 0.5)
    assert _centers(both) == [MIDDLE]


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_hand_of_the_other_side_is_doubted(side):
    other = "left" if side == "right" else "right"
    place = HandLocation(MIDDLE, 0.9)
    right = {MIDDLE} if side == "right" else set()
    look_at = _look_at({MIDDLE: 8.0}, wrong_side=1.5, right=right, wrong_side_fits=0.1)
    assert not seems_other_side(place, look_at(place, side), look_at, USUAL_MM)
    assert seems_other_side(place, look_at(place, other), look_at, USUAL_MM)


def test_a_sure_hand_is_looked_at_once_unless_the_locator_doubts_its_side():
    asked = []
    look_at = _look_at({MIDDLE: 8.0}, wrong_side=2.0, right={MIDDLE})

    def counted(place, hand):
        asked.append(hand)
        return look_at(place, hand)

    for right, expected in ((0.6, []), (0.05, ["left"])):
        place = HandLocation(MIDDLE, 0.9, right)
        asked.clear()
        assert not seems_other_side(place, look_at(place, "right"), counted, USUAL_MM)
        assert asked == expected
    # Nor where the pose network's own word is against it.
    seems_other_side(HandLocation(MIDDLE, 0.9), _pose(8.0, fits_side=0.05), counted, USUAL_MM)
    assert asked == ["left", "left"]


@pytest.mark.parametrize(
    "places",
    [[], [HandLocation(MIDDLE, 0.01)], [HandLocation(MIDDLE, 0.3)], [HandLocation((10.0, 10.0, 600.0), 0.99)]],
    ids=["none", "not worth a look", "unlikely", "nothing there"],
)
def test_no_hand(places):
    with pytest.raises(NoHandError, match="no hand found"):
        choose_hands(_search(places), _look_at({MIDDLE: 60.0}), "right", 1, USUAL_MM, 0.5)
