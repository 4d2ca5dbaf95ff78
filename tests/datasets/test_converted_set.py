import pickle
import sys
import threading
from dataclasses import replace

import h5py
import numpy as np
import pytest

from cn_zoo.datasets import (
    ConvertedSet,
    CropAugmentation,
    convert_dataset,
    open_icvl,
    open_msra,
    open_nyu,
)
from cn_zoo.datasets.crop_augmentation import CropJitter
from cn_zoo.errors import InputError
from cn_zoo.geometry import HandCrop


@pytest.fixture
def many_switches():
    """Threads take turns far more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize(("tree", "open_tree"), [("nyu_tree", open_nyu), ("msra_tree", open_msra)])
def test_crops_are_those_of_the_original_frames(request, tmp_path, tree, open_tree):
    dataset = open_tree(request.getfixturevalue(tree).folder)
    convert_dataset(dataset, tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    order = np.arange(len(dataset))[::-1]
    depth, pose = converted.crops(order)
    for row, index in enumerate(order):
        frame = dataset[index]
        crop = HandCrop(frame.camera, frame.center_uvd, mirror=dataset.hand == "left")
        np.testing.assert_allclose(depth[row, ..., 0], crop.cut(frame.depth_mm), atol=0.05 / 125)
        expected = crop.uvd_to_crop(frame.camera.xyz_to_uvd(frame.joints_xyz))
        np.testing.assert_allclose(pose[row], expected, atol=1e-4)


def test_whole_millimetres_are_kept_exactly(nyu_tree, tmp_path):
    dataset = open_nyu(nyu_tree.folder)
    convert_dataset(dataset, tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    for index in range(len(dataset)):
        frame = dataset[index]
        expected = HandCrop(frame.camera, frame.center_uvd, mirror=dataset.hand == "left").cut(frame.depth_mm)
        np.testing.assert_allclose(converted.crops([index])[0][0, ..., 0], expected, atol=1e-6)


def test_another_thread_may_write_meanwhile(icvl_tree, tmp_path, many_switches):
    """As checkpoints are, while the next batch is read."""
    convert_dataset(open_icvl(icvl_tree.folder, "train"), tmp_path / "set.h5")
    converted, written = ConvertedSet(tmp_path / "set.h5"), []

    def write():
        for number in range(150):
            with h5py.File(tmp_path / "other.h5", "w") as file:
                for name in "abcdefgh":
                    file.create_dataset(f"{name}/{name}", data=np.full(1000, number))
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        converted.crops([len(written) % len(converted)])
    assert len(written) == 150


def test_left_hands_come_out_as_right_ones(icvl_tree, tmp_path):
    dataset = open_icvl(icvl_tree.folder, "train")
    mirrored = replace(dataset, joints_xyz=dataset.joints_xyz * (-1, 1, 1), centers_uvd=None)
    depths = {}
    for name, each in (("as is", dataset), ("mirrored", mirrored)):
        flip = -1 if each is mirrored else 1
        read = each.read_depth
        flipped = replace(
            each, read_depth=lambda path, read=read, flip=flip: np.roll(read(path)[:, ::flip], flip < 0, 1)
        )
        convert_dataset(flipped, tmp_path / f"{name}.h5")
        depths[name] = (flipped.hand, *ConvertedSet(tmp_path / f"{name}.h5").crops(range(3)))
    assert depths["as is"][0] != depths["mirrored"][0]
    np.testing.assert_allclose(depths["as is"][2], depths["mirrored"][2], atol=1e-4)
    # u = 160 is pixel 160 of 320, so a mirrored image samples other pixel centres: compare the bulk.
    assert np.mean(np.abs(depths["as is"][1] - depths["mirrored"][1]) < 0.1) > 0.85


def test_augmented_crops_follow_the_seed(msra_tree, tmp_path):
    convert_dataset(open_msra(msra_tree.folder), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    plain = converted.crops([1, 2])
    first, again, other = (
        converted.crops([1, 2], CropAugmentation().draw_several(np.random.default_rng(seed), 2)) for seed in (5, 5, 6)
    )
    for a, b, c, d in zip(first, again, other, plain, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any() and (a != d).any() and a.dtype == np.float32


def test_every_crop_has_its_jitter(msra_tree, tmp_path):
    convert_dataset(open_msra(msra_tree.folder), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    jitters = CropAugmentation().draw_several(np.random.default_rng(5), 2)
    both, second = converted.crops([1, 2], jitters), converted.crops([2], jitters[1:])
    for mine, theirs in zip(both, second, strict=True):
        np.testing.assert_array_equal(mine[1:], theirs)
    with pytest.raises(ValueError, match="shorter"):
        converted.crops([1, 2], jitters[:1])


def test_a_missed_centre_is_missed_in_depth_too(msra_tree, tmp_path):
    """By as much as the pose tells."""
    convert_dataset(open_msra(msra_tree.folder), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    plain, plain_pose = converted.crops([1])
    missed, pose = converted.crops([1], [CropJitter(shift_mm=(0.0, 0.0, 20.0))])
    hand = np.abs(plain) < 0.8
    assert hand.sum() > 500
    np.testing.assert_allclose(missed[hand], plain[hand] - 20 / 125, atol=1e-5)
    np.testing.assert_allclose(pose[..., 2], plain_pose[..., 2] - 20 / 50, atol=1e-5)


def test_a_larger_hand_is_larger_in_depth_too(msra_tree, tmp_path):
    convert_dataset(open_msra(msra_tree.folder), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    plain, plain_pose = converted.crops([1])
    large, pose = converted.crops([1], [CropJitter(scale=2.0)])
    half = 32 + np.arange(128) // 2
    np.testing.assert_allclose(large[0, ..., 0], np.clip(2 * plain[0, half][:, half, 0], -1, 1), atol=1e-5)
    np.testing.assert_allclose(pose, 2 * plain_pose, atol=1e-5)


def test_a_tilted_wall_slants_about_the_centre(msra_tree, tmp_path):
    """As steeply as its tilt says: depth is told in the same unit as the width of a pixel."""
    dataset = open_msra(msra_tree.folder)
    wall = replace(dataset, read_depth=lambda path: np.full((240, 320), 400, np.uint16))
    convert_dataset(wall.with_centers(np.full((len(wall), 3), (160, 120, 400))), tmp_path / "set.h5")
    depth, _ = ConvertedSet(tmp_path / "set.h5").crops([0], [CropJitter(tilt=(0.0, 0.5))])
    right = (np.arange(128) + 0.5) / 64 - 1
    np.testing.assert_allclose(depth[0, 64, 8:120, 0], -np.tan(0.5) * right[8:120], atol=2 / 64)


def test_damage_is_noticed(nyu_tree, tmp_path):
    path = tmp_path / "set.h5"
    convert_dataset(open_nyu(nyu_tree.folder), path)
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        offset = file["patch"].id.get_chunk_info(1).byte_offset
    content[offset + 500] ^= 0x10
    path.write_bytes(content)
    converted = ConvertedSet(path)
    converted.crops([0])
    with pytest.raises(InputError, match="frame 1 cannot be read"):
        converted.crops([1])


def test_files_that_are_no_converted_sets(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(InputError, match="is no converted set"):
        ConvertedSet(tmp_path / "text.h5")
    with pytest.raises(InputError, match="no such file"):
        ConvertedSet(tmp_path / "absent.h5")


def test_may_be_sent_to_a_worker(nyu_tree, tmp_path):
    convert_dataset(open_nyu(nyu_tree.folder), tmp_path / "set.h5")
    converted = ConvertedSet(tmp_path / "set.h5")
    sent = pickle.loads(pickle.dumps(converted))
    np.testing.assert_array_equal(sent.crops([2])[0], converted.crops([2])[0])
