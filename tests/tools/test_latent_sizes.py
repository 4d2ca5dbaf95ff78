import json
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cn_zoo.evaluation.protocol import PROTOCOLS
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.pose_set import draw_poses
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import STAGES, Recipe

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def latent_sizes(monkeypatch):
    """The tool, with few poses and a stage of few steps."""
    monkeypatch.syspath_prepend(TOOLS)
    tool = import_module("latent_sizes")
    stage = replace(STAGES["pose_vae"], samples=400, checkpoint_every=1)
    monkeypatch.setitem(STAGES, "pose_vae", stage)
    monkeypatch.setattr(tool, "Recipe", partial(Recipe, poses=200))
    monkeypatch.setattr(tool, "draw_poses", lambda preset, seed, _: draw_poses(preset, seed, 50))
    # What the tool puts in is taken out with this.
    monkeypatch.setitem(ARCHITECTURES, "default-5", ARCHITECTURES["default"])
    return tool


@pytest.fixture
def labels(tmp_path):
    frames = [draw_frame(PRESETS["icvl"].own(), 0, index, "test") for index in range(4)]
    uvd = np.stack([PROTOCOLS["icvl"].camera.xyz_to_uvd(frame.joints["icvl"]) for frame in frames])
    path = tmp_path / "labels.txt"
    np.savetxt(path, uvd.reshape(4, -1))
    return path


def test_a_size_is_trained_and_measured(latent_sizes, labels, tmp_path):
    arguments = ["icvl", str(labels), str(tmp_path / "runs"), "--latent", "5"]
    rows = [_row(CliRunner().invoke(latent_sizes.main, arguments, catch_exceptions=False)) for _ in range(2)]
    assert rows[0]["latent"] == 5
    assert 0 < rows[0]["real_mm"] < 200 and 0 < rows[0]["synthetic_mm"] < 200
    # What was trained once is not trained again.
    assert rows[0] == rows[1]
    assert (tmp_path / "runs" / "icvl-default-5" / "pose_vae.csv").read_text().count("\n") == 3


def _row(told):
    return json.loads(told.stdout.splitlines()[-1])
