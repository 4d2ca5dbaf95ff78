import numpy as np
import pytest
from network_checks import NetworkChecks, outputs_of

from cn_zoo.geometry import SKELETONS
from cn_zoo.models import (
    ARCHITECTURES,
    HAND_HEAD,
    HEAD_NORM,
    SIDE_HEAD,
    build_hand_head,
    build_pose_decoder,
    build_pose_estimator,
    build_posterior_head,
    build_side_head,
    build_trunk,
    evidence_of,
    set_head,
)

BUILD = {HAND_HEAD: build_hand_head, SIDE_HEAD: build_side_head}
DEPTHS = np.random.default_rng(0).uniform(-1, 1, (3, 128, 128, 1)).astype("float32")
EVIDENCE = np.random.default_rng(1).normal(size=(3, 20)).astype("float32")


def _trained(name, size):
    """A head with some weights."""
    head = BUILD[name](size)
    rng = np.random.default_rng(2)
    head.set_weights([rng.uniform(0.01, 0.1, weight.shape) for weight in head.get_weights()])
    return head


def _estimator(architecture="default"):
    sizes, joints = ARCHITECTURES[architecture], SKELETONS["nyu"]
    head = build_posterior_head(sizes, joints, 250.0)
    return build_pose_estimator(build_trunk(sizes), head, build_pose_decoder(sizes, joints), joints)


class TestHandHead(NetworkChecks):
    batch = EVIDENCE

    def build(self):
        return _trained(HAND_HEAD, 20)


class TestSideHead(NetworkChecks):
    batch = EVIDENCE

    def build(self):
        return _trained(SIDE_HEAD, 20)


@pytest.mark.parametrize("name", BUILD)
def test_untrained_it_knows_nothing(name):
    np.testing.assert_array_equal(BUILD[name](20).predict_on_batch(EVIDENCE), np.zeros((3, 1)))
    np.testing.assert_array_equal(outputs_of(_estimator(), DEPTHS)["hand"], np.full((3, 2), 0.5))


@pytest.mark.parametrize("name", BUILD)
def test_evidence_far_from_usual_tells_no_more(name):
    head = _trained(name, 20)
    norm = head.get_layer(HEAD_NORM)
    norm.set_weights([np.zeros(20), np.ones(20)])
    far = head.predict_on_batch(np.full((1, 20), 7.0, "float32"))
    np.testing.assert_array_equal(head.predict_on_batch(np.full((1, 20), 700.0, "float32")), far)
    assert (head.predict_on_batch(np.full((1, 20), 0.01, "float32")) != far).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("column, name", enumerate(BUILD))
def test_an_estimator_speaks_by_its_heads_and_estimates_as_before(architecture, column, name):
    estimator = _estimator(architecture)
    before = outputs_of(estimator, DEPTHS)
    evidence = evidence_of(estimator).predict_on_batch(DEPTHS)
    head = _trained(name, evidence.shape[1])
    set_head(estimator, head)
    after = outputs_of(estimator, DEPTHS)
    said = 1 / (1 + np.exp(-head.predict_on_batch(evidence)[:, 0]))
    np.testing.assert_allclose(after["hand"][:, column], said, rtol=1e-4)
    np.testing.assert_array_equal(after["hand"][:, 1 - column], before["hand"][:, 1 - column])
    for output in ("pose", "sigma", "latent"):
        np.testing.assert_array_equal(after[output], before[output])


def test_heads_go_by_features_and_doubts():
    estimator = _estimator()
    evidence = evidence_of(estimator).predict_on_batch(DEPTHS)
    posterior = estimator.get_layer("posterior_head")(estimator.get_layer("trunk")(DEPTHS))
    said = {name: np.array(value) for name, value in posterior.items()}
    both = np.concatenate([said["features"], said["log_variance"], np.log(said["scatter"])], axis=1)
    np.testing.assert_allclose(evidence, both, rtol=1e-3, atol=1e-4)


def test_they_never_train_with_the_estimator():
    assert not any("hand" in weight.path or "side" in weight.path for weight in _estimator().trainable_variables)
