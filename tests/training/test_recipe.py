import re
from dataclasses import fields

import pytest

from cn_zoo.cli._exit_codes import exit_code
from cn_zoo.datasets import CropAugmentation
from cn_zoo.errors import InputError, RecipeError
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import STAGES, Recipe, Stage, list_recipes, load_recipe
from cn_zoo.training.recipe import Finish


def test_packaged_recipes_name_what_exists():
    assert {"nyu", "icvl", "msra"} <= set(list_recipes())
    for name in list_recipes():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe.dataset in PRESETS
        assert recipe.architecture in ARCHITECTURES
        assert all(stage.steps > 0 for stage in recipe.schedule.values())


def test_overrides_are_applied_in_turn():
    overrides = ("seed=7", "posterior.samples=640", "posterior.samples=1280", "name=mine", "posterior.terms.latent=0")
    recipe = load_recipe("nyu", overrides)
    stage = recipe.schedule["posterior"]
    assert (recipe.seed, stage.samples, recipe.name) == (7, 1280, "mine")
    assert stage.terms == {**STAGES["posterior"].terms, "latent": 0.0}
    assert load_recipe("nyu").schedule["posterior"].samples != 1280


def test_own_file(tmp_path):
    """Stages come in the order of the list; a stage of one's own needs no more than its record does."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'name = "mine"\ndataset = "icvl"\nstages = ["posterior", "polish"]\n[posterior]\nlearning_rate = 1\n'
        '[polish]\ntrains = ["trunk"]\nsamples = 640\nterms = {pose = 2}\n'
    )
    recipe = load_recipe(str(path))
    assert list(recipe.schedule) == ["posterior", "polish"]
    assert isinstance(recipe.schedule["posterior"].learning_rate, float)
    assert recipe.schedule["posterior"].trains == STAGES["posterior"].trains
    assert recipe.schedule["polish"] == Stage(("trunk",), {"pose": 2.0}, 640)


def test_a_stage_parts_into_equal_epochs():
    stage = Stage(("trunk",), {"pose": 1.0}, samples=1000, batch_size=10, checkpoint_every=30)
    assert (stage.epoch_steps, stage.epochs, stage.steps) == (25, 4, 100)
    short = Stage(("trunk",), {"pose": 1.0}, samples=25, batch_size=10, checkpoint_every=30)
    assert (short.epoch_steps, short.epochs, short.steps) == (2, 1, 2)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("colour = 3\n", "unknown key 'colour'"),
        ("[posterior]\nsample = 3\n", "unknown key 'sample'"),
        ('[posterior]\nsamples = "many"\n', "samples must be int"),
        ("[posterior]\nsamples = true\n", "samples must be int; received True"),
        ("[posterior]\nlearning_rate = true\n", "learning_rate must be float; received True"),
        ("[posterior]\nsamples = 3\n", "less than one batch"),
        ('[posterior]\ntrains = ["legs"]\n', "trains must be pose_encoder or"),
        ("[posterior.terms]\ncolour = 3\n", "terms must be pose_kl or"),
        ('[posterior]\noptimizer = "luck"\n', "adamw or muon"),
        ("[joint]\nbatch_size = 0\n", "batch_size must be positive"),
        ("posterior = 3\n", "must be a table"),
        ("mixed_precision = 1\n", "mixed_precision must be bool"),
        ('devices = "some"\n', "one or all"),
        ("labelled_fraction = 2\n", "labelled_fraction"),
        ("tilt_deg = -5\n", "tilt_deg"),
        ("stages = []\n", "known stages are pose_vae"),
        ('stages = ["own"]\n', r"unknown stage 'own'; known stages are pose_vae, .*table \[own\]"),
        ("schedule = 3\n", "unknown key 'schedule'; known keys are name, dataset, stages"),
        ("seed = -1\n", "seed must be 0 or more"),
        ("[posterior]\nlearning_rate = 0\n", "learning_rate must be positive"),
        ('dataset = "hands"\n', "nyu or icvl or msra"),
        ("name = \n", "TOML"),
    ],
)
def test_broken_recipes_are_named(tmp_path, content, word):
    path = tmp_path / "broken.toml"
    whole = {"name": '"a"', "dataset": '"nyu"', "stages": '["posterior", "joint"]'}
    head = [f"{key} = {value}" for key, value in whole.items() if not content.startswith(key)]
    path.write_text("\n".join([*head, content]))
    with pytest.raises(InputError, match=word) as caught:
        load_recipe(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_recipe_lists_the_known():
    with pytest.raises(RecipeError, match=r"icvl.*received 'nyv'"):
        load_recipe("nyv")


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("seed", "key=value"),
        ("foo=1", "nyu with --set: unknown key 'foo'"),
        ("posterior.samples=abc", r"nyu with --set, \[posterior\]: samples must be int; received 'abc'"),
        ("seed.foo=1", "seed is a value"),
        ('stages=["posterior", "generator", "posterior"]', "names one twice"),
        ("joint.samplse=3", "unknown key 'samplse'"),
        ("posterior.terms.pose=nan", "terms.pose must be a finite number"),
        ("posterior.learning_rate=inf", "learning_rate must be positive"),
        ("posterior.unlabelled_batch_size=-4", "unlabelled_batch_size must be 0 or more"),
        ("poses=0", "poses must be positive"),
        ("held_out=1.0", "held_out must be 0 to below 1; received 1.0"),
    ],
)
def test_overrides_that_cannot_be_are_a_wrong_use_of_the_command(override, word):
    with pytest.raises(RecipeError, match=word) as caught:
        load_recipe("nyu", ("seed=3", override))
    assert exit_code(caught.value) == 2


@pytest.mark.parametrize(
    ("key", "bad", "words"),
    [
        ("seed", (-1, 2**32), "0 or more, below 2**32"),
        ("poses", (0, -3), "positive"),
        ("labelled_fraction", (0.0, 1.01, "nan"), "above 0, up to 1"),
        ("held_out", (-0.1, 1.0, "nan"), "0 to below 1"),
        ("rotation_deg", (-5, "inf", "nan"), "0 or more"),
        ("scale", (-0.1, 1.0, "nan"), "0 to below 1"),
        ("shift_mm", (-5, "inf", "nan"), "0 or more"),
        ("tilt_deg", (-5, "inf", "nan"), "0 or more"),
        ("posterior.samples", (0, -1), "positive"),
        ("posterior.batch_size", (0, -1), "positive"),
        ("posterior.checkpoint_every", (0, -1), "positive"),
        ("posterior.learning_rate", (0, -1e-3, "inf", "nan"), "positive"),
        ("posterior.beta_1", (-0.1, 1.0, 7.0, "nan"), "0 to below 1"),
        ("posterior.unlabelled_batch_size", (-1,), "0 or more"),
        ("posterior.synthetic_batch_size", (-1,), "0 or more"),
        ("posterior.weight_decay", (-1e-4, "inf", "nan"), "0 or more"),
        ("posterior.clip_norm", (-1.0, "inf", "nan"), "0 or more"),
        ("posterior.terms.latent", ("inf", "nan"), "a finite number"),
        ("finish.hand_frames", (-1,), "0 or more"),
        ("finish.side_crops", (-5,), "0 or more"),
        ("finish.samples", (0, 99, -100), "100 or more"),
        ("finish.test_samples", (0, -1), "positive"),
    ],
)
def test_numbers_out_of_range_are_named(key, bad, words):
    name = key.removeprefix("posterior.").removeprefix("finish.")
    for value in bad:
        with pytest.raises(RecipeError, match=re.escape(f": {name} must be {words}; received {value}")):
            load_recipe("nyu", (f"{key}={value}",))


def test_nothing_to_learn_at_the_end_is_allowed():
    finish = load_recipe("nyu", ("finish.hand_frames=0", "finish.side_crops=0", "finish.samples=100")).finish
    assert (finish.hand_frames, finish.side_crops, finish.samples) == (0, 0, 100)


def test_every_number_of_a_recipe_has_its_range():
    for kind in (Recipe, Stage, Finish):
        numbers = [entry for entry in fields(kind) if str(entry.type) in ("int", "float", "dict[str, float]")]
        assert numbers and all("numbers" in entry.metadata for entry in numbers)


def test_a_file_that_is_wrong_by_itself_is_told_of_whatever_is_changed(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "a"\ndataset = "moon"\nstages = ["posterior"]\n')
    with pytest.raises(InputError, match=r"mine\.toml: dataset must be") as caught:
        load_recipe(str(tmp_path / "mine.toml"), ("seed=3",))
    assert exit_code(caught.value) == 3


def test_how_far_own_crops_are_changed_is_the_recipes():
    assert load_recipe("msra").augmentation == CropAugmentation()
    changes = {"rotation_deg": 20.0, "scale": 0.05, "shift_mm": 4.0, "tilt_deg": 15.0}
    recipe = load_recipe("msra", tuple(f"{name}={value}" for name, value in changes.items()))
    assert recipe.augmentation == CropAugmentation(**changes)
