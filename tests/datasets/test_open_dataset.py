import pytest

from cn_zoo.datasets import open_dataset
from cn_zoo.errors import InputError
from cn_zoo.geometry import SKELETONS


@pytest.mark.parametrize(
    ("tree", "name", "split", "frames"),
    [
        ("nyu_tree", "nyu", "test", 3),
        ("icvl_tree", "icvl", "train", 3),
        ("msra_tree", "msra", "test", 8),
        ("labelled_tree", "folder", "test", 2),
    ],
)
def test_tells_a_dataset_by_its_files(request, tree, name, split, frames):
    folder = request.getfixturevalue(tree).folder
    dataset = open_dataset(folder, split=split)
    assert (dataset.name, len(dataset)) == (name, frames)
    assert len(open_dataset(folder, name, split)) == frames


def test_takes_the_split_that_is_there(nyu_tree, icvl_tree):
    assert open_dataset(icvl_tree.folder).groups == ["sequence 1", "sequence 2"]
    (nyu_tree.folder / "test").rename(nyu_tree.folder / "train")
    assert open_dataset(nyu_tree.folder).groups == ["train"] * 3
    with pytest.raises(InputError, match="no such file"):
        open_dataset(nyu_tree.folder, split="test")


@pytest.mark.parametrize(
    ("tree", "place", "frames"),
    [("icvl_tree", "Training", 3), ("icvl_tree", "Testing", 2), ("nyu_tree", "train", 3), ("nyu_tree", "test", 3)],
)
def test_a_splits_own_folder_is_of_that_split(request, monkeypatch, tree, place, frames):
    folder = request.getfixturevalue(tree).folder / place
    if place == "train":
        (folder.parent / "test").rename(folder)
    dataset = open_dataset(folder)
    assert len(dataset) == frames
    assert set(dataset.groups) <= {place, "recorded", "rotated 22-5", "sequence 1", "sequence 2"}
    monkeypatch.chdir(folder)
    assert open_dataset(".").groups == dataset.groups


def test_what_a_folder_holds_counts_more_than_its_name(nyu_tree):
    folder = nyu_tree.folder.rename(nyu_tree.folder.with_name("train"))
    assert open_dataset(folder).groups == ["test"] * 3


def test_takes_the_joints_asked_for_from_a_folder(labelled_tree):
    with pytest.raises(InputError, match="which the icvl skeleton needs"):
        open_dataset(labelled_tree.folder, skeleton=SKELETONS["icvl"])


def test_names_the_choices(icvl_tree, nyu_tree):
    with pytest.raises(ValueError, match="one of nyu, icvl, msra, hands2017, folder; received 'bighand'"):
        open_dataset(icvl_tree.folder, "bighand")
    for tree in (icvl_tree, nyu_tree):
        with pytest.raises(ValueError, match="train or test; received 'validation'"):
            open_dataset(tree.folder, split="validation")


def test_unknown_folder(tmp_path):
    with pytest.raises(InputError, match="holds no dataset"):
        open_dataset(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        open_dataset(tmp_path / "absent")
