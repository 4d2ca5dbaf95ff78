from pathlib import Path

import numpy as np
import pytest

from cn_zoo.datasets import HandDataset, open_icvl, open_msra
from cn_zoo.errors import InputError
from cn_zoo.geometry import CAMERAS, SKELETONS


def test_frames_come_in_order_whatever_the_workers(msra_tree):
    dataset = open_msra(msra_tree.folder)
    for workers in (1, 3):
        assert [frame.name for frame in dataset.frames(workers=workers)] == dataset.names
    assert [frame.name for frame in dataset.frames([5, 0, 3])] == [dataset.names[i] for i in (5, 0, 3)]


def test_reading_is_lazy(msra_tree):
    dataset = open_msra(msra_tree.folder)
    for name in dataset.names[1:]:
        (msra_tree.folder / name).unlink()
    assert dataset[0].depth_mm.any()
    with pytest.raises(InputError):
        list(dataset.frames())


def test_select_keeps_rows_together(msra_tree):
    dataset = open_msra(msra_tree.folder)
    chosen = dataset.select([6, 1])
    assert chosen.names == [dataset.names[6], dataset.names[1]]
    np.testing.assert_array_equal(chosen.joints_xyz, dataset.joints_xyz[[6, 1]])
    np.testing.assert_array_equal(chosen.centers_uvd, dataset.centers_uvd[[6, 1]])
    assert chosen.select([True, False]).groups == ["subject P1"]
    for nothing in ([], [False, False], np.array([], int)):
        assert len(chosen.select(nothing)) == 0


def test_centre_is_the_mean_of_the_scored_joints(icvl_tree):
    dataset = open_icvl(icvl_tree.folder)
    center = CAMERAS["icvl"].uvd_to_xyz(np.array(dataset[0].center_uvd))
    np.testing.assert_allclose(center, icvl_tree.joints_xyz[3].mean(axis=0), atol=0.01)


def test_unknown_centres_are_none(icvl_tree):
    dataset = open_icvl(icvl_tree.folder)
    centers = dataset.centers_uvd.copy()
    centers[1] = np.nan
    changed = dataset.with_centers(centers)
    assert changed[0].center_uvd is not None and changed[1].center_uvd is None


def test_hand_is_voted_by_the_labels():
    """An open right hand, palm to the camera and fingers up, curling towards it."""
    skeleton = SKELETONS["icvl"]
    joints = np.zeros((16, 3))
    for finger, x in enumerate((60, 30, 10, -10, -30)):
        for place, (up, towards) in enumerate(((60, 0), (90, 10), (100, 40))):
            joints[1 + 3 * finger + place] = (x, -up, -towards)
    joints += (0, 0, 400)

    def dataset(xyz):
        return HandDataset("own", skeleton, CAMERAS["icvl"], Path(), ["a"], lambda path: None, xyz[None], ["x"])

    assert dataset(joints).hand == "right"
    assert dataset(joints * (-1, 1, 1)).hand == "left"


def test_lengths_must_agree(icvl_tree):
    dataset = open_icvl(icvl_tree.folder)
    with pytest.raises(ValueError, match="differ in length"):
        dataset.with_centers(np.zeros((5, 3)))
