import errno
import importlib
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import loadmat

from cn_zoo.datasets import open_dataset
from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.synthesis import dataset_writer
from cn_zoo.synthesis.dataset_writer import JOURNAL, write_dataset
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS

FOLDERS = {"nyu": "train", "icvl": "Training", "msra": "."}


def write(name, count, folder, seed=0):
    return list(write_dataset(name, count, folder, seed))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", PRESETS)
def test_our_loaders_read_what_is_written(name, tmp_path):
    assert write(name, 3, tmp_path / "set", seed=4) == [1, 2, 3]
    dataset = open_dataset(tmp_path / "set", name, split="train")
    assert len(dataset) == 3
    for index in range(3):
        frame, sample = draw_frame(PRESETS[name].own(), 4, index), dataset[index]
        np.testing.assert_allclose(sample.joints_xyz, frame.joints[name], atol=0.05)
        both = (sample.depth_mm > 0) & (frame.depth_mm > 0)
        assert both.sum() > 500
        assert np.abs(sample.depth_mm.astype(float) - frame.depth_mm)[both].max() <= 0.51
    assert not (tmp_path / "set" / JOURNAL).exists()


def test_nyu_files_are_laid_out_as_the_original(tmp_path):
    write("nyu", 2, tmp_path)
    assert sorted(contents(tmp_path)) == [
        "train/depth_1_0000001.png", "train/depth_1_0000002.png", "train/joint_data.mat",
    ]  # fmt: skip
    labels = loadmat(tmp_path / "train/joint_data.mat")
    assert labels["joint_xyz"].shape == labels["joint_uvd"].shape == (1, 2, 36, 3)
    assert labels["joint_names"].shape == (36, 1) and labels["joint_names"][32, 0][0] == "PALM_3"
    up = CAMERAS["nyu"].uvd_to_xyz(labels["joint_uvd"]) * (1, -1, 1)
    np.testing.assert_allclose(labels["joint_xyz"], up, atol=1e-3)


def test_icvl_labels_are_lines_of_a_file_and_sixteen_points(tmp_path):
    write("icvl", 2, tmp_path)
    lines = (tmp_path / "Training/labels.txt").read_text().splitlines()
    assert len(lines) == 2
    name, *numbers = lines[1].split()
    assert (tmp_path / "Training/Depth" / name).is_file()
    assert len(numbers) == 48


def test_msra_keeps_the_hand_only_and_counts_frames(tmp_path):
    write("msra", 3, tmp_path)
    lines = (tmp_path / "P0/1/joint.txt").read_text().splitlines()
    assert lines[0] == "3" and len(lines) == 4
    points = np.array(lines[1].split(), float).reshape(21, 3)
    assert (points[:, 2] < 0).all()
    header = np.frombuffer((tmp_path / "P0/1/000000_depth.bin").read_bytes()[:24], "<i4")
    columns, rows, left, top, right, bottom = header
    assert (columns, rows) == (320, 240)
    assert 0 <= left < right <= 320 and 0 <= top < bottom <= 240
    size = (tmp_path / "P0/1/000000_depth.bin").stat().st_size
    assert size == 24 + 4 * (right - left) * (bottom - top)


def test_msra_spreads_many_frames_over_gestures_and_subjects():
    places = [dataset_writer._msra_image(index, 10_000) for index in (0, 499, 500, 8499, 8500)]
    assert places == [
        "P0/1/000000_depth.bin", "P0/1/000499_depth.bin", "P0/2/000000_depth.bin", "P0/Y/000499_depth.bin",
        "P1/1/000000_depth.bin",
    ]  # fmt: skip
    assert dataset_writer._msra_image(199_999, 200_000).startswith("P8/")


def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path):
    write("icvl", 4, tmp_path / "whole")
    run = write_dataset("icvl", 4, tmp_path / "broken", 0)
    next(run), next(run)
    run.close()
    assert not (tmp_path / "broken/Training/labels.txt").exists()
    # A killed process may leave half a line.
    with (tmp_path / "broken" / JOURNAL).open("a") as journal:
        journal.write("[[1.0, 2.0")
    assert write("icvl", 4, tmp_path / "broken") == [3, 4]
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_another_set_is_not_mixed_in(tmp_path):
    next(write_dataset("icvl", 4, tmp_path, 0))
    for name, count, seed in (("nyu", 4, 0), ("icvl", 5, 0), ("icvl", 4, 1)):
        with pytest.raises(InputError, match="another unfinished set"):
            write(name, count, tmp_path, seed)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "depth_1_0000001.png").write_bytes(b"mine")
    with pytest.raises(InputError, match="is not empty"):
        write("nyu", 1, tmp_path)
    assert contents(tmp_path) == {"depth_1_0000001.png": b"mine"}


def test_a_full_disk_leaves_no_labels_and_what_is_done(tmp_path, monkeypatch):
    def full(path, frame):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(dataset_writer._FORMATS, "nyu", replace(dataset_writer._FORMATS["nyu"], write_image=full))
    with pytest.raises(OSError, match="No space left on device"):
        write("nyu", 2, tmp_path)
    assert not list(tmp_path.rglob("*.mat")) and not list(tmp_path.rglob("*.png"))
    monkeypatch.undo()
    assert write("nyu", 2, tmp_path) == [1, 2]


def test_a_file_in_the_way_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        write("nyu", 1, tmp_path / "file")


@pytest.mark.parametrize(("name", "count", "seed"), [("hands", 1, 0), ("nyu", 0, 0), ("nyu", 1, -1)])
def test_bad_arguments_are_refused(name, count, seed, tmp_path):
    with pytest.raises(ValueError, match="received"):
        write(name, count, tmp_path / "set", seed)
    assert not (tmp_path / "set").exists()


def test_without_scipy_the_pip_line_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    monkeypatch.delitem(sys.modules, "cn_zoo.synthesis.dataset_writer")
    with pytest.raises(MissingDependencyError, match="pip install"):
        importlib.import_module("cn_zoo.synthesis.dataset_writer")


def test_all_skeletons_have_a_format():
    assert set(dataset_writer._FORMATS) == set(SKELETONS)
