import numpy as np
import pytest
from PIL import Image

from cn_zoo.errors import InputError
from cn_zoo.io import read_nyu_png, write_depth_png, write_nyu_png
from cn_zoo.io.nyu_png import is_nyu_packed


def test_round_trip_is_exact_over_all_values(tmp_path):
    depth = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    write_nyu_png(tmp_path / "a.png", depth)
    read = read_nyu_png(tmp_path / "a.png")
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, depth)


def test_packing(tmp_path):
    write_nyu_png(tmp_path / "a.png", np.array([[0, 255, 256, 1000]]))
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), [[[0, 0, 0], [0, 0, 255], [0, 1, 0], [0, 3, 232]]])


def test_another_kind_of_png_is_refused(tmp_path):
    write_depth_png(tmp_path / "a.png", np.full((4, 4), 500))
    with pytest.raises(InputError, match="NYU"):
        read_nyu_png(tmp_path / "a.png")


@pytest.mark.parametrize(("jumps", "packed"), [(0.1, True), (0.5, False)])
def test_edges_do_not_make_a_picture_of_depth(jumps, packed):
    """Few neighbours of packed depth lie apart; of a picture many do."""
    steps = np.where(np.arange(200) < 200 * jumps, 256, 1)
    depth = 500 + np.cumsum(np.random.default_rng(0).permutation(steps)) % 60_000
    rgb = np.stack([np.zeros_like(depth), depth >> 8, depth & 255], axis=-1).astype(np.uint8)[None]
    assert is_nyu_packed(rgb) == packed
