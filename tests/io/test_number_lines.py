import gzip

import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.io.number_lines import read_named_points, read_points


def test_reads_plain_gzipped_and_untidy_files(tmp_path):
    text = "1 2 3 4 5 6\r\n\r\n 7\t8 9 10 11 -1.2e1 \r\n"
    (tmp_path / "plain.txt").write_text(text)
    (tmp_path / "packed.txt.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("plain.txt", "packed.txt.gz"):
        points = read_points(tmp_path / name, 2)
        assert points.shape == (2, 2, 3)
        np.testing.assert_array_equal(points[1, 1], (10, 11, -12))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_byte_order_mark_is_no_text(tmp_path, pack):
    """Excel's "CSV UTF-8" and Notepad begin files with one."""
    (tmp_path / "a.txt").write_bytes(pack("\ufeff1 2 3\n".encode()))
    np.testing.assert_array_equal(read_points(tmp_path / "a.txt", 1), [[(1, 2, 3)]])


def test_reads_names(tmp_path):
    (tmp_path / "a.txt").write_text("x/1.png 1 2 3\ny/2.png 4 5 6\n")
    names, points = read_named_points(tmp_path / "a.txt", 1)
    assert names == ["x/1.png", "y/2.png"]
    np.testing.assert_array_equal(points[:, 0], [(1, 2, 3), (4, 5, 6)])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2 3\n1 2\n", "line 2: 2 numbers, expected 3"),
        ("1 2 3\n\n1 2 3 4\n", "line 3: 4 numbers, expected 3"),
        ("1 2 a.png\n", "line 1: 'a.png' is not a number"),
        ("1 2 3\n1 nan 3\n", "line 2: holds NaN"),
        ("\n \n", "holds no frames"),
    ],
)
def test_names_the_bad_line(tmp_path, text, said):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=said):
        read_points(tmp_path / "a.txt", 1)


def test_a_frame_may_be_missed_as_a_whole_where_that_is_allowed(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 3\nnan nan nan\n")
    assert np.isnan(read_points(tmp_path / "a.txt", 1, may_miss=True)).tolist() == [[[False] * 3], [[True] * 3]]
    for line in ("1 nan 3", "inf inf inf"):
        (tmp_path / "a.txt").write_text(line)
        with pytest.raises(InputError, match="line 1: holds NaN"):
            read_points(tmp_path / "a.txt", 1, may_miss=True)


def test_unreadable_files(tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"1 2 3\n" * 100)[:-9])
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff\xfe\xfd")
    for name in ("cut.gz", "image.png"):
        with pytest.raises(InputError, match="cannot be read as text"):
            read_points(tmp_path / name, 1)
    with pytest.raises(InputError, match="no such file"):
        read_points(tmp_path / "absent.txt", 1)
