import pytest

from cn_zoo.benchmarking.memory import measure_memory
from cn_zoo.errors import WeightsError
from cn_zoo.zoo import list_models, resolve


def test_a_network_takes_more_than_its_weights():
    path = resolve(list_models()[0])
    memory = measure_memory(path)
    assert memory.network > path.stat().st_size / 2**20
    assert memory.network < memory.process < 1000


def test_errors_come_out_of_the_other_process(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        measure_memory(tmp_path / "a.onnx")
