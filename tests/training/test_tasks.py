import keras
import numpy as np
import pytest

from cn_zoo.training import load_recipe
from cn_zoo.training.parts import Parts
from cn_zoo.training.pose_vae_task import PoseVAETask
from cn_zoo.training.posterior_task import PosteriorTask


@pytest.fixture
def parts():
    return Parts.build(load_recipe("nyu", ("architecture=paper",)))


def _weights(model):
    return [np.array(weight) for weight in model.weights]


def _changed(before, model):
    return [not np.array_equal(old, np.array(new)) for old, new in zip(before, model.weights, strict=True)]


def test_pose_vae_learns_its_poses(parts):
    rng = np.random.default_rng(0)
    poses = rng.normal(size=(64, 14, 3)).astype("float32")
    task = PoseVAETask(parts.pose_encoder, parts.pose_decoder, pose_weight=100.0)
    task.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = task.fit(poses, poses, batch_size=16, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]


def test_posterior_training_leaves_the_pose_vae_alone(parts):
    rng = np.random.default_rng(0)
    depth = rng.uniform(-1, 1, (8, 128, 128, 1)).astype("float32")
    poses = rng.normal(size=(8, 14, 3)).astype("float32")
    task = PosteriorTask(parts.trunk, parts.posterior_head, parts.pose_encoder, parts.pose_decoder)
    task.compile(optimizer=keras.optimizers.Adam(1e-3))
    before = {part.name: _weights(part) for part in parts.networks()}
    task.fit(depth, poses, batch_size=4, verbose=0)
    assert not any(_changed(before["pose_encoder"], parts.pose_encoder))
    assert not any(_changed(before["pose_decoder"], parts.pose_decoder))
    assert all(_changed(before["trunk"], parts.trunk))
    assert all(_changed(before["posterior_head"], parts.posterior_head))


def test_warm_start_copies_what_fits():
    trained = Parts.build(load_recipe("nyu", ("seed=1",)))
    fresh = Parts.build(load_recipe("icvl", ("seed=2",)))
    before = fresh.posterior_head.get_layer("posterior_weights").get_weights()[0]
    fresh.warm_start(trained.estimator())
    for mine, theirs in zip(fresh.trunk.get_weights(), trained.trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    # 14 joints do not fit 16: these maps start anew.
    np.testing.assert_array_equal(fresh.posterior_head.get_layer("posterior_weights").get_weights()[0], before)
