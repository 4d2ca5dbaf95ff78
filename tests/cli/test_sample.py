import sys

import keras
import numpy as np
import pytest
from PIL import Image

import cn_zoo
from cn_zoo.cli.main import main
from cn_zoo.training.latent_walk import sample_latents, walk_latents


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    keras.utils.set_random_seed(2)
    path = tmp_path_factory.mktemp("model") / "nets.keras"
    cn_zoo.CrossingNets("paper", "icvl").save(path)
    return path


@pytest.fixture
def sample(monkeypatch, capsys, nets):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cn-zoo", "sample", "--model", str(nets), *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        return code, capsys.readouterr().out.strip()

    return run


def test_hands_by_chance(sample, tmp_path):
    assert sample("--count", 5, "--seed", 1, "--output", tmp_path / "hands.png") == (0, str(tmp_path / "hands.png"))
    assert Image.open(tmp_path / "hands.png").size == (8 * 260 + 4, 2 * 260 + 4)


def test_a_walk_has_its_steps(sample, tmp_path):
    assert sample("--walk", 3, "--output", tmp_path / "walk.png")[0] == 0
    assert Image.open(tmp_path / "walk.png").size == (6 * 260 + 4, 260 + 4)
    assert sample("--walk", 3, "--count", 2, "--output", tmp_path / "both.png")[0] == 2
    assert sample("--walk", 3, "--output", tmp_path / "walk.jpg")[0] == 2


def test_latents_are_told_by_the_seed(nets):
    nets = cn_zoo.CrossingNets.from_pretrained(nets)
    first, again, other = (sample_latents(nets, 3, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    walk = walk_latents(nets, 5, seed=0)
    steps = np.diff(walk, axis=0)
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:1], steps.shape), atol=1e-5)
    assert np.abs(steps).max() > 0.05
