import pytest

from cn_zoo.errors import InputError
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import list_recipes, load_recipe


def test_packaged_recipes_name_what_exists():
    assert {"nyu", "icvl", "msra"} <= set(list_recipes())
    for name in list_recipes():
        recipe = load_recipe(name)
        assert recipe.name == name
        assert recipe.dataset in PRESETS
        assert recipe.architecture in ARCHITECTURES


def test_overrides_are_applied_in_turn():
    recipe = load_recipe("nyu", ("seed=7", "posterior.samples=640", "posterior.samples=1280", "name=mine"))
    assert (recipe.seed, recipe.posterior.samples, recipe.name) == (7, 1280, "mine")
    assert load_recipe("nyu").posterior.samples != 1280


def test_own_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ndataset = "icvl"\n[posterior]\nlearning_rate = 1\n')
    recipe = load_recipe(str(path))
    assert recipe.posterior.learning_rate == 1.0
    assert isinstance(recipe.posterior.learning_rate, float)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ('name = "a"\ndataset = "nyu"\ncolour = 3\n', "colour"),
        ('name = "a"\ndataset = "nyu"\n[posterior]\nsample = 3\n', "sample"),
        ('name = "a"\ndataset = "nyu"\n[posterior]\nsamples = "many"\n', "samples"),
        ('name = "a"\ndataset = "nyu"\n[posterior]\nmixed_precision = 1\n', "mixed_precision"),
        ('name = "a"\n', "dataset"),
        ("name = \n", "TOML"),
    ],
)
def test_broken_recipes_are_named(tmp_path, content, word):
    path = tmp_path / "broken.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=word) as caught:
        load_recipe(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_recipe_lists_the_known():
    with pytest.raises(InputError, match=r"icvl.*received 'nyv'"):
        load_recipe("nyv")


def test_override_without_a_value():
    with pytest.raises(InputError, match="key=value"):
        load_recipe("nyu", ("seed",))
