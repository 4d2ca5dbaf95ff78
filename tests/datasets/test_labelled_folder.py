import json

import numpy as np
import pytest
from PIL import Image

from cn_zoo.datasets import open_labelled_folder
from cn_zoo.errors import InputError
from cn_zoo.geometry import SKELETONS, Camera


def change_joints(folder, change):
    header, *rows = (folder / "joints.csv").read_text().splitlines()
    lines = [header]
    for row in rows:
        file, joint, *xyz = row.split(",")
        lines.append(",".join([file, joint, *(f"{value:.5f}" for value in change(np.array(xyz, float)))]))
    (folder / "joints.csv").write_text("\n".join(lines))


def test_reads_depth_in_mm_and_joints(labelled_tree):
    dataset = open_labelled_folder(labelled_tree.folder)
    assert dataset.skeleton is SKELETONS["nyu"]
    assert dataset.camera == Camera(475, 474, 310, 245)
    np.testing.assert_allclose(dataset.joints_xyz, labelled_tree.joints_xyz, atol=0.01)
    for frame, depth in zip(dataset.frames(), labelled_tree.depth, strict=True):
        np.testing.assert_allclose(frame.depth_mm, depth, atol=1e-3)


def test_joint_order_is_the_skeletons_not_the_files(labelled_tree):
    header, *rows = (labelled_tree.folder / "joints.csv").read_text().splitlines()
    half = len(rows) // 2
    (labelled_tree.folder / "joints.csv").write_text("\n".join([header, *rows[:half][::-1], *rows[half:][::-1]]))
    dataset = open_labelled_folder(labelled_tree.folder)
    np.testing.assert_allclose(dataset.joints_xyz, labelled_tree.joints_xyz, atol=0.01)


def test_takes_the_largest_skeleton_that_is_there(labelled_tree):
    """Each of NYU's joints also goes by one or two of MSRA's names."""
    lines = (labelled_tree.folder / "joints.csv").read_text().splitlines()
    for row in lines[1:]:
        file, joint, *xyz = row.split(",")
        for name in SKELETONS["msra"].joints[SKELETONS["nyu"].joints.index(joint) :: 14]:
            lines.append(",".join([file, name, *xyz]))
    (labelled_tree.folder / "joints.csv").write_text("\n".join(lines))
    assert open_labelled_folder(labelled_tree.folder).skeleton is SKELETONS["msra"]


def test_without_joints_it_is_unlabelled(labelled_tree):
    (labelled_tree.folder / "joints.csv").unlink()
    dataset = open_labelled_folder(labelled_tree.folder)
    assert dataset.joints_xyz is None and len(dataset) == 2
    assert dataset[0].center_uvd is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda xyz: Camera(475, 474, 310, 245).xyz_to_uvd(xyz), "as u v d"),
        (lambda xyz: xyz * (1, -1, 1), "as x y z with y up,"),
        (lambda xyz: xyz * (1, -1, -1), "y up and z negative"),
        (lambda xyz: xyz / 1000, "in metres"),
    ],
    ids=["uvd", "y up", "z negative", "metres"],
)
def test_names_the_convention_that_fits(labelled_tree, change, said):
    change_joints(labelled_tree.folder, change)
    with pytest.raises(InputError, match=said):
        open_labelled_folder(labelled_tree.folder)


def test_files_may_begin_with_a_byte_order_mark(labelled_tree):
    for name in ("joints.csv", "camera.json"):
        path = labelled_tree.folder / name
        path.write_text("\ufeff" + path.read_text(), encoding="utf-8")
    assert len(open_labelled_folder(labelled_tree.folder)) == 2


def test_hidden_files_are_no_frames(labelled_tree):
    (labelled_tree.folder / "joints.csv").unlink()
    (labelled_tree.folder / "frames" / "._0.png").write_bytes(b"of a macOS archive")
    assert open_labelled_folder(labelled_tree.folder).names == ["0.png", "1.png"]


def test_missing_image(labelled_tree):
    (labelled_tree.folder / "frames" / "1.png").unlink()
    with pytest.raises(InputError, match=r"1 of the 2 images that joints\.csv labels are missing"):
        open_labelled_folder(labelled_tree.folder)


def test_missing_joint(labelled_tree):
    lines = (labelled_tree.folder / "joints.csv").read_text().splitlines()
    (labelled_tree.folder / "joints.csv").write_text("\n".join(lines[:-1]))
    with pytest.raises(InputError, match=r"1\.png lacks palm"):
        open_labelled_folder(labelled_tree.folder)


def test_unknown_joints(labelled_tree):
    text = (labelled_tree.folder / "joints.csv").read_text().replace("palm", "heel")
    (labelled_tree.folder / "joints.csv").write_text(text)
    with pytest.raises(InputError, match="do not cover"):
        open_labelled_folder(labelled_tree.folder)


def test_bad_line_is_named(labelled_tree):
    lines = (labelled_tree.folder / "joints.csv").read_text().splitlines()
    lines[4] = lines[4].replace(",", ";")
    (labelled_tree.folder / "joints.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match="line 5 is not file,joint,x,y,z"):
        open_labelled_folder(labelled_tree.folder)


def test_a_stray_quotation_mark_in_a_large_file(labelled_tree):
    """All that follows it is one word, longer than the reader takes."""
    lines = (labelled_tree.folder / "joints.csv").read_text().splitlines()
    lines[4] = lines[4].replace(",", ',"', 1)
    (labelled_tree.folder / "joints.csv").write_text("\n".join(lines + lines[5:] * 300))
    with pytest.raises(InputError, match=r"joints\.csv: line \d+ cannot be read .*quotation mark"):
        open_labelled_folder(labelled_tree.folder)


def test_wrong_header(labelled_tree):
    text = (labelled_tree.folder / "joints.csv").read_text().replace("file,joint,x,y,z", "file,joint,u,v,d")
    (labelled_tree.folder / "joints.csv").write_text(text)
    with pytest.raises(InputError, match="first line must be file,joint,x,y,z, not 'file,joint,u,v,d'"):
        open_labelled_folder(labelled_tree.folder)


@pytest.mark.parametrize(
    "camera",
    [
        {"fx": 1, "fy": 1, "cx": 0},
        {"fx": "a", "fy": 1, "cx": 0, "cy": 0},
        {"fx": -1, "fy": 1, "cx": 0, "cy": 0},
        {"fx": 0.002, "fy": 0.002, "cx": 0, "cy": 0},
        {"fx": 10**400, "fy": 1, "cx": 0, "cy": 0},
        [1],
    ],
)
def test_bad_camera(labelled_tree, camera):
    (labelled_tree.folder / "camera.json").write_text(json.dumps(camera))
    with pytest.raises(InputError, match=r"camera\.json: is not a camera"):
        open_labelled_folder(labelled_tree.folder)


def test_missing_camera(labelled_tree):
    (labelled_tree.folder / "camera.json").unlink()
    with pytest.raises(InputError, match=r"camera\.json: no such file"):
        open_labelled_folder(labelled_tree.folder)


def test_a_frame_of_another_size_is_refused(labelled_tree):
    """One camera cannot have taken both."""
    path = labelled_tree.folder / "frames" / "1.png"
    shrunk = Image.open(path).resize((320, 240), Image.Resampling.NEAREST)
    shrunk.save(path)
    with pytest.raises(InputError, match=r"1\.png: the frame has 320x240 pixels where the first one had 640x480"):
        open_labelled_folder(labelled_tree.folder)


def test_a_camera_of_another_size_is_warned_of_once(labelled_tree):
    (labelled_tree.folder / "joints.csv").unlink()
    camera = {"fx": 240, "fy": 240, "cx": 160, "cy": 120, "depth_scale": 0.1}
    (labelled_tree.folder / "camera.json").write_text(json.dumps(camera))
    with pytest.warns(UserWarning, match=r"0\.png: the folder's camera does not fit 640x480 images \(cx 160") as told:
        list(open_labelled_folder(labelled_tree.folder).frames(workers=1))
    assert len(told) == 1
