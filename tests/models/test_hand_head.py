import numpy as np
from network_checks import NetworkChecks, outputs_of

from cn_zoo.geometry import SKELETONS
from cn_zoo.models import (
    ARCHITECTURES,
    HAND_NORM,
    build_hand_head,
    build_pose_decoder,
    build_pose_estimator,
    build_posterior_head,
    build_trunk,
    doubts_of,
    set_hand_head,
)

DEPTHS = np.random.default_rng(0).uniform(-1, 1, (3, 128, 128, 1)).astype("float32")
DOUBTS = np.random.default_rng(1).normal(size=(3, 20)).astype("float32")


def _trained(doubts):
    """A head with some weights."""
    head = build_hand_head(doubts)
    rng = np.random.default_rng(2)
    head.set_weights([rng.uniform(0.01, 0.1, weight.shape) for weight in head.get_weights()])
    return head


def _estimator():
    sizes, joints = ARCHITECTURES["default"], SKELETONS["nyu"]
    head = build_posterior_head(sizes, joints, 250.0)
    return build_pose_estimator(build_trunk(sizes), head, build_pose_decoder(sizes, joints), joints)


class TestHandHead(NetworkChecks):
    batch = DOUBTS

    def build(self):
        return _trained(20)


def test_untrained_it_knows_nothing():
    np.testing.assert_array_equal(build_hand_head(20).predict_on_batch(DOUBTS), np.full((3, 2), 0.5))


def test_doubts_far_from_usual_tell_no_more():
    head = _trained(20)
    norm = head.get_layer(HAND_NORM)
    norm.set_weights([np.zeros(20), np.ones(20)])
    far = head.predict_on_batch(np.full((1, 20), 7.0, "float32"))
    np.testing.assert_array_equal(head.predict_on_batch(np.full((1, 20), 700.0, "float32")), far)
    assert (head.predict_on_batch(np.full((1, 20), 0.01, "float32")) != far).all()


def test_an_estimator_speaks_by_its_head_and_estimates_as_before():
    estimator = _estimator()
    before = outputs_of(estimator, DEPTHS)
    doubts = doubts_of(estimator).predict_on_batch(DEPTHS)
    head = _trained(doubts.shape[1])
    set_hand_head(estimator, head)
    after = outputs_of(estimator, DEPTHS)
    np.testing.assert_allclose(after["hand"], head.predict_on_batch(doubts), rtol=1e-4)
    assert (after["hand"] != before["hand"]).any()
    for name in ("pose", "sigma", "latent"):
        np.testing.assert_array_equal(after[name], before[name])


def test_it_never_trains_with_the_estimator():
    assert not any("hand" in weight.path for weight in _estimator().trainable_variables)
