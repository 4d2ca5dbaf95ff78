import keras
import numpy as np
import pytest

from cn_zoo.models import HAND_HEAD, SIDE_HEAD
from cn_zoo.training import hand_head_fit
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


def _ranked(estimator, places):
    """The share of pairs, a hand and none, of which the hand is the likelier one."""
    said = estimator.predict_on_batch(places.depth)["hand"][:, 0]
    return float((said[places.is_hand][:, None] > said[~places.is_hand]).mean())


def test_a_head_learns_hands_from_few_frames(test_places):
    estimator = _forgetful()
    others = ("posterior_head", SIDE_HEAD)
    before = [weight.copy() for name in others for weight in estimator.get_layer(name).get_weights()]
    fit_hand_head(estimator, "icvl", 300, seed=2)
    assert _ranked(estimator, test_places) > 0.9
    after = [weight for name in others for weight in estimator.get_layer(name).get_weights()]
    for weight, earlier in zip(after, before, strict=True):
        np.testing.assert_array_equal(weight, earlier)


def test_the_same_seed_gives_the_same_head():
    found = []
    for _ in range(2):
        estimator = _forgetful()
        fit_hand_head(estimator, "icvl", 40, seed=2)
        found.append(estimator.get_layer(HAND_HEAD).get_weights())
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_workers_draw_all_places_in_their_order_and_end(monkeypatch):
    pools = []

    class Pool(hand_head_fit.WorkerPool):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            pools.append(list(self._children))

    monkeypatch.setattr(hand_head_fit, "WorkerPool", Pool)
    monkeypatch.setattr(hand_head_fit, "_CHUNK", 8)
    monkeypatch.setattr(hand_head_fit, "_AHEAD", 2)
    drawn = np.concatenate([places.depth for places in hand_head_fit._draw_places("icvl", 30, 4)])
    np.testing.assert_array_equal(drawn, draw_hand_places("icvl", 4, 0, 30).depth)
    # Whoever stops asking, be it for an error, leaves no workers behind either.
    some = hand_head_fit._draw_places("icvl", 30, 4)
    next(some)
    some.close()
    assert len(pools) == 2 and all(child.poll() is not None for children in pools for child in children)


def test_the_released_head_knows_hands(test_places):
    assert _ranked(keras.models.load_model(resolve("icvl", "estimator"), compile=False), test_places) > 0.95
