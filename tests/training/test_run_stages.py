from dataclasses import replace

import pytest
from later_keras import needs_later_keras

from cn_zoo.joint import CrossingNets
from cn_zoo.models import ARCHITECTURES
from cn_zoo.training.run_stages import _NOT_BY_MUON, compile_for
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
