"""The released models: whole, as recorded, and giving the golden output beside them."""

import keras
import numpy as np
import pytest
from network_checks import outputs_in_fresh_process

from cn_zoo.geometry import SKELETONS
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo import get_preset, list_models, resolve, weights_path
from cn_zoo.zoo.card import model_card

MODELS = list_models()


def _golden(name):
    golden = dict(np.load(get_preset(name).folder / "golden.npz"))
    return golden.pop("depth"), golden


DEFAULTS = ("nyu", "icvl", "msra")


def test_the_zoo_holds_each_preset_in_both_architectures():
    assert {*DEFAULTS, *(f"{name}-paper" for name in DEFAULTS)} <= set(MODELS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_default_is_clearly_better_than_the_papers(name):
    default, paper = (get_preset(each) for each in (name, f"{name}-paper"))
    assert (default.architecture, paper.architecture) == ("default", "paper")
    assert default.errors_mm.keys() == paper.errors_mm.keys()
    for test, error in default.errors_mm.items():
        assert error <= 0.75 * paper.errors_mm[test]


@pytest.mark.parametrize("name", MODELS)
def test_onnx_gives_the_golden_output(name):
    depth, golden = _golden(name)
    found = open_runtime(resolve(name, "onnx")).run(depth)
    assert golden["pose"].shape == (len(SKELETONS[get_preset(name).skeleton]), 3)
    for key, value in golden.items():
        np.testing.assert_allclose(found[key], value, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_keras_gives_the_golden_output(name):
    depth, golden = _golden(name)
    found = open_runtime(weights_path(name)).run(depth)
    for key, value in golden.items():
        np.testing.assert_allclose(found[key], value, atol=1e-4)


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_keras_file_loads_without_cn_zoo_on_every_backend(backend, tmp_path):
    depth, golden = _golden("nyu")
    found = outputs_in_fresh_process(weights_path("nyu"), depth[None, :, :, None], tmp_path, backend)
    for key, value in golden.items():
        np.testing.assert_allclose(found[key][0], value, atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
def test_card_is_what_the_record_says(name):
    preset = get_preset(name)
    card = (preset.folder / "card.md").read_text(encoding="utf-8")
    assert card == model_card(preset)
    assert "synthetic" in card
    assert preset.licence in card
    for test, error in preset.errors_mm.items():
        assert f"| {test} | {error:.2f} |" in card
    for joint in SKELETONS[preset.skeleton].joints:
        assert joint in card


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_counted_right(name):
    model = keras.models.load_model(weights_path(name), compile=False)
    assert model.count_params() == get_preset(name).parameters
