import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from later_keras import needs_later_keras

from cn_zoo.errors import InputError
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.models import load_keras_file, save_keras_file
from cn_zoo.models.finder_and_judge import build_hand_finder, build_hand_judge
from cn_zoo.synthesis.locator_batch import draw_locator_batch
from cn_zoo.training.checkpoint import Checkpoint
from cn_zoo.training.locator import locator_run
from cn_zoo.training.locator.locator_run import LocatorRecipe, average_locators, train_locator
from cn_zoo.training.locator.locator_stream import LocatorStream
from cn_zoo.training.locator.locator_task import LocatorTask
from cn_zoo.zoo import FileRecord
from cn_zoo.zoo.locator_record import LocatorRecord

RECIPE = LocatorRecipe(frames=8, batch_size=4, checkpoint_every=2, validation_frames=30, test_frames=6)


class Copied(Checkpoint):
    """Also copies the run's folder as it is between two epochs: what a run leaves that is killed then."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            shutil.copytree(self.path.parent, self.path.parent.parent / "killed")


class Trained(Exception):
    """Ends a run where its networks would be exported and measured; holds them."""

    def __init__(self, networks, *_):
        super().__init__()
        self.networks = networks


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locator_run, "Checkpoint", Copied)
        return train_locator(RECIPE, tmp_path_factory.mktemp("locator") / "run")


@needs_later_keras
def test_a_run_leaves_a_locator_behind(run):
    locator = HandLocator.load(run)
    record = locator.record
    assert set(record.figures) == {"WebXR hand, nyu", "WebXR hand, icvl", "WebXR hand, msra", "empty"}
    assert 0 < record.threshold < 1
    assert record.frames == RECIPE.frames
    assert (run / "card.md").read_text(encoding="utf-8") == record.card()


@needs_later_keras
def test_onnx_is_what_keras_is(run):
    locator = HandLocator.load(run)
    planes = np.random.default_rng(0).uniform(0, 20, (64, 96, 2)).astype("float32")
    crop = np.random.default_rng(0).uniform(-1, 1, (128, 128, 1)).astype("float32")
    # The judge computes in 8 bit, and weights are stored in 8 or 16.
    for network, kind, picture in ((locator._finder._network, "finder", planes), (locator._judge, "judge", crop)):
        expected = keras.models.load_model(run / f"{kind}.keras")(picture[None])
        for name, value in network.run(picture).items():
            np.testing.assert_allclose(value, expected[name][0], rtol=0.02, atol=0.02)


@needs_later_keras
def test_a_finished_run_is_not_begun_again(run):
    with pytest.raises(InputError, match="--resume"):
        train_locator(RECIPE, run)
    with pytest.raises(InputError, match="another recipe"):
        train_locator(LocatorRecipe(frames=16), run, resume=True)
    assert json.loads((run / "recipe.json").read_text())["recipe"]["frames"] == 8


def test_frames_that_end_before_a_checkpoint_are_too_few(tmp_path):
    with pytest.raises(InputError, match="600 frames end before the first checkpoint"):
        train_locator(LocatorRecipe(frames=600, batch_size=48, checkpoint_every=500), tmp_path)


@needs_later_keras
@pytest.mark.parametrize("change", [{"batch_size": 0}, {"learning_rate": -1.0}, {"test_frames": 0}])
def test_values_that_cannot_be_are_told_before_anything_is_written(tmp_path, change):
    with pytest.raises(InputError, match=rf"the locator's recipe: {next(iter(change))} must be positive"):
        train_locator(LocatorRecipe(**change), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_killed_run_goes_on_as_if_it_had_not_been(run, monkeypatch):
    def stop(*arguments):
        raise Trained(*arguments)

    monkeypatch.setattr(locator_run, "_save_networks", stop)
    killed = run.parent / "killed"
    # The first epoch, done again, would write its line again; of the second, only its line was written.
    curves = killed / "locator.csv"
    header, first = curves.read_text().splitlines(keepends=True)
    curves.write_text(header + first.replace("0,", "marked,", 1) + first.replace("0,", "1,", 1))
    with pytest.raises(Trained) as trained:
        train_locator(RECIPE, killed, resume=True)
    for kind, network in trained.value.networks.items():
        whole = keras.models.load_model(run / f"{kind}.keras")
        for mine, theirs in zip(whole.weights, network.weights, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-3, err_msg=mine.path)
    mine, theirs = ([line.split(",") for line in file.read_text().split()] for file in (run / "locator.csv", curves))
    assert [row[0] for row in theirs] == ["epoch", "marked", "1"]
    np.testing.assert_allclose(np.array(mine[2][:7], float), np.array(theirs[2][:7], float), rtol=1e-3)


def test_every_layer_that_muon_leaves_to_adamw_is_there():
    """A layer of another name would silently be Muon's."""
    task = locator_run._build(RECIPE)
    task({"planes": np.ones((1, 16, 16, 2), "float32"), "crops": np.ones((1, 2, 128, 128, 1), "float32")})
    kernels = [weight.path for weight in task.trainable_variables if len(weight.shape) > 1]
    assert [name for name in locator_run._NOT_BY_MUON if not any(name in path for path in kernels)] == []


def test_the_stream_shows_each_batch_and_its_mirror_image():
    stream = LocatorStream(batch_size=3, seed=2, start=0, length=4)
    x, y = stream[2]
    mirror, mirrored = stream[3]
    stream.close()
    drawn = draw_locator_batch(2, 3, 3)
    np.testing.assert_array_equal(x["planes"], drawn.planes)
    np.testing.assert_array_equal(y["cells"], drawn.cells)
    np.testing.assert_array_equal(mirror["crops"], drawn.crops[:, :, :, ::-1])
    np.testing.assert_array_equal(mirrored["centers"], drawn.centers * [-1, 1, 1])


@needs_later_keras
def test_an_earlier_locator_names_places_without_a_hand(run):
    stream = LocatorStream(batch_size=12, seed=2, start=0, length=2, earlier=run)
    x, y = stream[0]
    stream.close()
    plain = draw_locator_batch(2, 0, 12)
    np.testing.assert_array_equal(x["planes"], plain.planes)
    np.testing.assert_array_equal(y["hand"][:, 0], plain.hand[:, 0])
    differs = (x["crops"] != plain.crops).any(axis=(2, 3, 4))
    assert differs[y["hand"][..., 0] == 0].mean() > 0.3


def test_the_truth_costs_next_to_nothing():
    task = LocatorTask(build_hand_finder(), build_hand_judge())
    batch = draw_locator_batch(2, 0, 8)
    y = {name: getattr(batch, name) for name in ("cells", "hand", "centers", "joints")}
    flat = {name: value.reshape(-1, *value.shape[2:]) for name, value in y.items() if name != "cells"}
    score = np.where(batch.cells[..., :1] == 1, 12.0, -12.0)
    truth = {
        "cells": np.concatenate([score, batch.cells[..., 1:4]], axis=-1).astype("float32"),
        "hand": 24 * flat["hand"] - 12,
        "centers": flat["centers"],
        "joints": flat["joints"],
    }
    assert float(task.compute_loss(y=y, y_pred=truth)) < 0.05
    wrong = {**truth, "hand": -truth["hand"]}
    assert float(task.compute_loss(y=y, y_pred=wrong)) > 10
    shifted = {**truth, "centers": truth["centers"] + 1.0}
    assert float(task.compute_loss(y=y, y_pred=shifted)) == pytest.approx(3**0.5, abs=0.1)


@needs_later_keras
def test_the_mean_of_runs_lies_between_them(run, tmp_path):
    other, recipe = tmp_path / "other", LocatorRecipe(validation_frames=30, test_frames=6)
    shutil.copytree(run, other)
    record = LocatorRecord.load(other)
    judge = load_keras_file(record.path("judge-keras"))
    judge.set_weights([3 * weights for weights in judge.get_weights()])
    save_keras_file(judge, other / "judge.keras")
    replace(record, files={**record.files, "judge-keras": FileRecord.of(other / "judge.keras")}).save(other)
    average = LocatorRecord.load(average_locators([run, other], tmp_path / "mean", recipe))
    assert average.frames == record.frames
    assert set(average.figures) == set(record.figures)
    first, mean = (
        load_keras_file(each.path("judge-keras")).get_weights() for each in (LocatorRecord.load(run), average)
    )
    for before, after in zip(first, mean, strict=True):
        np.testing.assert_allclose(after, 2 * before, rtol=1e-5, atol=1e-6)
    with pytest.raises(InputError, match="no hand locator"):
        average_locators([tmp_path / "nowhere"], tmp_path / "nothing", recipe)
