"""One short run of a small recipe, looked at from all sides."""

import csv
import json

import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import load_recipe, train
from cn_zoo.zoo import Preset

SHORT = (
    "architecture=paper",
    "pose_vae.poses=600",
    "pose_vae.epochs=2",
    "posterior.warm_start=",
    "posterior.samples=96",
    "posterior.batch_size=16",
    "posterior.checkpoint_every=2",
    "posterior.mixed_precision=false",
    "calibration.samples=100",
    "calibration.test_samples=50",
)


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("nyu", SHORT)


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    return train(recipe, tmp_path_factory.mktemp("runs") / "whole")


def test_a_finished_run_is_a_model(finished):
    preset = Preset.load(finished)
    assert (preset.skeleton, preset.architecture, preset.latent_size) == ("nyu", "paper", 23)
    assert all(np.isfinite(error) and error > 0 for error in preset.errors_mm.values())
    frame = draw_frame(PRESETS["nyu"].own(), seed=0, index=0)
    for runtime in ("onnx", "keras"):
        hand = HandPoseEstimator.from_pretrained(finished, runtime).predict(
            frame.depth_mm, frame.camera, frame.center_uvd
        )
        assert hand.xyz.shape == (14, 3)
        assert np.isfinite(hand.xyz).all()
        assert (hand.sigma > 0).all()


def test_curves_and_recipe_are_written(finished):
    with (finished / "posterior.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert json.loads((finished / "recipe.json").read_text())["recipe"]["posterior"]["samples"] == 96


def test_a_killed_run_goes_on_as_if_it_had_not_been(recipe, finished, tmp_path, monkeypatch):
    """Killed after the second checkpoint; the weights at the end are those of the run that was left alone."""
    from cn_zoo.training import stages
    from cn_zoo.training.checkpoint import Checkpoint

    class Killed(Exception):
        pass

    class Killing(Checkpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if int(self.model.optimizer.iterations) == 5 and self.path.name == "posterior.weights.h5":
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(stages, "Checkpoint", Killing)
        with pytest.raises(Killed):
            train(recipe, tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(stages, "draw_poses", None)  # the finished first stage is not done again
        train(recipe, tmp_path / "run", resume=True)

    whole, resumed = (HandPoseEstimator.from_pretrained(folder, "onnx") for folder in (finished, tmp_path / "run"))
    frame = draw_frame(PRESETS["nyu"].own(), seed=0, index=1)
    poses = [model.predict(frame.depth_mm, frame.camera, frame.center_uvd).xyz for model in (whole, resumed)]
    np.testing.assert_allclose(poses[0], poses[1], atol=0.05)


def test_a_folder_holds_one_run(recipe, finished):
    with pytest.raises(InputError, match="--resume"):
        train(recipe, finished)
    with pytest.raises(InputError, match="seed"):
        train(load_recipe("nyu", (*SHORT, "seed=5")), finished, resume=True)
