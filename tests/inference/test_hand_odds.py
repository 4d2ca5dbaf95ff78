import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_pose import made_up_pose

from cn_zoo.inference.hand_odds import hand_probability, right_probability

USUAL_MM = 8.0
probabilities = st.floats(0.0, 1.0)
deviations = st.floats(0.5, 300.0)


@given(probabilities, deviations, probabilities)
def test_a_hand_is_likelier_where_either_network_is_surer(located, mm, word):
    probability = hand_probability(located, made_up_pose(mm, shows_hand=word), USUAL_MM)
    assert 0 < probability < 1
    surer = hand_probability(located, made_up_pose(mm / 1.5, shows_hand=word), USUAL_MM)
    # From some log sigma ratio on, more of it counts no more: real hands are unusual, too.
    assert surer > probability if mm < 4 * USUAL_MM else surer >= probability
    assert hand_probability(min(1.0, located + 0.1), made_up_pose(mm, shows_hand=word), USUAL_MM) >= probability
    assert hand_probability(located, made_up_pose(mm, shows_hand=min(1.0, word + 0.1)), USUAL_MM) >= probability


def test_real_hands_are_not_refused_for_what_a_network_of_synthetic_ones_finds_odd():
    """The locator is sure: neither unusual deviations nor the hand head alone overrule it."""
    assert hand_probability(0.99, made_up_pose(12 * USUAL_MM), USUAL_MM) > 0.5
    assert hand_probability(0.95, made_up_pose(USUAL_MM, shows_hand=0.001), USUAL_MM) > 0.5


@given(probabilities, deviations, deviations, probabilities, probabilities)
def test_what_is_right_in_a_mirror_is_left(located, right_mm, left_mm, right_word, left_word):
    right, left = made_up_pose(right_mm, fits_side=right_word), made_up_pose(left_mm, "left", fits_side=left_word)
    here = right_probability(located, [(right, left)])
    assert here + right_probability(1 - located, [(left, right)]) == pytest.approx(1.0)


@given(probabilities, deviations, deviations, probabilities, probabilities, st.floats(0.01, 0.5))
def test_more_evidence_for_right_never_makes_it_less_likely(located, right_mm, left_mm, right_word, left_word, more):
    poses = made_up_pose(right_mm, fits_side=right_word), made_up_pose(left_mm, "left", fits_side=left_word)
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
        poses = made_up_pose(mm, fits_side=word), made_up_pose(other_mm, "left", fits_side=other_word)
        assert right_probability(there, [poses]) >= here - 1e-12


@pytest.mark.parametrize("of", ["located", "sureness", "word"])
def test_whatever_speaks_for_right_makes_it_likelier(of):
    plain = right_probability(0.5, [(made_up_pose(8.0), made_up_pose(8.0, "left"))])
    assert plain == pytest.approx(0.5)
    located = 0.7 if of == "located" else 0.5
    left = made_up_pose(10.0 if of == "sureness" else 8.0, "left", fits_side=0.3 if of == "word" else 0.5)
    assert right_probability(located, [(made_up_pose(8.0), left)]) > 0.52


def test_several_looks_count_as_their_mean():
    for_right, for_left = (
        (made_up_pose(8.0, fits_side=word), made_up_pose(8.0, "left", fits_side=1 - word)) for word in (0.7, 0.1)
    )
    assert right_probability(0.5, [for_right]) > 0.5
    assert right_probability(0.5, [for_right, for_left]) < 0.5
    assert right_probability(0.5, [for_right, for_left]) > right_probability(0.5, [for_left])
