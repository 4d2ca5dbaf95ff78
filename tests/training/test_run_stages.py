from dataclasses import replace

import numpy as np
import pytest
from later_keras import needs_later_keras

from cn_zoo.joint import CrossingNets
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import load_recipe, run_stages
from cn_zoo.training.run_data import RunData
from cn_zoo.training.run_stages import _NOT_BY_MUON, _open_sources, _optimizer, compile_for
from cn_zoo.training.stage import STAGES


def _learning(nets):
    return {weight.path for weight in nets.trainable_weights}


@pytest.mark.parametrize("name", [pytest.param("posterior", marks=needs_later_keras), "joint"])
def test_norms_are_kept_by_the_stage_that_says_so_alone(name):
    nets, stage = CrossingNets("paper", "icvl"), STAGES[name]
    compile_for(nets, stage)
    before = _learning(nets)
    # The norms of frozen networks, too, would follow what they see.
    frozen = [network for network in nets.networks.values() if network.name not in stage.trains]
    assert frozen and not any(layer.trainable for network in frozen for layer in network.layers)
    compile_for(nets, replace(stage, keeps_norms=True))
    assert _learning(nets) == {path for path in before if "norm" not in path} < before
    compile_for(nets, stage)
    assert _learning(nets) == before


def test_every_layer_that_muon_leaves_to_adamw_is_there():
    """A layer of another name would silently be Muon's."""
    every = [network for name in ARCHITECTURES for network in CrossingNets(name, "icvl").networks.values()]
    kernels = [weight.path for network in every for weight in network.weights if len(weight.shape) > 1]
    assert [name for name in _NOT_BY_MUON if not any(name in path for path in kernels)] == []


def test_adamw_is_the_stages():
    stage = replace(STAGES["posterior"], optimizer="adamw", beta_1=0.4, weight_decay=0.03, clip_norm=2.5)
    optimizer = _optimizer(stage)
    assert (optimizer.beta_1, optimizer.weight_decay, optimizer.clipnorm) == (0.4, 0.03, 2.5)
    assert _optimizer(replace(stage, clip_norm=0.0)).clipnorm is None


@needs_later_keras
def test_what_muon_leaves_to_adamw_decays_as_the_stage_says():
    assert _optimizer(replace(STAGES["posterior"], optimizer="muon", weight_decay=0.03)).adam_weight_decay == 0.03


class Synthetic:
    """What a source of synthetic crops was asked for."""

    def __init__(self, preset, batch_size, seed):
        self.preset, self.batch_size = preset, batch_size


def _synthetic(monkeypatch, labelled, **stage):
    """Of a stage of 5 labelled and 3 synthetic crops a step, the synthetic source."""
    monkeypatch.setattr(run_stages, "SyntheticSource", Synthetic)
    stage = replace(STAGES["posterior"], batch_size=5, synthetic_batch_size=3, **stage)
    data = RunData(labelled, np.arange(5), np.arange(0), [])
    sources = _open_sources(load_recipe("icvl"), stage, data)
    (synthetic,) = (source for source in sources if isinstance(source, Synthetic))
    assert len(sources) == (1 if labelled is None else 2)
    return synthetic


def test_without_labelled_frames_all_crops_are_synthetic(icvl_set, monkeypatch):
    assert _synthetic(monkeypatch, None).batch_size == 8
    assert _synthetic(monkeypatch, icvl_set).batch_size == 3


def test_the_stream_of_hands_shows_nothing_else(monkeypatch):
    assert _synthetic(monkeypatch, None, stream="hands").preset == PRESETS["icvl"].bare()
    assert _synthetic(monkeypatch, None, stream="crops").preset == PRESETS["icvl"]


@pytest.mark.parametrize(
    ("reached", "expected"),
    [
        ([], ["pose_vae", "posterior", "generator"]),
        (["pose_vae"], ["pose_vae", "posterior", "generator"]),
        (["pose_vae", "posterior"], ["posterior", "generator"]),
        (["pose_vae", "posterior", "generator"], ["generator"]),
    ],
)
def test_a_run_goes_on_from_the_last_stage_that_it_reached(reached, expected, monkeypatch, tmp_path):
    """The earlier ones' checkpoints would put back what later ones have learned since."""
    ran = []
    monkeypatch.setattr(run_stages, "_run_stage", lambda recipe, name, *rest: ran.append(name))
    monkeypatch.setattr(run_stages, "_check_learns", lambda *_: None)
    for name in reached:
        (tmp_path / f"{name}.weights.h5").touch()
    recipe = load_recipe("icvl", ("start=", 'stages=["pose_vae", "posterior", "generator"]'))
    run_stages.run_stages(recipe, None, RunData(None, np.arange(0), np.arange(0), []), tmp_path)
    assert ran == expected
