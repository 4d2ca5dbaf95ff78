from cn_zoo.benchmarking import machine_peak


def test_chains_do_what_they_are_counted_as(tmp_path, monkeypatch):
    """Operations by which the times are divided are those of the networks that are timed."""
    import onnx

    from cn_zoo.benchmarking.cost import count_macs

    path = tmp_path / "a.onnx"
    for side, channels in machine_peak._MAPS:
        onnx.save(machine_peak._convolutions(side, channels), path)
        assert count_macs(path) == 4 * 9 * (side * channels) ** 2
    onnx.save(machine_peak._products(), path)
    assert count_macs(path) == 4 * 512**3


def test_figures_are_a_processors(monkeypatch):
    monkeypatch.setattr(machine_peak, "_ROUNDS", 2)
    monkeypatch.setattr(machine_peak, "_MAPS", ((8, 16), (8, 32)))
    monkeypatch.setattr(machine_peak, "_MATRIX", 64)
    peak = machine_peak.measure_peak()
    assert 0.001 < peak.convolution < 10_000
    assert 0.001 < peak.product < 10_000
