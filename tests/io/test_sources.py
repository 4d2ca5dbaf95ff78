import os
from pathlib import Path

import pytest

from cn_zoo.errors import InputError
from cn_zoo.io import expand_sources


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("frame10.png", "frame2.png", "frame1.PNG", "a.bin", "labels.txt", "b.npy"):
        (tmp_path / name).touch()
    (tmp_path / "within.png").mkdir()
    (tmp_path / "within.png" / "deep.png").touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_folder_gives_its_depth_images_in_natural_order(folder):
    assert names(expand_sources([folder])) == ["a.bin", "b.npy", "frame1.PNG", "frame2.png", "frame10.png"]


def test_hidden_files_are_not_the_folders_images(folder):
    """By-products of macOS archives, and images half written."""
    for name in ("._frame1.PNG", ".frame3-x8k2.png"):
        (folder / name).touch()
    assert names(expand_sources([folder])) == ["a.bin", "b.npy", "frame1.PNG", "frame2.png", "frame10.png"]
    assert expand_sources([folder / "._frame1.PNG"]) == [folder / "._frame1.PNG"]


def test_patterns(folder):
    assert names(expand_sources([f"{folder}/frame*.png"])) == ["frame2.png", "frame10.png"]
    assert names(expand_sources([f"{folder}/**/*.png"])) == ["frame2.png", "frame10.png", "deep.png"]


def test_relative_pattern(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert expand_sources(["frame?.png"]) == [Path("frame2.png")]


def test_files_stay_as_they_are_and_in_order(folder):
    assert expand_sources(["nowhere.png", folder / "b.npy"]) == [Path("nowhere.png"), folder / "b.npy"]


def test_a_name_with_brackets_is_a_file_first(folder):
    (folder / "view[1].png").touch()
    assert expand_sources([folder / "view[1].png"]) == [folder / "view[1].png"]


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match="holds no depth image"):
        expand_sources([tmp_path])


def test_pattern_without_files(tmp_path):
    with pytest.raises(InputError, match="no file matches"):
        expand_sources([f"{tmp_path}/*.png"])


@pytest.mark.skipif(os.name != "posix", reason="the limit on a name's length is the file system's")
def test_name_too_long(tmp_path):
    with pytest.raises(InputError, match="cannot be looked up"):
        expand_sources([tmp_path / ("a" * 400)])


def test_an_empty_name_is_not_the_current_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(InputError, match="empty name"):
        expand_sources([""])
    assert len(expand_sources([Path()])) == 5


def test_odd_digits_and_links_that_lead_nowhere(tmp_path):
    """A superscript is no number; a link that leads nowhere is told when it is read."""
    names = ["5²6.png", "10.png", "2.png"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "1.png").symlink_to(tmp_path / "gone.png")
    assert [path.name for path in expand_sources([tmp_path])] == ["1.png", "2.png", "5²6.png", "10.png"]


def test_a_folder_of_folders_names_one(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").touch()
    with pytest.raises(InputError) as caught:
        expand_sources([tmp_path])
    assert f"try {tmp_path / '1'} or '{tmp_path / '*' / '*.png'}'" in str(caught.value)
    assert len(expand_sources([tmp_path / "*" / "*.png"])) == 2
