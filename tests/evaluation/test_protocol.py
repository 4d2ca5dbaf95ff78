import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.evaluation import PROTOCOLS, evaluate_files


def hands(protocol, frames=50):
    rng = np.random.default_rng(0)
    size = len(protocol.skeleton)
    xyz = rng.uniform(-70, 70, (frames, size, 3)) + (0, 0, 700 if protocol.benchmark.name == "nyu" else 350)
    return xyz, protocol.camera.xyz_to_uvd(xyz)


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


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_hands_may_leave_the_image_in_part(name):
    protocol = PROTOCOLS[name]
    uvd = hands(protocol, frames=100)[1].clip(0, protocol.benchmark.height - 1)
    uvd[:20, :, 0] = protocol.benchmark.width + 10
    protocol.check_uvd(uvd, "file.txt")
    uvd[:30, :, 0] = protocol.benchmark.width + 10
    with pytest.raises(InputError, match="30% of the joints lie outside"):
        protocol.check_uvd(uvd, "file.txt")


def test_metres_are_noticed():
    uvd = hands(PROTOCOLS["nyu"])[1] * (1, 1, 0.001)
    with pytest.raises(InputError, match="multiply metres by 1000"):
        PROTOCOLS["nyu"].check_uvd(uvd, "file.txt")


def test_a_dataset_without_a_protocol(tmp_path):
    with pytest.raises(ValueError, match="one of nyu, icvl, msra; received 'hands2017'"):
        evaluate_files("hands2017", tmp_path / "p.txt", tmp_path / "labels.txt")
