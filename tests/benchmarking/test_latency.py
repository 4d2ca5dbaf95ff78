from dataclasses import replace

import numpy as np
import pytest
from made_up_preset import made_up_preset

from cn_zoo.benchmarking.latency import Latency, measure_latency
from cn_zoo.errors import NoHandError
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS

PRESET = made_up_preset()


class _Puppet:
    """A network that counts how often it is asked, and which crops it saw."""

    def __init__(self):
        self.crops = []

    def run(self, crop):
        self.crops.append(crop)
        vectors = {"latent": np.zeros(23), "hand": np.full(2, 0.5)}
        return {"pose": np.zeros((14, 3), "float32"), "sigma": np.full(14, 0.1, "float32"), **vectors}


def frame(index=0):
    return draw_frame(PRESETS["nyu"].own(), 0, index)


def without_hand():
    wall = (900 + np.arange(640) // 8 + np.zeros((480, 1))).astype(np.float32)
    return replace(frame(), depth_mm=wall, center_uvd=(320.0, 240.0, 400.0))


def test_percentiles():
    latency = Latency.of(np.arange(0.0, 0.101, 0.001))
    assert latency.median == pytest.approx(50.0)
    assert latency.p10 == pytest.approx(10.0)
    assert latency.p90 == pytest.approx(90.0)
    assert latency.rounds == 101


def test_network_and_frames_are_timed_equally_often():
    network = _Puppet()
    found = measure_latency(network, PRESET, [frame()], seconds=0.0)
    assert list(found) == ["network", "centered frame", "frame"]
    assert {latency.rounds for latency in found.values()} == {10}
    # A hand is looked at three times. A round asks the network once, and in the frame with a centre and in the one
    # without, which is well centred; before all rounds it is seen that both show the hand.
    rounds = 15
    assert len(network.crops) == 6 + 7 * rounds


def test_frames_without_a_hand_are_left_out():
    network = _Puppet()
    measure_latency(network, PRESET, [without_hand(), frame(), without_hand()], seconds=0.0)
    shown = [crop for crop in network.crops if (crop < 1).any()]
    assert len(shown) == len(network.crops)
    with pytest.raises(NoHandError, match="any of the frames"):
        measure_latency(network, PRESET, [without_hand()], seconds=0.0)
