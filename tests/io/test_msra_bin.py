import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.io import read_msra_bin, write_msra_bin


@pytest.fixture
def depth() -> np.ndarray:
    frame = np.zeros((24, 32), np.float32)
    frame[5:12, 20:31] = np.random.default_rng(0).uniform(300, 600, (7, 11))
    frame[6, 22] = 0
    return frame


def test_round_trip_is_exact(tmp_path, depth):
    write_msra_bin(tmp_path / "a.bin", depth)
    read = read_msra_bin(tmp_path / "a.bin")
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, depth)


def test_layout(tmp_path, depth):
    write_msra_bin(tmp_path / "a.bin", depth)
    content = (tmp_path / "a.bin").read_bytes()
    assert np.frombuffer(content[:24], "<i4").tolist() == [32, 24, 20, 5, 31, 12]
    np.testing.assert_array_equal(np.frombuffer(content[24:], "<f4").reshape(7, 11), depth[5:12, 20:31])


@pytest.mark.parametrize("shape", [(24, 32), (24,), (2, 3, 4)])
def test_nothing_to_write(tmp_path, shape):
    with pytest.raises(ValueError, match="other than 0"):
        write_msra_bin(tmp_path / "a.bin", np.zeros(shape))


@pytest.mark.parametrize(
    "header",
    [
        [32, 24, 20, 5, 33, 12],  # box beyond the image
        [32, 24, 20, 5, 20, 12],  # empty box
        [32, 24, -1, 5, 31, 12],
        [32, 24, 20, 12, 31, 5],
        [-32, -24, -20, -5, -1, -2],
    ],
)
def test_impossible_headers(tmp_path, header):
    (tmp_path / "a.bin").write_bytes(np.array(header, "<i4").tobytes() + bytes(308))
    with pytest.raises(InputError, match="header gives"):
        read_msra_bin(tmp_path / "a.bin")


@pytest.mark.parametrize("change", [-4, -1, 1])
def test_length_must_agree_with_the_header(tmp_path, depth, change):
    write_msra_bin(tmp_path / "a.bin", depth)
    content = (tmp_path / "a.bin").read_bytes()
    (tmp_path / "a.bin").write_bytes((content + bytes(8))[: len(content) + change])
    with pytest.raises(InputError, match="promises"):
        read_msra_bin(tmp_path / "a.bin")
