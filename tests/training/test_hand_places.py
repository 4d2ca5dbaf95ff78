from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.geometry import Camera, HandCrop
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.locator_frame import draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.hand_places import _Hands, _places_of, draw_hand_places


@pytest.fixture(scope="module")
def places():
    return draw_hand_places("icvl", seed=4, start=0, count=60, split="test")


def test_most_are_hands_and_some_are_none(places):
    assert places.depth.shape == (len(places.is_hand), 128, 128, 1)
    assert places.depth.dtype == np.float32 and np.abs(places.depth).max() <= 1
    assert 0.5 < places.is_hand.mean() < 0.98


def test_hands_fill_the_middle_of_their_crop(places):
    middle = (places.depth[places.is_hand, 44:84, 44:84] < 1).mean()
    around = (places.depth[places.is_hand, :10] < 1).mean()
    assert middle > 0.6 > around


def test_nothing_in_a_frame_without_a_hand_is_one():
    empty = [k for k in range(1, 120, 2) if not draw_locator_frame(4, k, "test").seen.any()]
    found = [draw_hand_places("icvl", 4, k, 1, "test") for k in empty]
    assert len(empty) > 5
    assert sum(len(each.is_hand) for each in found) > 0
    assert not any(each.is_hand.any() for each in found)


@pytest.mark.parametrize("index", [0, 2])
def test_every_second_frame_is_the_presets_own_half_of_them_in_a_mirror(index):
    """Its first place is the hand itself, as the frame shows it."""
    frame = draw_frame(PRESETS["nyu"], 4, index, "test")
    frame = frame.mirrored() if index % 4 else frame
    place = HandLocator.load().candidates(frame.depth_mm, frame.camera, "nyu")[0]
    found = draw_hand_places("nyu", 4, index, 1, "test")
    assert found.is_hand[0]
    crop = HandCrop(frame.camera, place.center_uvd, PRESETS["nyu"].cube_mm).cut(frame.depth_mm)
    np.testing.assert_array_equal(found.depth[0, ..., 0], crop)


def test_the_same_whoever_draws_them(places):
    parts = [draw_hand_places("icvl", 4, start, 30, "test") for start in (0, 30)]
    for name in places._fields:
        joined = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(getattr(places, name), joined)


def test_what_is_neither_a_hand_nor_far_from_one_is_not_learned_from(monkeypatch):
    """Places behind a hand's centre; of one that is out of sight, what lies there is none."""
    camera, depth_mm = Camera(200.0, 200.0, 79.5, 59.5), np.full((120, 160), 500, np.float32)
    named = [SimpleNamespace(center_uvd=(79.5, 59.5, 500.0 + off), confidence=0.9) for off in (40, 75, 95, 130)]
    locator = SimpleNamespace(candidates=lambda *_: named)
    monkeypatch.setattr(HandLocator, "load", lambda: locator)
    crops = [HandCrop(camera, each.center_uvd, PRESETS["icvl"].cube_mm).cut(depth_mm) for each in named]
    found = _places_of("icvl", depth_mm, camera, _Hands(np.array([[0.0, 0.0, 500.0]]), np.ones(1)))
    assert found.is_hand.tolist() == [True, False]
    np.testing.assert_array_equal(found.depth[..., 0], [crops[0], crops[3]])
    hidden = _places_of("icvl", depth_mm, camera, _Hands(np.array([[0.0, 0.0, 500.0]]), np.zeros(1)))
    assert hidden.is_hand.tolist() == [False] * 4
