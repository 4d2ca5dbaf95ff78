from functools import cache

import numpy as np
from head_checks import HeadChecks, released

from cn_zoo.models import HAND_HEAD
from cn_zoo.training import hand_head_fit
from cn_zoo.training.hand_head_fit import fit_hand_head
from cn_zoo.training.hand_places import draw_hand_places


@cache
def _places():
    return draw_hand_places("icvl", 9, 0, 200, "test")


class TestHandHead(HeadChecks):
    head, few, learned, fewest = HAND_HEAD, 300, 0.9, 40

    def fit(self, estimator, count):
        fit_hand_head(estimator, "icvl", count, seed=2)

    def rate(self, estimator):
        """Of pairs, a hand and none: the hand is the likelier one."""
        said, is_hand = estimator.predict_on_batch(_places().depth)["hand"][:, 0], _places().is_hand
        return float((said[is_hand][:, None] > said[~is_hand]).mean())

    def test_the_released_one_knows_hands(self):
        assert self.rate(released()) > 0.95


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
