import keras
import numpy as np
import pytest

from cn_zoo.models import HAND_HEAD, SIDE_HEAD
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.side_head_fit import fit_side_head
from cn_zoo.zoo import resolve


@pytest.fixture(scope="module")
def depth():
    return draw_crop_batch(PRESETS["icvl"], 9, 0, 300, "test").depth


def _forgetful():
    """A released estimator that has lost its head."""
    estimator = keras.models.load_model(resolve("icvl", "estimator"), compile=False)
    head = estimator.get_layer(SIDE_HEAD)
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    return estimator


def _said(estimator, depth):
    """The word on hands of the known side, and on their mirror images."""
    return [estimator.predict(view, verbose=0)["hand"][:, 1] for view in (depth, depth[:, :, ::-1])]


def test_a_head_learns_sides_from_few_crops(depth):
    estimator = _forgetful()
    others = ("posterior_head", HAND_HEAD)
    before = [weight.copy() for name in others for weight in estimator.get_layer(name).get_weights()]
    fit_side_head(estimator, "icvl", 1000, seed=2)
    known, mirrored = _said(estimator, depth)
    assert (known > mirrored).mean() > 0.85
    after = [weight for name in others for weight in estimator.get_layer(name).get_weights()]
    for weight, earlier in zip(after, before, strict=True):
        np.testing.assert_array_equal(weight, earlier)


def test_the_same_seed_gives_the_same_head():
    found = []
    for _ in range(2):
        estimator = _forgetful()
        fit_side_head(estimator, "icvl", 100, seed=2)
        found.append(estimator.get_layer(SIDE_HEAD).get_weights())
    for left, right in zip(*found, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_the_released_head_knows_sides(depth):
    known, mirrored = _said(keras.models.load_model(resolve("icvl", "estimator"), compile=False), depth)
    assert ((known > 0.5).mean() + (mirrored < 0.5).mean()) / 2 > 0.93
    # Seen both ways, sides are told better than by either look.
    assert (known > mirrored).mean() > 0.96
