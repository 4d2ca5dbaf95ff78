import numpy as np
import pytest

from cn_zoo.datasets import open_icvl
from cn_zoo.errors import InputError


def test_reads_test_sequences(icvl_tree):
    dataset = open_icvl(icvl_tree.folder, "test")
    np.testing.assert_allclose(dataset.joints_xyz, icvl_tree.joints_xyz[3:], atol=0.01)
    assert dataset.groups == ["sequence 1", "sequence 2"]
    for frame, depth in zip(dataset.frames(), icvl_tree.depth[3:], strict=True):
        np.testing.assert_array_equal(frame.depth_mm, depth)


def test_reads_training_with_and_without_rotations(icvl_tree):
    everything = open_icvl(icvl_tree.folder, "train")
    np.testing.assert_allclose(everything.joints_xyz, icvl_tree.joints_xyz[:3], atol=0.01)
    assert everything.groups == ["recorded", "recorded", "rotated 22-5"]
    recorded = open_icvl(icvl_tree.folder, "train", rotations=False)
    assert recorded.names == everything.names[:2]
    np.testing.assert_array_equal(recorded[1].depth_mm, icvl_tree.depth[1])


def test_missing_labels(icvl_tree):
    (icvl_tree.folder / "Training" / "labels.txt").unlink()
    with pytest.raises(InputError, match=r"has no labels\.txt"):
        open_icvl(icvl_tree.folder, "train")


def test_fewer_images_than_labels(icvl_tree):
    (icvl_tree.folder / "Testing/Depth/test_seq_2/image_0000.png").unlink()
    with pytest.raises(InputError, match="1 of the 2 images"):
        open_icvl(icvl_tree.folder)


def test_bad_line_is_named(icvl_tree):
    file = icvl_tree.folder / "Training" / "labels.txt"
    lines = file.read_text().splitlines()
    lines[1] = lines[1].rsplit(maxsplit=3)[0]
    file.write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"labels\.txt: line 2: 45 numbers, expected 48 \(16 points"):
        open_icvl(icvl_tree.folder, "train")
