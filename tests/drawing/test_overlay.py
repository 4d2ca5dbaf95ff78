import numpy as np
import pytest

from cn_zoo.drawing import draw_overlay, overlay
from cn_zoo.geometry import CAMERAS, SKELETONS, HandCrop


def hand_before_wall(shape=(480, 640)):
    """A disc at 600 mm before a wall at 1,500 mm, and one joint in each scored place around its middle."""
    rows, columns = np.indices(shape)
    middle = (shape[1] * 0.4, shape[0] * 0.5)
    disc = np.hypot(columns - middle[0], rows - middle[1]) < shape[1] * 0.1
    return np.where(disc, 600.0, 1500.0).astype(np.float32), middle


def joints_around(middle, radius, skeleton):
    angles = np.linspace(0, 2 * np.pi, len(skeleton), endpoint=False)
    flat = np.stack([middle[0] + radius * np.cos(angles), middle[1] + radius * np.sin(angles)], axis=1)
    return np.column_stack([flat, np.full(len(skeleton), 610.0)])


def draw(shape=(480, 640), name="nyu", radius=40.0, **arguments):
    depth, middle = hand_before_wall(shape)
    skeleton = SKELETONS[name]
    return draw_overlay(depth, joints_around(middle, radius, skeleton), skeleton, **arguments), middle


def pixels(image):
    return np.asarray(image).astype(int)


def test_the_hand_is_coloured_and_the_background_is_grey_and_darker():
    image, middle = draw(radius=60.0)
    picture = pixels(image)
    scale = image.width // 640
    hand = picture[int(middle[1] + 20) * scale, int(middle[0] + 30) * scale]
    wall = picture[20, 20]
    assert np.ptp(hand) > 80
    assert np.ptp(wall) < 30
    assert wall.sum() < hand.sum()


def test_holes_are_darkest():
    depth, middle = hand_before_wall()
    depth[:40, :40] = 0
    depth[:40, 40:80] = np.nan
    skeleton = SKELETONS["nyu"]
    picture = pixels(draw_overlay(depth, joints_around(middle, 40, skeleton), skeleton))
    assert picture[20, 20].sum() < 40
    assert picture[20, 120].sum() < 40 < picture[20, 300].sum()


@pytest.mark.parametrize("name", SKELETONS)
def test_joints_stand_at_their_pixels_in_their_colours(name):
    depth, middle = hand_before_wall()
    skeleton = SKELETONS[name]
    uvd = joints_around(middle, 150.0, skeleton)
    image = draw_overlay(depth, uvd, skeleton)
    scale = image.width / depth.shape[1]
    picture = pixels(image)
    for (u, v, _), colour in zip(uvd, skeleton.colours, strict=True):
        x, y = round((u + 0.5) * scale), round((v + 0.5) * scale)
        around = picture[y - 6 : y + 7, x - 6 : x + 7].reshape(-1, 3)
        assert np.abs(around - np.array(colour)).sum(axis=1).min() < 30


def test_small_frames_are_enlarged():
    image, _ = draw(shape=(240, 320), radius=20.0)
    assert image.width == 960


def test_large_sigma_draws_larger_halos():
    crop = HandCrop(CAMERAS["nyu"], (256.0, 240.0, 610.0))
    plain, small, large = (
        pixels(draw(sigma_mm=sigma, crop=crop)[0]) for sigma in (None, np.full(14, 4.0), np.full(14, 25.0))
    )
    assert (small != plain).any(axis=2).sum() < (large != plain).any(axis=2).sum()


def test_halos_keep_their_size_whatever_the_cube():
    """Beyond the frames of the crops, which differ."""
    narrow, wide = (
        pixels(draw(sigma_mm=np.full(14, 9.0), crop=HandCrop(CAMERAS["nyu"], (256.0, 240.0, 600.0), cube_mm))[0])
        for cube_mm in (250.0, 300.0)
    )
    inside = slice(2 * 180, 2 * 300), slice(2 * 196, 2 * 316)
    assert np.abs(narrow[inside] - wide[inside]).mean() < 1


def test_the_caption_shows_the_confidence():
    low, high, none = (pixels(draw(confidence=value)[0])[-44:] for value in (0.1, 0.9, None))
    assert (low != high).any()
    assert (none != high).any()
    assert low[:, low.shape[1] // 2 :].sum() > none[:, none.shape[1] // 2 :].sum()


def test_joints_outside_the_picture_do_no_harm():
    depth, _ = hand_before_wall()
    skeleton = SKELETONS["icvl"]
    uvd = joints_around((-900.0, 200.0), 40, skeleton)
    image = draw_overlay(depth, uvd, skeleton, np.full(16, 9.0), 0.5)
    assert image.width == 1280


def test_strips_leave_no_trace(monkeypatch):
    whole, _ = draw()
    monkeypatch.setattr(overlay, "_STRIP_ROWS", 7)
    np.testing.assert_array_equal(pixels(draw()[0]), pixels(whole))
