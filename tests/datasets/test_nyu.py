import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.datasets import open_nyu
from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.geometry import SKELETONS


def rewrite_labels(folder, **changes):
    content = loadmat(folder / "test" / "joint_data.mat", variable_names=["joint_uvd", "joint_xyz"])
    kept = {key: value for key, value in {**content, **changes}.items() if value is not None and key[0] != "_"}
    savemat(folder / "test" / "joint_data.mat", kept)


def test_reads_depth_to_the_bit_and_joints(nyu_tree):
    dataset = open_nyu(nyu_tree.folder, "test")
    assert len(dataset) == 3
    np.testing.assert_allclose(dataset.joints_xyz, nyu_tree.joints_xyz, atol=0.01)
    for frame, depth in zip(dataset.frames(), nyu_tree.depth, strict=True):
        np.testing.assert_array_equal(frame.depth_mm, depth)


def test_views_are_told_apart(nyu_tree):
    front, side = open_nyu(nyu_tree.folder, view=1), open_nyu(nyu_tree.folder, view=2)
    assert np.abs(front.joints_xyz - side.joints_xyz).max() > 10
    assert (front[0].depth_mm != side[0].depth_mm).any()
    with pytest.raises(InputError, match="view 4"):
        open_nyu(nyu_tree.folder, view=4)


def test_split_folder_may_be_given_itself(nyu_tree):
    assert len(open_nyu(nyu_tree.folder / "test")) == 3


def test_missing_labels(nyu_tree):
    (nyu_tree.folder / "test" / "joint_data.mat").unlink()
    with pytest.raises(InputError, match=r"joint_data\.mat: no such file"):
        open_nyu(nyu_tree.folder)


def test_damaged_labels(nyu_tree):
    (nyu_tree.folder / "test" / "joint_data.mat").write_bytes(b"MATLAB 5.0 MAT-file, cut off")
    with pytest.raises(InputError, match="cannot be read as a MATLAB file"):
        open_nyu(nyu_tree.folder)


def test_missing_key(nyu_tree):
    rewrite_labels(nyu_tree.folder, joint_uvd=None)
    with pytest.raises(InputError, match="no joint_uvd"):
        open_nyu(nyu_tree.folder)


def test_wrong_joint_count(nyu_tree):
    rewrite_labels(nyu_tree.folder, joint_uvd=np.zeros((3, 3, 14, 3)))
    with pytest.raises(InputError, match=r"shape \(3, 3, 14, 3\), expected .*36"):
        open_nyu(nyu_tree.folder)


def test_fewer_images_than_labels(nyu_tree):
    (nyu_tree.folder / "test" / "depth_1_0000002.png").unlink()
    with pytest.raises(InputError, match=r"1 of the 3 images .* missing, the first is depth_1_0000002\.png"):
        open_nyu(nyu_tree.folder)


@pytest.mark.parametrize("flip", [(1, -1, 1), (1, 1, 1000)], ids=["y down", "metres"])
def test_contradicting_labels(nyu_tree, flip):
    content = loadmat(nyu_tree.folder / "test" / "joint_data.mat")
    rewrite_labels(nyu_tree.folder, joint_xyz=content["joint_xyz"] * flip)
    with pytest.raises(InputError, match="joint_uvd and joint_xyz"):
        open_nyu(nyu_tree.folder)


@pytest.mark.parametrize(("apart_mm", "refused"), [(1.0, False), (8.0, True)])
def test_labels_may_differ_by_their_intrinsics_alone(nyu_tree, apart_mm, refused):
    content = loadmat(nyu_tree.folder / "test" / "joint_data.mat")
    rewrite_labels(nyu_tree.folder, joint_xyz=content["joint_xyz"] + (apart_mm, 0, 0))
    if refused:
        with pytest.raises(InputError, match="lie 8 mm apart"):
            open_nyu(nyu_tree.folder)
    else:
        assert len(open_nyu(nyu_tree.folder)) == 3


def test_the_whole_test_set_is_grouped_by_subject(nyu_tree, monkeypatch):
    """A miniature of it; of any other number of frames the subjects are not known."""
    assert open_nyu(nyu_tree.folder).groups == ["test"] * 3
    small = replace(BENCHMARKS["nyu"], test_frames=3, parts={"first": (0, 1), "second": (1, 3)})
    monkeypatch.setitem(BENCHMARKS, "nyu", small)
    assert open_nyu(nyu_tree.folder).groups == ["first", "second", "second"]
    (nyu_tree.folder / "test").rename(nyu_tree.folder / "train")
    assert open_nyu(nyu_tree.folder, "train").groups == ["train"] * 3


def test_uvd_where_xyz_is_meant(nyu_tree):
    content = loadmat(nyu_tree.folder / "test" / "joint_data.mat")
    rewrite_labels(nyu_tree.folder, joint_xyz=content["joint_uvd"])
    with pytest.raises(InputError, match="joint_xyz x, y, z in mm"):
        open_nyu(nyu_tree.folder)


def test_scores_the_fourteen_joints(nyu_tree):
    assert open_nyu(nyu_tree.folder).joints_xyz.shape == (3, 14, 3)
    assert SKELETONS["nyu"].source_indices == (0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32)


def test_without_scipy_the_pip_line_is_said(nyu_tree, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        open_nyu(nyu_tree.folder)
