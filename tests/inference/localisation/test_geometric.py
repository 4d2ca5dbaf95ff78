from itertools import pairwise

import numpy as np
import pytest

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import Camera
from cn_zoo.inference.localisation.geometric import locate_hand

CAMERA = Camera(475.0, 475.0, 320.0, 240.0)
SHAPE = (480, 640)


def background(distance=0.0, shape=SHAPE):
    """A wall facing the camera, or nothing."""
    return np.full(shape, distance, np.float32)


def plane(point, normal, camera=CAMERA, shape=SHAPE):
    """A plane through a point in mm."""
    depth = np.dot(normal, point) / (rays(camera, shape) @ np.asarray(normal, float))
    return np.where((depth > 0) & (depth < 4000), depth, 0).astype(np.float32)


def rays(camera, shape, first=(0, 0)):
    """Viewing directions of a patch's pixels."""
    rows, columns = np.indices(shape)
    rows, columns = rows + first[0], columns + first[1]
    return np.stack([(columns - camera.cx) / camera.fx, (rows - camera.cy) / camera.fy, np.ones(shape)], axis=-1)


def add_sphere(depth, center, radius, camera=CAMERA):
    """See a sphere before what the depth image shows already, in place."""
    center = np.asarray(center, float)
    u, v, _ = camera.xyz_to_uvd(center)
    reach = 1.5 * radius * camera.fx / (center[2] - radius) + 2
    rows = slice(max(0, int(v - reach)), max(0, int(v + reach)))
    columns = slice(max(0, int(u - reach)), max(0, int(u + reach)))
    patch = depth[rows, columns]
    directions = rays(camera, patch.shape, (rows.start, columns.start))
    along, squared = directions @ center, (directions**2).sum(axis=-1)
    inside = along**2 - squared * (center @ center - radius**2)
    surface = (along - np.sqrt(np.maximum(inside, 0))) / squared
    seen = (inside > 0) & ((patch == 0) | (surface < patch))
    patch[seen] = surface[seen]


def add_capsule(depth, start, end, radius, camera=CAMERA):
    start, end = np.asarray(start, float), np.asarray(end, float)
    count = int(np.linalg.norm(end - start) / (radius / 2)) + 2
    for share in np.linspace(0, 1, count):
        add_sphere(depth, start + share * (end - start), radius, camera)


def add_hand(depth, wrist, up=(0.0, -1.0, 0.0), forearm=250.0, fist=False, camera=CAMERA):
    """A hand of spheres whose palm faces the camera, thumb to the right; gives the mean of its 21 joints."""
    wrist, up = np.asarray(wrist, float), np.asarray(up, float)
    side = np.cross(up, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    towards = np.cross(up, side)  # to the camera
    if towards[2] > 0:
        towards = -towards
    joints = [wrist]
    for index, across in enumerate((-33.0, -11.0, 11.0, 33.0)):
        knuckle = wrist + 90 * up + across * side
        add_capsule(depth, wrist + 25 * up + 0.7 * across * side, knuckle, 14, camera)
        steps = [(40, 0), (8, 22), (-24, 4)] if fist else [(42, 0), (25, 0), (20, 0)]
        spread = side * (index - 1.5) * 0.12
        chain = [knuckle]
        for forward, curl in steps:
            chain.append(chain[-1] + forward * (up + spread) + curl * towards)
        for first, second in pairwise(chain):
            add_capsule(depth, first, second, 9, camera)
        joints += chain
    thumb = [wrist + 20 * up + 25 * side, wrist + 50 * up + 50 * side, wrist + 75 * up + 65 * side]
    thumb.append(thumb[-1] + 25 * up + 5 * side)
    for first, second in pairwise(thumb):
        add_capsule(depth, first, second, 11, camera)
    joints += thumb
    if forearm:
        add_capsule(depth, wrist + 25 * up, wrist - 0.4 * forearm * up, 27, camera)
        add_capsule(depth, wrist - 0.4 * forearm * up, wrist - forearm * up, 36, camera)
    return np.mean(joints, axis=0)


def miss(depth, truth, camera=CAMERA):
    """Distance in mm between the found centre and the true one."""
    return float(np.linalg.norm(camera.uvd_to_xyz(locate_hand(depth, camera).center_uvd) - truth))


def unit(*vector):
    return np.array(vector) / np.linalg.norm(vector)


DIRECTIONS = {
    "from below": unit(0, -1, 0),
    "from above": unit(0, 1, 0),
    "from the left": unit(1, 0, 0),
    "from the right": unit(-1, -0.3, 0),
    "towards the camera": unit(0.3, -0.8, -0.5),
}


@pytest.mark.parametrize("up", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("fist", [False, True], ids=["open", "fist"])
def test_a_hand_at_the_end_of_an_arm_before_a_wall(up, fist):
    depth = background(1600.0)
    truth = add_hand(depth, np.array([0, 0, 700.0]) - 60 * up, up, forearm=500, fist=fist)
    assert miss(depth, truth) < 40


@pytest.mark.parametrize("distance", [350.0, 600.0, 1100.0])
@pytest.mark.parametrize("fist", [False, True], ids=["open", "fist"])
def test_the_centre_is_the_joints_and_not_on_the_skin(distance, fist):
    depth = background(2500.0)
    truth = add_hand(depth, [20, 60, distance], fist=fist)
    assert abs(locate_hand(depth, CAMERA).center_uvd[2] - truth[2]) < 10


@pytest.mark.parametrize("distance", [350.0, 600.0, 1100.0])
def test_near_and_far(distance):
    depth = background(2500.0)
    truth = add_hand(depth, [20, 60, distance])
    assert miss(depth, truth) < 40


@pytest.mark.parametrize(
    "camera, shape",
    [(Camera(241, 241, 160, 120), (240, 320)), (Camera(900, 900, 640, 360), (720, 1280))],
    ids=["small", "large"],
)
def test_other_cameras(camera, shape):
    depth = background(1500.0, shape)
    truth = add_hand(depth, [0, 60, 500.0], camera=camera)
    assert miss(depth, truth, camera) < 40


def test_a_person_behind():
    depth = background(0)
    for height in np.linspace(0, 400, 9):
        add_sphere(depth, [60, height, 950], 150)
    add_capsule(depth, [60, -150, 950], [60, -230, 950], 55)
    add_sphere(depth, [60, -270, 940], 95)
    truth = add_hand(depth, [-130, 0, 720], forearm=220)
    add_capsule(depth, [-130, 220, 720], [-60, 60, 950], 45)
    assert miss(depth, truth) < 40


def test_a_table_close_behind():
    """The camera looks down at a slant; the arm reaches in from the border 60 mm above the table."""
    depth = plane([0, 0, 900], unit(0, -0.6, -0.8))
    table = depth.copy()
    up = unit(-0.9, 0.3, -0.2)
    truth = add_hand(depth, [120, -10, 790], up, forearm=500)
    assert miss(depth, truth) < 40
    with pytest.raises(NoHandError):
        locate_hand(table, CAMERA)


def test_a_picture_cut_out_around_the_hand():
    depth = background(1600.0)
    truth = add_hand(depth, [0, 60, 700.0], forearm=200)
    rows, columns = slice(150, 330), slice(250, 390)
    camera = Camera(475.0, 475.0, 320.0 - columns.start, 240.0 - rows.start)
    assert miss(depth[rows, columns], truth, camera) < 50


def test_holes_noise_and_infinities():
    rng = np.random.default_rng(3)
    depth = background(1500.0)
    truth = add_hand(depth, [0, 60, 650.0], forearm=400)
    depth += rng.normal(0, 2, depth.shape).astype(np.float32)
    depth[rng.random(depth.shape) < 0.1] = 0
    depth[rng.random(depth.shape) < 0.02] = np.nan
    depth[rng.random(depth.shape) < 0.02] = np.inf
    assert miss(depth, truth) < 40


def test_whole_millimetres_give_the_same_place():
    depth = background(1500.0)
    add_hand(depth, [0, 60, 650.0])
    exact, whole = (np.array(locate_hand(picture, CAMERA).center_uvd) for picture in (depth, depth.astype(np.uint16)))
    np.testing.assert_allclose(whole, exact, atol=8)


def test_the_answer_is_repeatable():
    depth = plane([0, 0, 1200], unit(0, -0.5, -0.8))
    add_hand(depth, [0, 60, 650.0])
    assert locate_hand(depth, CAMERA) == locate_hand(depth, CAMERA)


def test_a_plain_hand_is_surer_than_one_with_a_rival():
    alone = background(0)
    add_hand(alone, [-150, 60, 700.0])
    two = alone.copy()
    add_hand(two, [150, 60, 700.0])
    confident, torn = (locate_hand(depth, CAMERA).confidence for depth in (alone, two))
    assert 0.5 < confident <= 1
    assert torn < 0.95 * confident


EMPTY = {
    "nothing": background(0),
    "nan": background(np.nan),
    "wall": background(1200.0),
    "close wall": background(400.0),
    "slanted table": plane([0, 0, 900], unit(0.1, -0.7, -0.7)),
    "corner of a room": np.minimum(
        plane([0, 0, 2500], unit(0, -0.8, -0.6)), np.maximum(plane([0, 0, 2400], unit(0.6, 0, -0.8)), 1)
    ),
    "too far": background(5000.0),
    "too near": background(20.0),
    "specks": np.where(np.random.default_rng(0).random(SHAPE) < 0.002, 700, 0).astype(np.float32),
    "noise": np.random.default_rng(0).uniform(50, 3000, SHAPE).astype(np.float32),
}


@pytest.mark.parametrize("depth", EMPTY.values(), ids=EMPTY)
def test_no_hand_in_the_picture(depth):
    with pytest.raises(NoHandError) as caught:
        locate_hand(depth, CAMERA)
    assert "\n" not in str(caught.value)


def test_a_torso_is_no_hand():
    depth = background(2500.0)
    for height in np.linspace(-100, 500, 13):
        add_sphere(depth, [0, height, 1300], 190)
    with pytest.raises(NoHandError):
        locate_hand(depth, CAMERA)


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3)])
def test_odd_sizes(shape):
    with pytest.raises(NoHandError):
        locate_hand(np.full(shape, 600, np.float32), CAMERA)
