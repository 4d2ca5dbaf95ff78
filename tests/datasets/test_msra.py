import numpy as np
import pytest

from cn_zoo.datasets import open_msra
from cn_zoo.errors import InputError


def test_reads_all_subjects(msra_tree):
    dataset = open_msra(msra_tree.folder)
    assert dataset.names[:3] == ["P0/1/000000_depth.bin", "P0/1/000001_depth.bin", "P0/TIP/000000_depth.bin"]
    np.testing.assert_allclose(dataset.joints_xyz, msra_tree.joints_xyz, atol=0.01)
    for frame, depth in zip(dataset.frames(), msra_tree.depth, strict=True):
        np.testing.assert_array_equal(frame.depth_mm, depth)


def test_leaves_a_subject_out(msra_tree):
    train, test = open_msra(msra_tree.folder, [0]), open_msra(msra_tree.folder, [1])
    assert set(train.groups) == {"subject P0"} and set(test.groups) == {"subject P1"}
    np.testing.assert_allclose(test.joints_xyz, msra_tree.joints_xyz[4:], atol=0.01)


def test_missing_subject(msra_tree):
    with pytest.raises(InputError, match="P7: holds no gesture"):
        open_msra(msra_tree.folder, [7])


def test_no_subjects_are_not_all(msra_tree):
    with pytest.raises(InputError, match="holds no subject"):
        open_msra(msra_tree.folder, [])


def test_fewer_images_than_labels(msra_tree):
    (msra_tree.folder / "P1/1/000001_depth.bin").unlink()
    with pytest.raises(InputError, match=r"1 of the 8 images .*P1/1/000001_depth\.bin"):
        open_msra(msra_tree.folder)


def test_truncated_image(msra_tree):
    file = msra_tree.folder / "P0/1/000001_depth.bin"
    file.write_bytes(file.read_bytes()[:-8])
    dataset = open_msra(msra_tree.folder)
    assert dataset[0].depth_mm.shape == (240, 320)
    with pytest.raises(InputError, match=r"000001_depth\.bin: has .* bytes"):
        dataset[1]


def test_truncated_labels(msra_tree):
    file = msra_tree.folder / "P0/1/joint.txt"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]))
    with pytest.raises(InputError, match="promises 2 frames and holds 1"):
        open_msra(msra_tree.folder)


def test_wrong_joint_count(msra_tree):
    file = msra_tree.folder / "P0/TIP/joint.txt"
    first, *rest = file.read_text().splitlines()
    file.write_text("\n".join([first, rest[0], rest[1] + " 1 2 3"]))
    with pytest.raises(InputError, match=r"joint\.txt: line 3: 66 numbers, expected 63"):
        open_msra(msra_tree.folder)


def test_uvd_where_xyz_is_meant(msra_tree):
    file = msra_tree.folder / "P0/1/joint.txt"
    file.write_text(file.read_text().replace("-3", "3"))
    with pytest.raises(InputError, match="z is positive"):
        open_msra(msra_tree.folder)
