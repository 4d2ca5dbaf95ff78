from dataclasses import replace
from importlib import import_module

import h5py
import numpy as np
import pytest

from cn_zoo.datasets import ConvertedSet, convert_dataset, open_labelled_folder, open_msra
from cn_zoo.errors import InputError
from cn_zoo.geometry import HandCrop

module = import_module("cn_zoo.datasets.convert_dataset")


def test_goes_on_after_an_interruption(msra_tree, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP_FRAMES", 3)
    dataset = open_msra(msra_tree.folder)
    convert_dataset(dataset, tmp_path / "whole.h5")
    read = []

    def failing(path):
        read.append(path.name)
        if len(read) > 6:
            raise KeyboardInterrupt
        return dataset.read_depth(path)

    with pytest.raises(KeyboardInterrupt):
        convert_dataset(replace(dataset, read_depth=failing), tmp_path / "set.h5")
    assert not (tmp_path / "set.h5").exists()
    done = []
    convert_dataset(dataset, tmp_path / "set.h5", progress=lambda now, total: done.append((now, total)))
    assert done == [(6, 8), (8, 8)] or done == [(8, 8)]
    whole, resumed = ConvertedSet(tmp_path / "whole.h5"), ConvertedSet(tmp_path / "set.h5")
    np.testing.assert_array_equal(whole.crops(range(8))[0], resumed.crops(range(8))[0])
    assert not (tmp_path / "set.h5.partial").exists()


def test_does_not_go_on_with_other_labels(msra_tree, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP_FRAMES", 2)
    dataset = open_msra(msra_tree.folder)

    def failing(path):
        if path.name == "000001_depth.bin" and path.parent.name == "TIP":
            raise KeyboardInterrupt
        return dataset.read_depth(path)

    with pytest.raises(KeyboardInterrupt):
        convert_dataset(replace(dataset, read_depth=failing), tmp_path / "set.h5")
    done = []
    moved = dataset.with_centers(dataset.centers_uvd + (3, 0, 0))
    convert_dataset(moved, tmp_path / "set.h5", progress=lambda now, total: done.append(now))
    assert done == [2, 4, 6, 8]


def interrupted(dataset, path):
    """Begin a conversion and leave its partial file."""

    def failing(file):
        if file.name == dataset.names[-1]:
            raise KeyboardInterrupt
        return dataset.read_depth(file)

    with pytest.raises(KeyboardInterrupt):
        convert_dataset(replace(dataset, read_depth=failing), path)


def test_does_not_go_on_with_another_unit(labelled_tree, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP_FRAMES", 1)
    interrupted(open_labelled_folder(labelled_tree.folder), tmp_path / "set.h5")
    dataset = open_labelled_folder(labelled_tree.folder)
    twice = replace(dataset, read_depth=lambda path: 2 * dataset.read_depth(path))
    done = []
    convert_dataset(twice, tmp_path / "set.h5", progress=lambda now, total: done.append(now))
    assert done == [1, 2]


def test_a_file_hardly_begun_is_begun_anew(labelled_tree, tmp_path):
    with h5py.File(tmp_path / "set.h5.partial", "w") as file:
        file.attrs["done"] = 1
    convert_dataset(open_labelled_folder(labelled_tree.folder), tmp_path / "set.h5")
    assert len(ConvertedSet(tmp_path / "set.h5")) == 2


def test_a_file_without_all_its_parts_is_begun_anew(labelled_tree, tmp_path, monkeypatch):
    dataset = open_labelled_folder(labelled_tree.folder)

    def full(*_, **__):
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(h5py.Group, "create_dataset", full)
        with pytest.raises(OSError, match="no space"):
            convert_dataset(dataset, tmp_path / "set.h5")
    convert_dataset(dataset, tmp_path / "set.h5")
    assert len(ConvertedSet(tmp_path / "set.h5")) == 2


def test_frames_without_a_centre_are_left_out(msra_tree, tmp_path):
    dataset = open_msra(msra_tree.folder)
    centers = dataset.centers_uvd.copy()
    centers[0] = np.nan
    centers[5, 2] = 0.0  # as some files say that there is none
    convert_dataset(dataset.with_centers(centers), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    assert len(converted) == 6
    assert converted.groups.tolist() == ["subject P0"] * 3 + ["subject P1"] * 3


def test_unlabelled_frames(labelled_tree, tmp_path):
    (labelled_tree.folder / "joints.csv").unlink()
    dataset = open_labelled_folder(labelled_tree.folder)
    with pytest.raises(InputError, match="no frame has a hand centre"):
        convert_dataset(dataset, tmp_path / "set.h5")
    centers = dataset.camera.xyz_to_uvd(labelled_tree.joints_xyz.mean(axis=1))
    convert_dataset(dataset.with_centers(centers), tmp_path / "set.h5")
    depth, pose = ConvertedSet(tmp_path / "set.h5").crops([1])
    assert pose is None
    expected = HandCrop(dataset.camera, centers[1]).cut(labelled_tree.depth[1])
    np.testing.assert_allclose(depth[0, ..., 0], expected, atol=0.05 / 125)


def test_does_not_go_on_with_other_joints_about_the_same_centres(labelled_tree, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP_FRAMES", 1)
    dataset = open_labelled_folder(labelled_tree.folder)
    interrupted(dataset, tmp_path / "set.h5")
    mended = replace(dataset, joints_xyz=dataset.joints_xyz + (0, 0, 4))
    np.testing.assert_array_equal(mended.centers_uvd, dataset.centers_uvd)
    convert_dataset(mended, tmp_path / "set.h5")
    np.testing.assert_allclose(ConvertedSet(tmp_path / "set.h5").joints_xyz, mended.joints_xyz, atol=1e-3)


def test_what_stands_before_the_patch_lies_on_its_front(labelled_tree, tmp_path):
    """Where it were, a tilt would swing it far across the hand."""
    dataset = open_labelled_folder(labelled_tree.folder)

    def read_with_a_pole(path):
        depth = dataset.read_depth(path).copy()
        depth[:, 300:340] = 150
        return depth

    centers = np.full((2, 3), (320.0, 240.0, 600.0))
    convert_dataset(replace(dataset, read_depth=read_with_a_pole).with_centers(centers), tmp_path / "set.h5")
    with h5py.File(tmp_path / "set.h5") as file:
        patch = file["patch"][0]
    assert patch[96, 96] == patch[patch > 0].min() == (600 - 187.5) * 10
