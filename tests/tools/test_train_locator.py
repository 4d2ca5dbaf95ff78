from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from cn_zoo.training.locator.locator_run import LocatorRecipe

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def begun(monkeypatch):
    """From arguments to the recipe, folder and resumption of the run that the tool begins, and what it releases."""
    monkeypatch.syspath_prepend(TOOLS)
    tool = import_module("train_locator")
    called = []
    monkeypatch.setattr(tool, "train_locator", lambda *given: called.extend(given) or given[1])
    monkeypatch.setattr(tool, "release", called.append)

    def begin(*arguments):
        CliRunner().invoke(tool.main, arguments, catch_exceptions=False)
        return called

    return begin


def test_nothing_said_is_the_recipe_as_it_stands(begun):
    assert begun("runs/locator") == [LocatorRecipe(), Path("runs/locator"), False]


def test_every_field_of_the_recipe_is_an_option(begun):
    told = ("--start", "runs/locator", "--learning-rate", "3e-3", "--seed", "4", "--validation-frames", "12")
    recipe = replace(LocatorRecipe(), start="runs/locator", learning_rate=3e-3, seed=4, validation_frames=12)
    assert begun("runs/more", "--resume", "--release", *told) == [recipe, Path("runs/more"), True, Path("runs/more")]
