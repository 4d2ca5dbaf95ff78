from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.geometry import Camera
from cn_zoo.geometry.frame_view import FrameView
from cn_zoo.inference.localisation import hand_finder
from cn_zoo.inference.localisation.hand_finder import HandFinder

VIEW = FrameView(np.full((48, 64), 700, np.float32), Camera(96.0, 96.0, 31.5, 23.5))


@pytest.fixture
def cells():
    """What the network says of each cell: log odds, and where in it the hand is; nothing anywhere."""
    cells = np.zeros((6, 8, 4), np.float32)
    cells[..., 0] = -9.0
    return cells


@pytest.fixture
def finder(monkeypatch, cells):
    monkeypatch.setattr(hand_finder, "open_runtime", lambda path: SimpleNamespace(run=lambda planes: {"cells": cells}))
    return HandFinder("finder.onnx")


def test_a_place_is_told_from_the_middle_of_its_cell(finder, cells):
    cells[2, 5, 0] = 3.0
    places, log_odds = finder.places(VIEW, 3)
    # The cell's pixels are the columns 40 to 47 of the view, and the rows 16 to 23.
    np.testing.assert_allclose(VIEW.camera.xyz_to_uvd(places), [[43.5, 19.5, 700]])
    np.testing.assert_array_equal(log_odds, [3.0])


def test_a_place_lies_right_of_down_from_and_behind_it(finder, cells):
    cells[2, 5] = 3.0, 0.5, -0.25, 0.4
    places, _ = finder.places(VIEW, 3)
    np.testing.assert_allclose(VIEW.camera.xyz_to_uvd(places), [[47.5, 17.5, 720]], rtol=1e-6)


def test_the_likeliest_places_come_first(finder, cells):
    for column, odds in ((1, 1.0), (4, 3.0), (7, 2.0)):
        cells[3, column, 0] = odds
    for count in (1, 2, 3, 4):
        _, log_odds = finder.places(VIEW, count)
        np.testing.assert_array_equal(log_odds, [3.0, 2.0, 1.0][:count])


def test_a_neighbour_of_a_likelier_place_is_none(finder, cells):
    cells[3, 4, 0], cells[2, 5, 0] = 3.0, 2.9
    assert len(finder.places(VIEW, 3)[0]) == 1
