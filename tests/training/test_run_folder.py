import json
from pathlib import Path

import keras
import pytest

from cn_zoo.errors import InputError
from cn_zoo.training.run_folder import changed_keys, open_run_folder

MINE = {"dataset": "nyu", "data": "mine"}


@pytest.fixture
def learned(tmp_path):
    """A folder in which something has been learned."""
    open_run_folder(tmp_path, MINE, resume=False)
    (tmp_path / "posterior.weights.h5").touch()
    return tmp_path


def test_a_run_is_resumed_only_where_that_is_asked_for_and_nothing_differs(learned):
    open_run_folder(learned, MINE, resume=True)
    with pytest.raises(InputError, match="--resume"):
        open_run_folder(learned, MINE, resume=False)
    with pytest.raises(InputError, match=r"another recipe \(data differ\)"):
        open_run_folder(learned, {**MINE, "data": "theirs"}, resume=True)


def test_a_run_that_was_moved_goes_on(learned):
    """Its name is its folder's."""
    moved = learned.rename(learned.with_name("moved"))
    open_run_folder(moved, {**MINE, "name": "moved"}, resume=True)


def test_a_start_that_failed_does_not_stand_in_the_way(tmp_path):
    """What was made of other frames goes with it; of the same frames it stays."""
    open_run_folder(tmp_path, MINE, resume=False)
    (tmp_path / "labelled.h5").touch()
    open_run_folder(tmp_path, {**MINE, "seed": 1}, resume=False)
    assert (tmp_path / "labelled.h5").exists()
    open_run_folder(tmp_path, {**MINE, "data": "theirs"}, resume=False)
    assert not (tmp_path / "labelled.h5").exists()
    assert json.loads((tmp_path / "recipe.json").read_text())["recipe"]["data"] == "theirs"


def test_a_set_that_is_given_is_never_deleted(tmp_path):
    """People may keep their own set in the run's folder."""
    (tmp_path / "labelled.h5").touch()
    open_run_folder(tmp_path, {**MINE, "data": "mistyped"}, resume=False)
    open_run_folder(tmp_path, {**MINE, "data": str(tmp_path / "labelled.h5")}, resume=False)
    assert (tmp_path / "labelled.h5").exists()


def test_a_place_may_be_written_otherwise(learned, monkeypatch):
    monkeypatch.chdir(learned)
    for data in ("./mine", str(learned / "mine"), "../" + learned.name + "/mine"):
        open_run_folder(learned, {**MINE, "data": data}, resume=True)
    assert json.loads((learned / "recipe.json").read_text())["recipe"] == MINE
    assert changed_keys({"unlabelled": "more"}, {"unlabelled": "./more"}) == []


def test_what_may_change_is_noted_and_what_was_stays_beside_it(learned):
    changes = [{**MINE, "rate": rate} for rate in (1, 2)]
    for change in changes:
        open_run_folder(learned, change, resume=True, settled=lambda earlier, wanted: [])
    record = json.loads((learned / "recipe.json").read_text())
    assert record["recipe"] == changes[1] and record["earlier_recipes"] == [MINE, changes[0]]
    with pytest.raises(InputError, match=r"another recipe \(rate differ\)"):
        open_run_folder(learned, MINE | {"rate": 3}, resume=True, settled=lambda earlier, wanted: ["rate"])


@pytest.mark.parametrize("resume", [True, False])
def test_checkpoints_of_an_unknown_recipe_are_not_gone_on_from(learned, resume):
    (learned / "recipe.json").unlink()
    with pytest.raises(InputError, match=r"holds checkpoints, but no recipe\.json"):
        open_run_folder(learned, MINE, resume)


def test_a_damaged_record_is_told(learned):
    for text in ('{"recipe": ', "[]", "{}"):
        (learned / "recipe.json").write_text(text)
        with pytest.raises(InputError, match=r"recipe\.json: is damaged"):
            open_run_folder(learned, MINE, resume=True)


def test_a_run_that_was_killed_in_its_first_checkpoint_is_begun_anew(tmp_path):
    open_run_folder(tmp_path, MINE, resume=False)
    (tmp_path / ".posterior.weights-x1y2.weights.h5").touch()
    open_run_folder(tmp_path, {**MINE, "seed": 1}, resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.json"]


def test_who_is_refused_leaves_a_run_that_goes_on_alone(learned):
    """It may be writing a checkpoint just now."""
    (learned / ".posterior.weights-x1y2.weights.h5").touch()
    with pytest.raises(InputError, match="--resume"):
        open_run_folder(learned, MINE, resume=False)
    with pytest.raises(InputError, match="another recipe"):
        open_run_folder(learned, {**MINE, "seed": 1}, resume=True)
    assert (learned / ".posterior.weights-x1y2.weights.h5").exists()


@pytest.mark.parametrize("change", [{"data": "theirs"}, {"unlabelled": "theirs"}, {"dataset": "icvl"}])
def test_sets_of_other_frames_go_with_a_start_that_failed(tmp_path, change):
    """Those without labels and those half made, too."""
    mine = {**MINE, "unlabelled": "more"}
    open_run_folder(tmp_path, mine, resume=False)
    for name in ("labelled.h5", "unlabelled.h5", "labelled.h5.partial"):
        (tmp_path / name).touch()
    open_run_folder(tmp_path, {**mine, **change}, resume=False)
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.json"]


@pytest.mark.parametrize("key", ["data", "unlabelled"])
def test_a_set_that_was_given_earlier_is_not_deleted_either(tmp_path, key, monkeypatch):
    """However its place and the folder's are written."""
    monkeypatch.chdir(tmp_path)
    given, folder = tmp_path / "run" / "unlabelled.h5", Path("run")
    folder.mkdir()
    given.touch()
    open_run_folder(folder, {**MINE, key: str(given)}, resume=False)
    open_run_folder(folder, {**MINE, key: "theirs"}, resume=False)
    assert given.exists()


def test_a_recipe_that_nothing_was_learned_by_leaves_no_trace(tmp_path):
    for seed in (1, 2):
        open_run_folder(tmp_path, {**MINE, "seed": seed}, resume=False)
    record = json.loads((tmp_path / "recipe.json").read_text())
    assert record["recipe"] == {**MINE, "seed": 2} and record["earlier_recipes"] == []


def test_a_record_without_earlier_recipes_is_no_damage(learned):
    (learned / "recipe.json").write_text(json.dumps({"recipe": MINE}))
    open_run_folder(learned, MINE, resume=True)


def test_the_record_tells_what_the_run_was_made_with(tmp_path):
    open_run_folder(tmp_path, MINE, resume=False)
    record = json.loads((tmp_path / "recipe.json").read_text())
    assert record["backend"] == keras.backend.backend()
    assert record["versions"].keys() == {"cn_zoo", "keras", "numpy"}
    assert record["versions"]["keras"] == keras.version()
