import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.io import read_depth_png, write_depth_png, write_nyu_png


def test_round_trip_is_exact_over_all_values(tmp_path):
    depth = np.arange(65536, dtype=np.uint16).reshape(128, 512)
    write_depth_png(tmp_path / "new" / "a.png", depth)
    read = read_depth_png(tmp_path / "new" / "a.png")
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, depth)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_floats_are_rounded(tmp_path):
    write_depth_png(tmp_path / "a.png", np.array([[499.6, 500.4], [0.0, 65535.0]], np.float32))
    np.testing.assert_array_equal(read_depth_png(tmp_path / "a.png"), [[500, 500], [0, 65535]])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0, 65536.0])
def test_what_does_not_fit_is_not_written(tmp_path, bad):
    with pytest.raises(ValueError, match="65535"):
        write_depth_png(tmp_path / "a.png", np.array([[bad, 500.0]]))
    assert not list(tmp_path.iterdir())


def test_another_kind_of_png_is_refused(tmp_path):
    write_nyu_png(tmp_path / "a.png", np.full((4, 4), 500))
    with pytest.raises(InputError, match="16-bit greyscale"):
        read_depth_png(tmp_path / "a.png")
