from dataclasses import replace

import numpy as np
import pytest

from cn_zoo.geometry import SKELETONS, Camera, HandCrop
from cn_zoo.geometry.frame_view import VIEW_CELL, FrameView
from cn_zoo.synthesis import locator_frame
from cn_zoo.synthesis.locator_batch import CANVAS, PLACES, _cell_targets, _draw_place_aside, draw_locator_batch
from cn_zoo.synthesis.locator_frame import LocatorFrame, _turned, draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.setting import draw_setting
from cn_zoo.synthesis.visibility import LEAST_SEEN


@pytest.fixture(scope="module")
def frames():
    return [draw_locator_frame(11, index) for index in range(80)]


def test_a_frame_depends_on_its_number_only(frames):
    again = draw_locator_frame(11, 7)
    np.testing.assert_array_equal(again.depth_mm, frames[7].depth_mm)
    np.testing.assert_array_equal(again.centers, frames[7].centers)
    assert not np.array_equal(draw_locator_frame(11, 7, "validation").depth_mm.shape, frames[7].depth_mm.shape) or (
        not np.array_equal(draw_locator_frame(11, 7, "validation").depth_mm, frames[7].depth_mm)
    )


def test_there_are_frames_of_one_hand_of_two_and_of_none(frames):
    seen = [int((frame.seen >= LEAST_SEEN).sum()) for frame in frames]
    assert seen.count(0) >= 8
    assert seen.count(1) >= 40
    assert seen.count(2) >= 3


def test_right_and_left_hands_are_as_frequent(frames):
    left = np.concatenate([frame.left[frame.seen >= LEAST_SEEN] for frame in frames])
    assert 0.3 < left.mean() < 0.7


def test_cameras_and_distances_vary(frames):
    half_views = [frame.depth_mm.shape[1] / 2 / frame.camera.fx for frame in frames]
    assert min(half_views) < 0.5
    assert max(half_views) > 0.9
    distances = [frame.centers[0, 2, 2] for frame in frames if frame.seen[0]]
    assert min(distances) < 350
    assert max(distances) > 900


def _share_near(frame, hand, aside_mm, before_mm):
    """The share of pixels about a hand's centre that lie about as far away as it."""
    u, v, d = frame.camera.xyz_to_uvd(frame.centers[hand, 2])
    aside = aside_mm * frame.camera.fx / d
    rows, columns = (slice(max(0, round(x - aside)), max(0, round(x + aside)) + 1) for x in (v, u))
    return (np.abs(frame.depth_mm[rows, columns] - d) < before_mm).mean()


def test_where_a_hand_is_seen_there_is_something(frames):
    for frame in frames:
        for hand in np.flatnonzero(frame.seen >= 0.7):
            assert _share_near(frame, hand, 60, 90) > 0.1


def test_a_frame_without_a_hand_shows_none(frames):
    """Where it would be, if it has not left the view, there may be something else, but seldom."""
    shares = {True: [], False: []}
    for frame in frames:
        u, v, _ = frame.camera.xyz_to_uvd(frame.centers[0, 2])
        height, width = frame.depth_mm.shape
        if 0 <= u < width and 0 <= v < height:
            shares[bool(frame.seen.any())].append(_share_near(frame, 0, 25, 45))
    assert len(shares[False]) >= 5
    assert np.median(shares[True]) > 0.7
    assert np.median(shares[False]) < 0.3


def _people_differ(monkeypatch, **shares):
    """Frames with people as often as asked for, and whether each differs from the one without."""
    drawn = []
    for alone, beside in ((0.0, 0.0), (shares.get("alone", 0.0), shares.get("beside", 0.0))):
        monkeypatch.setattr(locator_frame, "_PERSON_ALONE", alone)
        monkeypatch.setattr(locator_frame, "_PERSON_BESIDE", beside)
        drawn.append([draw_locator_frame(11, index) for index in range(40)])
    return drawn[1], np.array([not np.array_equal(a.depth_mm, b.depth_mm) for a, b in zip(*drawn, strict=True)])


def test_people_are_added_and_the_rest_stays(monkeypatch, frames):
    """Where nobody is drawn, a frame is what it would be if there were no people at all."""
    again, beside = _people_differ(monkeypatch, beside=1.0)
    has_hand = np.array([frame.seen.any() for frame in frames[:40]])
    assert beside[has_hand].mean() > 0.6
    assert not beside[~has_hand].any()
    assert all(frame.seen.max() >= LEAST_SEEN for frame in np.array(again, dtype=object)[has_hand])
    again, alone = _people_differ(monkeypatch, alone=1.0)
    assert alone[~has_hand].mean() > 0.6
    assert not alone[has_hand].any()
    assert not any(frame.seen.any() for frame in np.array(again, dtype=object)[~has_hand])


def test_patches_are_smooth_and_even():
    noise = locator_frame._smooth_noise(120, 160, 7.5, np.random.default_rng(1))
    assert noise.shape == (120, 160)
    assert 0 <= noise.min() < 0.2
    assert 0.8 < noise.max() <= 1
    assert np.abs(np.diff(noise, axis=0)).max() < 1 / 7
    assert np.abs(np.diff(noise, axis=1)).max() < 1 / 7


@pytest.fixture(scope="module")
def batch():
    return draw_locator_batch(11, 0, 40)


def test_cells_lead_to_the_hands(batch):
    """The best cell's place and depth point at something measured at the hand's depth."""
    rows, columns = (size // VIEW_CELL for size in CANVAS)
    assert batch.cells.shape == (40, rows, columns, 5)
    found = 0
    for planes, cells in zip(batch.planes, batch.cells, strict=True):
        for row, column in np.argwhere(cells[..., 0] == 1):
            right, down = cells[row, column, 1:3]
            assert max(abs(right), abs(down)) <= 0.5 + 1e-5
            depth = (
                50 * planes[row * VIEW_CELL : (row + 1) * VIEW_CELL, column * VIEW_CELL : (column + 1) * VIEW_CELL, 0]
            )
            d = depth.min() + 50 * cells[row, column, 3]
            found += (np.abs(depth - d) < 60).any()
    assert found > 20


def test_judged_hands_have_a_side_and_a_center_within_reach(batch):
    assert batch.crops.shape == (40, PLACES, 128, 128, 1)
    is_hand = batch.hand[..., 0] == 1
    assert 0.3 < is_hand.mean() < 0.8
    assert set(np.unique(batch.hand)) == {0, 1}
    assert not batch.hand[~is_hand].any()
    off = 50 * np.linalg.norm(batch.centers[is_hand], axis=-1)
    assert np.median(off) < 60
    assert not batch.centers[~is_hand].any()
    # All three skeletons' centres of one hand lie close together.
    assert np.linalg.norm(batch.centers[is_hand][:, 0] - batch.centers[is_hand][:, 2], axis=-1).max() * 50 < 30


def test_the_mirror_shows_the_other_hand(batch):
    mirrored = batch.mirrored()
    np.testing.assert_array_equal(mirrored.hand[..., 0], batch.hand[..., 0])
    is_hand = batch.hand[..., 0] == 1
    assert (mirrored.hand[..., 1] != batch.hand[..., 1])[is_hand].all()
    for name in ("planes", "cells", "crops", "hand", "centers"):
        np.testing.assert_array_equal(getattr(mirrored.mirrored(), name), getattr(batch, name))
    np.testing.assert_array_equal(mirrored.planes[0, :, 0], batch.planes[0, :, -1])
    # Right becomes left, and below stays below.
    cells, theirs = batch.cells[:, :, ::-1], mirrored.cells
    np.testing.assert_array_equal(theirs[..., 1], -cells[..., 1])
    np.testing.assert_array_equal(theirs[..., [0, 2, 3, 4]], cells[..., [0, 2, 3, 4]])
    assert np.abs(cells[..., 2]).max() > 0


def test_a_cell_tells_where_the_center_lies_from_its_middle():
    """The cell of columns 40 to 47 and rows 24 to 31 has its middle at 43.5 and 27.5."""
    canvas = FrameView(np.full(CANVAS, 500, np.float32), Camera(96.0, 96.0, 55.5, 39.5))
    cells = _cell_targets(canvas, np.array([[45.5, 26.5, 520.0]]), np.ones(1))
    np.testing.assert_allclose(cells[3, 5], [1, 0.25, -0.125, 0.4, 1], atol=1e-6)
    assert np.unravel_index(cells[..., 0].argmax(), cells.shape[:2]) == (3, 5)
    np.testing.assert_allclose(cells[3, 4, 1:4], [1.25, -0.125, 0.4], atol=1e-6)
    np.testing.assert_allclose(cells[2, 5, 1:4], [0.25, 0.875, 0.4], atol=1e-6)


def test_a_left_hand_is_labelled_left(batch, frames):
    for is_left, side in enumerate(("right", "left")):
        joints = batch.joints[(batch.hand[..., 0] == 1) & (batch.hand[..., 1] == is_left)]
        assert len(joints) > 5
        theirs = np.concatenate([frame.joints[frame.left == is_left] for frame in frames])
        assert [SKELETONS["msra"].handedness(each) for each in (joints, theirs)] == [side, side]


def test_most_places_without_a_hand_are_those_that_a_locator_names(batch, frames):
    """One that names an empty place, far outside the image, and every hand."""
    hands = {frame.depth_mm.tobytes(): frame.centers[:, 2] for frame in frames[:40]}

    def name_places(depth_mm, camera):
        return np.concatenate([hands[depth_mm.tobytes()], [[9000.0, 0.0, 600.0]]])

    named = draw_locator_batch(11, 0, 40, name_places=name_places)
    np.testing.assert_array_equal(named.planes, batch.planes)
    np.testing.assert_array_equal(named.hand[:, 0], batch.hand[:, 0])
    empty = [(each.crops == 1).all(axis=(2, 3, 4)) for each in (named, batch)]
    # No frame that shows anything holds the empty place twice, nor counts it as a hand.
    assert empty[0][~empty[1].any(axis=1)].sum(axis=1).max() == 1
    assert not named.hand[empty[0]].any()
    has_room = (named.hand[..., 0] == 0).any(axis=1)
    assert empty[0][has_room].any(axis=1).mean() > 0.6
    assert empty[1][has_room].any(axis=1).mean() < 0.3
    # Where it is not taken, a chance place is, as before; never a hand as one without.
    rest = named.crops[(named.hand[..., 0] == 0) & ~empty[0]]
    assert (rest < 1).mean() > 0.1


@pytest.mark.parametrize("degrees", [0, 37, 90, 180])
def test_the_box_that_is_kept_turns_with_the_scene(degrees):
    """It is as large as before, about the same spot of the hand, wherever in the image that is now."""
    preset = PRESETS["msra"]
    preset = replace(preset, scene=replace(preset.scene, boxed=1.0))
    setting = draw_setting(preset, np.random.default_rng(4), "train", binned=False)
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = _turned(setting, np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]))
    camera, (before, after) = setting.lens.camera, (np.array(each.box).reshape(2, 2) for each in (setting, turned))
    np.testing.assert_allclose(np.diff(before), np.diff(after))
    right, down = before.mean(axis=1) - [camera.cx, camera.cy]
    expected = [cosine * right - sine * down, sine * right + cosine * down]
    np.testing.assert_allclose(after.mean(axis=1) - [camera.cx, camera.cy], expected)
    u, v, _ = camera.xyz_to_uvd(turned.meshes[0][0].mean(axis=0))
    assert after[0, 0] < u < after[0, 1]
    assert after[1, 0] < v < after[1, 1]


def test_where_no_place_is_free_of_hands_an_empty_crop_is_judged():
    """A palm that fills the view: whatever was measured belongs to it."""
    camera, centers = Camera(100.0, 100.0, 9.5, 9.5), np.full((1, 3, 3), [0.0, 0.0, 520.0])
    depth_mm = np.full((20, 20), 500, np.float32)
    frame = LocatorFrame(depth_mm, camera, centers, np.zeros((1, 21, 3)), np.array([False]), np.ones(1))
    place = _draw_place_aside(frame, np.random.default_rng(1))
    crop = HandCrop(camera, tuple(camera.xyz_to_uvd(place)), 300.0).cut(depth_mm)
    assert (crop == 1).all()
