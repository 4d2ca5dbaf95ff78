import keras
import numpy as np
import pytest
from network_checks import NetworkChecks

from cn_zoo.models.finder_and_judge import build_hand_finder, build_hand_judge

RNG = np.random.default_rng(0)


class TestFinder(NetworkChecks):
    batch = RNG.uniform(0, 20, (2, 48, 64, 2)).astype("float32")

    def build(self):
        return build_hand_finder()


class TestJudge(NetworkChecks):
    batch = RNG.uniform(-1, 1, (2, 128, 128, 1)).astype("float32")

    def build(self):
        return build_hand_judge()


@pytest.mark.parametrize("size", [(80, 112), (16, 16), (96, 128)])
def test_finder_gives_a_map_for_any_size(size):
    cells = build_hand_finder()(np.zeros((2, *size, 2), "float32"))["cells"]
    assert cells.shape == (2, size[0] // 8, size[1] // 8, 4)


def test_finder_starts_with_few_hands():
    planes = np.random.default_rng(0).uniform(0, 2, (1, 48, 48, 2)).astype("float32")
    score = keras.ops.sigmoid(build_hand_finder()(planes)["cells"][..., 0])
    assert float(keras.ops.mean(score)) < 0.2


def test_finders_stem_sees_differences_of_depth_and_not_depth_itself():
    stem = build_hand_finder().get_layer("finder_stem")
    near, far = (keras.ops.convert_to_numpy(stem(_planes(z)))[0, 5:-5, 5:-5] for z in (10.0, 30.0))
    np.testing.assert_allclose(near, far, atol=1e-3)


def _planes(z):
    planes = np.zeros((1, 48, 48, 2), "float32")
    planes[..., 0] = z
    return planes


def test_judge_gives_two_log_odds_and_three_centers():
    outputs = build_hand_judge()(np.ones((3, 128, 128, 1), "float32"))
    assert outputs["hand"].shape == (3, 2)
    assert outputs["centers"].shape == (3, 3, 3)
    # Before it has learned anything, the centre is where it was asked.
    assert not keras.ops.convert_to_numpy(outputs["centers"]).any()


def test_they_are_small():
    assert build_hand_finder().count_params() + build_hand_judge().count_params() < 330_000
