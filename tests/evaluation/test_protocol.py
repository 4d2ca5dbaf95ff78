import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.evaluation import PROTOCOLS, evaluate_files


def hands(protocol, frames=50):
    rng = np.random.default_rng(0)
    size = len(protocol.skeleton)
    xyz = rng.uniform(-70, 70, (frames, size, 3)) + (0, 0, 700 if protocol.name == "nyu" else 350)
    return xyz, protocol.camera.xyz_to_uvd(xyz)


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_parts_divide_the_test_set(name):
    protocol = PROTOCOLS[name]
    covered = np.concatenate([np.arange(*frames) for frames in protocol.parts.values()])
    np.testing.assert_array_equal(covered, np.arange(protocol.test_frames))


def test_known_test_sets():
    assert PROTOCOLS["nyu"].test_frames == 8252 and PROTOCOLS["nyu"].parts["subject 2 (new)"] == (2440, 8252)
    assert PROTOCOLS["icvl"].test_frames == 702 + 894
    assert PROTOCOLS["msra"].test_frames == 76375 and len(PROTOCOLS["msra"].parts) == 9


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_uvd_passes(name):
    PROTOCOLS[name].check_uvd(hands(PROTOCOLS[name])[1], "file.txt")


@pytest.mark.parametrize("name", list(PROTOCOLS))
@pytest.mark.parametrize(
    ("flip", "said"),
    [((1, 1, 1), "looks like x y z"), ((1, -1, 1), "looks like x y z"), ((1, -1, -1), "depths are negative")],
)
def test_xyz_is_noticed(name, flip, said):
    with pytest.raises(InputError, match=f"file.txt: .*{said}"):
        PROTOCOLS[name].check_uvd(hands(PROTOCOLS[name])[0] * flip, "file.txt")


def test_metres_are_noticed():
    uvd = hands(PROTOCOLS["nyu"])[1] * (1, 1, 0.001)
    with pytest.raises(InputError, match="multiply metres by 1000"):
        PROTOCOLS["nyu"].check_uvd(uvd, "file.txt")


def test_a_dataset_without_a_protocol(tmp_path):
    with pytest.raises(ValueError, match="one of nyu, icvl, msra; received 'hands2017'"):
        evaluate_files("hands2017", tmp_path / "p.txt", tmp_path / "labels.txt")
