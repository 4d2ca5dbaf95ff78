from pathlib import Path

import pytest
from click.testing import CliRunner

from cn_zoo.cli.main import _cn_zoo
from cn_zoo.errors import InputError
from cn_zoo.training import load_recipe


@pytest.fixture
def train(recorded):
    return recorded("train")


def run(*arguments):
    return CliRunner().invoke(_cn_zoo, ["train", *map(str, arguments)])


def test_every_option_arrives(train):
    changes = ("name=mine", "posterior.samples=1_000")
    options = ("--data", "labelled", "--unlabelled", "plain.h5", "--output", "here", "--resume")
    result = run("icvl", *options, "--set", changes[0], "--set", changes[1])
    assert (result.exit_code, result.stdout) == (0, "done\n")
    recipe = load_recipe("icvl", changes)
    assert (recipe.name, recipe.schedule["posterior"].samples) == ("mine", 1000)
    train.assert_called_once_with(recipe, Path("here"), resume=True, data=Path("labelled"), unlabelled=Path("plain.h5"))


@pytest.mark.parametrize(
    ("arguments", "name"), [(["icvl-paper"], "icvl-paper"), (["icvl", "--set", "name=mine"], "mine")]
)
def test_the_recipe_alone_runs_on_synthetic_hands_in_a_folder_of_its_name(train, arguments, name):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (0, "done\n")
    recipe = load_recipe(arguments[0], tuple(arguments[2:]))
    train.assert_called_once_with(recipe, Path("runs") / name, resume=False, data=None, unlabelled=None)


def test_a_recipe_of_ones_own(train, tmp_path):
    path = tmp_path / "file.toml"
    path.write_text('name = "own"\ndataset = "msra"\nstages = ["pose_vae"]\n[pose_vae]\nsamples = 640\n')
    assert run(path).exit_code == 0
    recipe, folder = train.call_args.args[:2]
    assert (recipe, folder) == (load_recipe(str(path)), Path("runs/own"))


def test_what_is_wrong_is_told_before_anything_runs(train, tmp_path):
    (tmp_path / "file").write_text("")
    assert run().exit_code == 2
    assert run("icvl", "--output", tmp_path / "file").exit_code == 2
    for arguments, word in ((["icvk"], "icvl-paper"), (["icvl", "--set", "lr=1"], "unknown key 'lr'")):
        error = run(*arguments).exception
        assert isinstance(error, InputError)
        assert word in str(error)
    train.assert_not_called()
