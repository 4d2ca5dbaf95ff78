import sys

import numpy as np
import pytest
from PIL import Image

from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.evaluation import evaluate_joints, plot_evaluation
from cn_zoo.geometry import CAMERAS, SKELETONS


@pytest.fixture
def evaluation():
    rng = np.random.default_rng(0)
    true = CAMERAS["nyu"].xyz_to_uvd(rng.uniform(-60, 60, (30, 14, 3)) + (0, 0, 700))
    return evaluate_joints(
        true + rng.normal(0, 4, true.shape), true, CAMERAS["nyu"], SKELETONS["nyu"], sigma=np.full((30, 14), 6.0)
    )


def test_draws_bars_in_the_fingers_colours(evaluation, tmp_path):
    plot_evaluation(evaluation, "made up", tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[1] > 2 * pixels.shape[0]
    for colour in set(SKELETONS["nyu"].colours):
        assert (pixels == colour).all(axis=-1).sum() > 500


def test_unknown_image_format(evaluation, tmp_path):
    with pytest.raises(InputError, match=r"use \.png"):
        plot_evaluation(evaluation, "made up", tmp_path / "plot.xyz")


def test_without_matplotlib(evaluation, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'cn_zoo\[plot\]'"):
        plot_evaluation(evaluation, "made up", tmp_path / "plot.png")
