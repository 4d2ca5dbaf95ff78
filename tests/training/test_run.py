"""One short run of a small recipe, looked at from all sides."""

import csv
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import keras
import killed_run
import numpy as np
import pytest

import cn_zoo
from cn_zoo.datasets import ConvertedSet
from cn_zoo.errors import InputError, WeightsError
from cn_zoo.evaluation.synthetic_cases import AT_REST_TEST, OFF_CENTER_TEST, SYNTHETIC_TESTS
from cn_zoo.geometry import POSE_UNIT_MM, Camera
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.models import HAND_HEAD, SIDE_HEAD
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import finetune, load_recipe, run_stages, train
from cn_zoo.training.run import _build, _describe, _make_model
from cn_zoo.training.run_data import RunData
from cn_zoo.training.warm_start import start_from
from cn_zoo.zoo import Preset, weights_path
from cn_zoo.zoo.save_preset import save_preset

SHORT = (
    "start=",
    "architecture=paper",
    'stages=["pose_vae", "posterior", "generator"]',
    "mixed_precision=false",
    "poses=600",
    "pose_vae.samples=1200",
    "posterior.samples=96",
    "posterior.batch_size=16",
    "posterior.checkpoint_every=2",
    'posterior.optimizer="adamw"',  # Muon makes whole steps of rounding errors: no two runs of it agree to the digit
    "generator.samples=8",
    "generator.batch_size=4",
    "finish.hand_frames=60",
    "finish.side_crops=100",
    "finish.samples=100",
    "finish.test_samples=50",
)


def _crops(count):
    return np.random.default_rng(0).uniform(-1, 1, (count, 128, 128, 1)).astype("float32")


@pytest.fixture(scope="module")
def recipe():
    return load_recipe("icvl", SHORT)


@pytest.fixture(scope="module")
def finished(recipe, tmp_path_factory):
    return train(recipe, tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture(scope="module")
def estimator_alone(finished, tmp_path_factory):
    """The same model as if it had been released without its nets."""
    folder = tmp_path_factory.mktemp("models") / "alone"
    shutil.copytree(finished, folder)
    preset = Preset.load(folder)
    save_preset(replace(preset, files={kind: file for kind, file in preset.files.items() if kind != "nets"}), folder)
    return folder


def test_a_finished_run_is_a_model(finished):
    preset = Preset.load(finished)
    assert (preset.skeleton, preset.architecture, preset.latent_size) == ("icvl", "paper", 23)
    assert {*SYNTHETIC_TESTS, OFF_CENTER_TEST, AT_REST_TEST} == set(preset.errors_mm)
    assert all(np.isfinite(error) and error > 0 for error in preset.errors_mm.values())
    # Of the crops that the calibration saw, half have larger deviations than the record says is usual.
    crops = draw_crop_batch(PRESETS["icvl"], 0, 0, 100, "validation")
    sigma = keras.models.load_model(finished / "estimator.keras").predict(crops.depth, verbose=0)["sigma"]
    assert preset.sigma_mm == pytest.approx(float(np.median(sigma.mean(axis=1))) * POSE_UNIT_MM, rel=0.05)
    frame = draw_frame(PRESETS["icvl"].own(), seed=0, index=0)
    for runtime in ("onnx", "keras"):
        hand = HandPoseEstimator.from_pretrained(finished, runtime).predict(
            frame.depth_mm, frame.camera, frame.center_uvd
        )
        assert hand.xyz.shape == (16, 3)
        assert np.isfinite(hand.xyz).all()
        assert (hand.sigma > 0).all()


def _word(model):
    """What a model's estimator says of crops: a hand? of its side?"""
    return keras.models.load_model(model / "estimator.keras", compile=False).predict(_crops(2), verbose=0)["hand"]


def test_it_has_learned_what_is_a_hand(finished):
    assert (_word(finished) != 0.5).all()


def test_its_nets_are_those_of_the_estimator(finished):
    nets = cn_zoo.CrossingNets.from_pretrained(finished)
    estimator = keras.models.load_model(cn_zoo.weights_path(finished))
    expected, found = estimator(_crops(2)), nets.estimate(_crops(2))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-5, err_msg=name)
    # The side head learns in stages that name it, and last of all.
    assert [name for name, network in nets.networks.items() if not network.trainable] == [SIDE_HEAD]


def test_where_nothing_can_be_exported_keras_files_make_the_model(recipe, finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / "run")
    for name in ("preset.json", "estimator.onnx", "estimator.keras", "nets.keras"):
        (tmp_path / "run" / name).unlink()
    monkeypatch.setitem(import_module("cn_zoo.exporting.export")._NEEDED, "onnx", ("no_such_converter",))
    with pytest.warns(UserWarning, match=r"no estimator.onnx.*export needs no_such_converter"):
        train(recipe, tmp_path / "run", resume=True)
    assert set(Preset.load(tmp_path / "run").files) == {"estimator", "nets"}
    assert not (tmp_path / "run" / "estimator.onnx").exists()
    frame = draw_frame(PRESETS["icvl"].own(), seed=0, index=0)
    hands = (HandPoseEstimator.from_pretrained(run) for run in (finished, tmp_path / "run"))
    mine, theirs = (hand.predict(frame.depth_mm, frame.camera, frame.center_uvd).xyz for hand in hands)
    np.testing.assert_allclose(mine, theirs, atol=0.05)


def test_curves_recipe_and_pictures_are_written(finished):
    with (finished / "posterior.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert all(float(row["error_mm"]) > 0 for row in rows)
    assert json.loads((finished / "recipe.json").read_text())["recipe"]["schedule"]["posterior"]["samples"] == 96
    assert list((finished / "samples").glob("generator-*.png"))
    assert list((finished / "tensorboard/posterior").rglob("events*"))


def test_a_run_that_needs_the_hand_locator_in_the_end_is_refused_without_it(recipe, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(HandLocator, "load", partial(HandLocator.load, tmp_path / "nowhere"))
    with pytest.raises(WeightsError, match=r"locator\.json: is missing"):
        train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert train(recipe, finished, resume=True) == finished


def test_a_killed_run_goes_on_as_if_it_had_not_been(recipe, finished, tmp_path, monkeypatch):
    """Killed between an epoch's row and its checkpoint; weights and curves are those of the run that was left alone."""
    command = [sys.executable, killed_run.__file__, str(tmp_path / "run"), *SHORT]
    killed = subprocess.run(command, cwd=Path(cn_zoo.__file__).parent.parent, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    monkeypatch.setattr(run_stages, "training_poses", None)  # the finished first stage is not done again
    monkeypatch.setattr(run_stages, "start_from", None)  # nor is anything started anew
    train(recipe, tmp_path / "run", resume=True)
    whole, resumed = (cn_zoo.CrossingNets.from_pretrained(folder) for folder in (finished, tmp_path / "run"))
    mine, theirs = (nets.estimate(_crops(2)) | nets.synthesize(np.ones((2, 23))) for nets in (whole, resumed))
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], atol=1e-3, err_msg=name)
    curves = [
        np.loadtxt(folder / "posterior.csv", delimiter=",", skiprows=1) for folder in (finished, tmp_path / "run")
    ]
    np.testing.assert_allclose(curves[1], curves[0], atol=1e-3)


def test_nets_for_a_released_estimator(estimator_alone, tmp_path):
    """Its estimator is handed on untouched; encoder, mapping and generator are trained beside it."""
    more = (f"start={estimator_alone}", 'stages=["pose_encoder", "generator"]', "pose_encoder.samples=1200")
    folder = train(load_recipe("icvl", (*SHORT, *more)), tmp_path / "run")
    for name in ("estimator.keras", "estimator.onnx"):
        assert (folder / name).read_bytes() == (estimator_alone / name).read_bytes()
    assert Preset.load(folder).errors_mm == Preset.load(estimator_alone).errors_mm
    nets = cn_zoo.CrossingNets.from_pretrained(folder)
    expected = keras.models.load_model(cn_zoo.weights_path(estimator_alone))(_crops(2))
    np.testing.assert_allclose(nets.estimate(_crops(2))["pose"], expected["pose"], atol=1e-5)
    np.testing.assert_allclose(nets.estimate(_crops(2))["sigma"], expected["sigma"], atol=1e-5)


def test_nets_need_the_estimators_encoder(estimator_alone, tmp_path):
    more = (f"start={estimator_alone}", 'stages=["generator"]')
    with pytest.raises(InputError, match="pose_encoder first"):
        train(load_recipe("icvl", (*SHORT, *more)), tmp_path / "run")


def test_starting_from_another_skeleton_trains_the_pose_vae(estimator_alone, tmp_path):
    more = (f"start={estimator_alone}", "dataset=nyu", 'stages=["posterior"]')
    with pytest.raises(InputError, match="pose"):
        train(load_recipe("icvl", (*SHORT, *more)), tmp_path / "run")


def test_a_pose_vae_that_is_known_is_not_begun_anew(finished, tmp_path):
    more = (f"start={finished}", 'stages=["pose_vae"]', "pose_vae.samples=200", "pose_vae.learning_rate=1e-9")
    folder = train(load_recipe("icvl", (*SHORT, *more)), tmp_path / "run")
    before, after = (cn_zoo.CrossingNets.from_pretrained(each) for each in (finished, folder))
    for name in ("pose_encoder", "pose_decoder"):
        weights = zip(before.networks[name].get_weights(), after.networks[name].get_weights(), strict=True)
        assert all(np.allclose(old, new, atol=1e-5) for old, new in weights), name


def test_a_weights_file_to_start_from_is_taken_as_it_is(finished):
    """Its nets lie beside the estimator, but only the estimator was asked for."""
    nets = cn_zoo.CrossingNets("paper", "icvl", PRESETS["icvl"].cube_mm, seed=5)
    encoder = nets.pose_encoder.get_weights()
    start_from(nets, str(finished / "estimator.keras"), {"pose_encoder"})
    expected = keras.models.load_model(finished / "estimator.keras")(_crops(2))
    np.testing.assert_allclose(nets.estimate(_crops(2))["pose"], expected["pose"], atol=1e-5)
    np.testing.assert_array_equal(nets.pose_encoder.get_weights()[0], encoder[0])
    with pytest.raises(WeightsError, match=r"estimator\.onnx: is no Keras file"):
        start_from(nets, str(finished / "estimator.onnx"), {"pose_encoder"})


def test_a_finished_run_is_not_done_again(recipe, finished, tmp_path, monkeypatch):
    """Whatever it lacks is added: here the run was killed before its export."""
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    (run / "estimator.onnx").unlink()
    record = Preset.load(run)
    save_preset(replace(record, files={kind: file for kind, file in record.files.items() if kind != "onnx"}), run)
    monkeypatch.setattr(import_module("cn_zoo.training.run"), "run_stages", None)
    train(recipe, run, resume=True)
    again = Preset.load(run)
    assert {"onnx", "estimator", "nets"} == set(again.files)
    assert again.errors_mm == record.errors_mm
    weights_path(run, "onnx")


def test_a_folder_holds_one_run(recipe, finished):
    with pytest.raises(InputError, match="--resume"):
        train(recipe, finished)
    with pytest.raises(InputError, match="seed"):
        train(load_recipe("icvl", (*SHORT, "seed=5")), finished, resume=True)


def test_a_model_whose_poses_are_no_numbers_is_not_saved(recipe, tmp_path):
    weights = [weight * 1e30 for weight in _build(recipe, "float32").get_weights()]
    with pytest.raises(InputError, match="its poses are no numbers"):
        _make_model(recipe, tmp_path, RunData.open(recipe, tmp_path, None, None), weights)
    assert not list(tmp_path.iterdir())


def test_a_stage_that_has_failed_is_done_again_otherwise_and_the_others_are_not(recipe, finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished, run, ignore=shutil.ignore_patterns("preset.json", "generator.*"))
    posterior = (run / "posterior.weights.h5").read_bytes()
    train(load_recipe("icvl", (*SHORT, "generator.learning_rate=2e-3")), run, resume=True)
    assert (run / "posterior.weights.h5").read_bytes() == posterior
    assert (run / "generator.weights.h5").read_bytes() != (finished / "generator.weights.h5").read_bytes()
    schedules = [json.loads((folder / "recipe.json").read_text())["recipe"]["schedule"] for folder in (run, finished)]
    assert [each["generator"]["learning_rate"] for each in schedules] == [2e-3, 1e-3]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ('posterior.trains=["trunk", "posterior_head"]', "stage posterior, which trains trunk, posterior_head: .*side"),
        ('generator.trains=["trunk"]', "stage generator, which trains trunk: there is nothing to train"),
    ],
)
def test_a_stage_with_nothing_to_learn_says_so_at_once(tmp_path, change, word):
    with pytest.raises(InputError, match=word):
        train(load_recipe("icvl", (*SHORT, change)), tmp_path / "run")


def test_a_stage_without_its_stream_says_so(tmp_path):
    with pytest.raises(InputError, match=r"stage joint .* --unlabelled"):
        train(load_recipe("icvl", (*SHORT, 'stages=["joint"]')), tmp_path / "run")


def test_finetuning_gives_a_model(finished, icvl_folder, icvl_set_path, tmp_path):
    """Six labelled frames of which one is held out, twelve unlabelled ones, synthetic crops beside them."""
    short = ("mixed_precision=false", "adapt.samples=4", "adapt.batch_size=2", "adapt.unlabelled_batch_size=3")
    few = ("adapt.synthetic_batch_size=2", "labelled_fraction=0.5")
    folder = finetune(str(finished), icvl_folder, icvl_set_path, tmp_path / "mine", overrides=(*short, *few))
    preset = Preset.load(folder)
    assert preset.name == "mine" and set(preset.files) == {"onnx", "estimator", "nets"}
    assert list(preset.errors_mm) == ["held-out frames"]
    # One frame held out is too few to tell what is usual.
    assert preset.sigma_mm == Preset.load(finished).sigma_mm
    assert "6 labelled depth maps of the user's own, 17 without labels" in preset.training_data
    before, after = (cn_zoo.CrossingNets.from_pretrained(each) for each in (finished, folder))
    assert not np.array_equal(before.trunk.get_weights()[0], after.trunk.get_weights()[0])
    np.testing.assert_array_equal(before.pose_decoder.get_weights()[0], after.pose_decoder.get_weights()[0])
    # What is a hand, and of which side, stays what it was.
    for name in (HAND_HEAD, SIDE_HEAD):
        heads = [nets.estimator.get_layer(name).get_weights() for nets in (after, before)]
        for weight, earlier in zip(*heads, strict=True):
            np.testing.assert_array_equal(weight, earlier)
    norms = [nets.trunk.get_layer("trunk_conv1_norm").get_weights() for nets in (before, after)]
    np.testing.assert_array_equal(*norms)
    with (folder / "adapt.csv").open() as file:
        assert {"pose", "consistency"} <= set(next(csv.DictReader(file)))


def test_a_name_of_the_zoo_is_one_whatever_lies_here(tmp_path, monkeypatch):
    (tmp_path / "msra").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(import_module("cn_zoo.training.finetune"), "train", lambda recipe, *rest: recipe)
    assert finetune("msra", tmp_path / "few", None, tmp_path / "mine").start == "msra"


def test_a_fine_tuned_model_is_called_as_its_folder_whatever_that_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(import_module("cn_zoo.training.finetune"), "train", lambda recipe, *rest: recipe)
    assert finetune("msra", tmp_path / "few", None, tmp_path / "手 😀").name == "手 😀"


def test_the_joint_stage_has_all_of_its_terms(finished, icvl_folder, icvl_set_path, tmp_path):
    sizes = ("joint.samples=4", "joint.batch_size=2", "joint.unlabelled_batch_size=3")
    more = (f"start={finished}", 'stages=["joint"]', "held_out=0.1", *sizes)
    folder = train(load_recipe("icvl", (*SHORT, *more)), tmp_path / "run", data=icvl_folder, unlabelled=icvl_set_path)
    with (folder / "joint.csv").open() as file:
        row = next(csv.DictReader(file))
    assert {"consistency", "unlabelled_cycle", "unlabelled_reconstruction", "feature_matching"} <= set(row)


def test_data_that_do_not_fit(icvl_folder, icvl_set_path, tmp_path):
    nyu = load_recipe("nyu", (*SHORT, "start="))
    with pytest.raises(InputError, match="icvl skeleton, and nyu learns that of nyu"):
        train(nyu, tmp_path / "skeleton", data=icvl_set_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: holds no dataset"):
        train(nyu, tmp_path / "none", data=tmp_path / "empty")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        train(nyu, tmp_path / "run", unlabelled=tmp_path / "nowhere")
    with pytest.raises(InputError, match="all of its 12 frames would be held out"):
        train(load_recipe("icvl", (*SHORT, "held_out=0.99")), tmp_path / "held", data=icvl_set_path)


def test_a_record_tells_of_the_data_and_how_far_the_model_is_off(icvl_set_path):
    """An estimator whose joints are all (9, 12, 20) mm off, which are 25 mm."""
    frames = ConvertedSet(icvl_set_path)
    frames.camera, wrong = Camera(241.0, 242.0, 161.0, 119.0), np.array([9.0, 12.0, 20.0]) / 50
    held_out = np.array([10, 11])
    pose = frames.poses(held_out) + wrong
    estimator = SimpleNamespace(predict=lambda depth, verbose: {"pose": pose}, count_params=lambda: 7)
    record = _describe(load_recipe("icvl"), estimator, RunData(frames, np.arange(10), held_out, []))
    assert record.camera == (241.0, 242.0, 161.0, 119.0)
    assert record.hand == "right"
    assert record.errors_mm == {"held-out frames": pytest.approx(25.0, abs=1e-3)}


def test_a_record_of_a_synthetic_model_has_the_benchmarks_camera(finished):
    preset, camera = Preset.load(finished), PRESETS["icvl"].lenses[0].camera
    assert preset.camera == (camera.fx, camera.fy, camera.cx, camera.cy)
    assert preset.hand == "right"
