import keras
import numpy as np
import pytest

from cn_zoo.models import HAND_HEAD
from cn_zoo.training.hand_head_fit import fit_hand_head
from cn_zoo.training.hand_places import draw_hand_places
from cn_zoo.zoo import resolve


@pytest.fixture(scope="module")
def test_places():
    return draw_hand_places("icvl", 9, 0, 200, "test")


def _forgetful():
    """A released estimator that has lost its head."""
    estimator = keras.models.load_model(resolve("icvl", "estimator"), compile=False)
    head = estimator.get_layer(HAND_HEAD)
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    return estimator


def _ranked(probability, truth):
    """The share of pairs, one true and one not, of which the true one is the likelier."""
    return float((probability[truth][:, None] > probability[~truth]).mean())


def test_a_head_learns_hands_and_sides_from_few_frames(test_places):
    estimator = _forgetful()
    before = [weight.copy() for weight in estimator.get_layer("posterior_head").get_weights()]
    fit_hand_head(estimator, "icvl", 300, seed=2)
    hand, side = estimator.predict_on_batch(test_places.depth)["hand"].T
    of_hands = test_places.is_hand
    assert _ranked(hand, of_hands) > 0.9
    assert _ranked(side[of_hands], ~test_places.left[of_hands]) > 0.65
    for weight, earlier in zip(estimator.get_layer("posterior_head").get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, earlier)


def test_the_same_seed_gives_the_same_head():
    found = []
    for _ in range(2):
        estimator = _forgetful()
        fit_hand_head(estimator, "icvl", 40, seed=2)
        found.append(estimator.get_layer(HAND_HEAD).get_weights())
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_the_released_head_knows_hands_and_sides(test_places):
    estimator = keras.models.load_model(resolve("icvl", "estimator"), compile=False)
    hand, side = estimator.predict_on_batch(test_places.depth)["hand"].T
    mirrored = estimator.predict_on_batch(test_places.depth[:, :, ::-1])["hand"][:, 1]
    of_hands, right = test_places.is_hand, ~test_places.left[test_places.is_hand]
    assert _ranked(hand, of_hands) > 0.95
    assert _ranked(side[of_hands], right) > 0.85
    # Seen both ways, sides are told better than by either look.
    assert _ranked((side - mirrored)[of_hands], right) > 0.93
