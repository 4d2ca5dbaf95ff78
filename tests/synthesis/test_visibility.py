import numpy as np

from cn_zoo.synthesis.visibility import seen_joints, share_seen

#: A wall at 600 mm with a hole, from column 20 and row 10 of an image.
DEPTH = np.full((8, 6), 600, np.float32)
DEPTH[2, 2] = 0


def test_joints_are_seen_just_behind_a_surface():
    joints = {
        (22.4, 13.6, 601.0): True,
        (20.0, 10.0, 644.9): True,  # a finger's thickness behind
        (20.0, 10.0, 645.1): False,
        (25.0, 17.0, 575.1): True,  # before what the sensor smeared
        (25.0, 17.0, 574.9): False,
        (22.0, 12.0, 600.0): False,  # in the hole
        (19.4, 12.0, 600.0): False,  # beside the image
        (22.0, 17.6, 600.0): False,
    }
    seen = seen_joints(DEPTH, np.array(list(joints)), 20, 10)
    np.testing.assert_array_equal(seen, list(joints.values()))
    assert share_seen(DEPTH, np.array(list(joints)), 20, 10) == 3 / 8


def test_an_image_begins_at_its_corner():
    assert seen_joints(DEPTH, np.array([[5.0, 7.0, 600.0], [22.0, 13.0, 600.0]])).tolist() == [True, False]
