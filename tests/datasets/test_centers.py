import json

import numpy as np
import pytest
from PIL import Image

from cn_zoo.datasets import ConvertedSet, convert_dataset, find_centers, open_labelled_folder, open_msra, read_centers
from cn_zoo.errors import ImplausibleDepthError, InputError, NoHandError


@pytest.fixture
def dataset(msra_tree):
    return open_msra(msra_tree.folder)


def write(path, rows):
    path.write_text("\n".join("invalid" if row is None else " ".join(map(str, row)) for row in rows) + "\n")
    return path


@pytest.mark.parametrize(
    "scale",
    [(1, 1, 1), (1, -1, 1), (1, -1, -1), (1e-3, 1e-3, 1e-3)],
    ids=["y down", "y up", "z negative", "metres"],
)
def test_xyz_files_of_every_convention(dataset, tmp_path, scale):
    rows = (dataset.joints_xyz.mean(axis=1) + 5) * scale
    centers = read_centers(write(tmp_path / "center.txt", rows.tolist()), dataset)
    expected = dataset.camera.xyz_to_uvd(dataset.joints_xyz.mean(axis=1) + 5)
    np.testing.assert_allclose(centers, expected, atol=1e-6)


def test_uvd_file(dataset, tmp_path):
    rows = dataset.centers_uvd + (2, -1, 8)
    centers = read_centers(write(tmp_path / "center.txt", rows.tolist()), dataset)
    np.testing.assert_allclose(centers, rows, atol=1e-6)


def test_invalid_lines_are_nan(dataset, tmp_path):
    rows = dataset.centers_uvd.tolist()
    rows[2] = None
    centers = read_centers(write(tmp_path / "center.txt", rows), dataset)
    assert np.flatnonzero(np.isnan(centers).any(axis=1)).tolist() == [2]


def test_wrong_number_of_lines(dataset, tmp_path):
    with pytest.raises(InputError, match="7 lines where the dataset has 8 frames"):
        read_centers(write(tmp_path / "center.txt", dataset.centers_uvd.tolist()[1:]), dataset)


def test_file_of_other_frames(dataset, tmp_path):
    rows = dataset.joints_xyz.mean(axis=1) + (0, 0, 300)
    with pytest.raises(InputError, match="belongs to another dataset"):
        read_centers(write(tmp_path / "center.txt", rows.tolist()), dataset)


def test_bad_line_is_named(dataset, tmp_path):
    rows = dataset.centers_uvd.tolist()
    rows[3] = ["x", 1, 2]
    with pytest.raises(InputError, match="line 4: 'x' is not a number"):
        read_centers(write(tmp_path / "center.txt", rows), dataset)


def test_unlabelled_frames_take_uvd(labelled_tree, tmp_path):
    (labelled_tree.folder / "joints.csv").unlink()
    dataset = open_labelled_folder(labelled_tree.folder)
    rows = [(300.0, 200.0, 610.0), None]
    centers = read_centers(write(tmp_path / "center.txt", rows), dataset)
    assert dataset.with_centers(centers)[0].center_uvd == rows[0]


def test_centres_by_a_localisation(dataset):
    class Location:
        center_uvd = (150.0, 100.0, 340.0)

    refused = [False, True, False, False, True, True, False, False]
    answers = iter(refused)

    def locate(depth_mm, camera):
        assert depth_mm.shape == (240, 320) and camera == dataset.camera
        if next(answers):
            raise NoHandError("nothing there")
        return Location()

    centers = find_centers(dataset, locate)
    np.testing.assert_array_equal(np.isnan(centers).any(axis=1), refused)
    np.testing.assert_array_equal(centers[0], (150, 100, 340))


@pytest.fixture
def unlabelled(labelled_tree):
    """Six frames, the fourth of them black."""
    (labelled_tree.folder / "joints.csv").unlink()
    frames = labelled_tree.folder / "frames"
    for number in range(2, 6):
        (frames / f"{number}.png").write_bytes((frames / "0.png").read_bytes())
    Image.fromarray(np.zeros((480, 640), np.uint16)).save(frames / "3.png")
    return labelled_tree.folder


class InTheMiddle:
    center_uvd = (320.0, 240.0, 600.0)


def test_a_blank_frame_is_one_without_a_hand(unlabelled, tmp_path):
    dataset = open_labelled_folder(unlabelled)
    centers = find_centers(dataset, lambda depth_mm, camera: InTheMiddle)
    assert np.flatnonzero(np.isnan(centers).any(axis=1)).tolist() == [3]
    convert_dataset(dataset.with_centers(centers), tmp_path / "set.h5")
    assert len(ConvertedSet(tmp_path / "set.h5")) == 5


def test_frames_in_another_unit_are_told_of(unlabelled):
    camera = json.loads((unlabelled / "camera.json").read_text())
    (unlabelled / "camera.json").write_text(json.dumps({**camera, "depth_scale": 100}))
    with pytest.raises(ImplausibleDepthError, match=r"0\.png: values of .* try --depth-scale 0\.1"):
        find_centers(open_labelled_folder(unlabelled), lambda depth_mm, camera: InTheMiddle)


def test_an_unreadable_frame_is_told_of(unlabelled):
    (unlabelled / "frames" / "4.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"4\.png: is empty"):
        find_centers(open_labelled_folder(unlabelled), lambda depth_mm, camera: InTheMiddle)
