import json
import sys
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from made_up_preset import made_up_preset

import cn_zoo.cli.benchmark  # noqa: F401
from cn_zoo.benchmarking.machine_peak import MachinePeak
from cn_zoo.benchmarking.memory import Memory
from cn_zoo.cli._exit_codes import exit_code
from cn_zoo.cli.main import _cn_zoo
from cn_zoo.errors import CnZooError, MissingDependencyError
from cn_zoo.zoo import FileRecord
from cn_zoo.zoo.save_preset import save_preset

# The module; the package's attribute of that name may be the command.
MODULE = sys.modules["cn_zoo.cli.benchmark"]


class _Puppet:
    """A network that always answers with a flat hand at the cube's centre."""

    def run(self, crop):
        vectors = {"latent": np.zeros(23), "hand": np.full(2, 0.5)}
        return {"pose": np.zeros((16, 3), "float32"), "sigma": np.full(16, 0.1, "float32"), **vectors}


@pytest.fixture
def model(tmp_path):
    """A model's folder with a file for each runtime, one that is no estimator, and a picture that is not there."""
    networks = {"onnx": "hand.onnx", "onnx-int8": "hand_int8.onnx", "tflite": "hand.tflite", "nets": "nets.keras"}
    names = {**networks, "cases": "cases.png"}
    for name in names.values():
        (tmp_path / name).write_bytes(b"weights of " + name.encode())
    files = {kind: FileRecord.of(tmp_path / name) for kind, name in names.items()}
    save_preset(made_up_preset("icvl", camera=(241.0, 241.0, 160.0, 120.0), files=files), tmp_path)
    (tmp_path / "cases.png").unlink()
    return tmp_path


@pytest.fixture
def opened(monkeypatch):
    """Which files were opened, with how many threads."""
    seen = []

    def open_puppet(path, threads):
        seen.append((path.name, threads))
        return _Puppet()

    monkeypatch.setattr(MODULE, "open_runtime", open_puppet)
    monkeypatch.setattr(MODULE, "measure_latency", partial(MODULE.measure_latency, seconds=0.01))
    monkeypatch.setattr(MODULE, "measure_memory", lambda path, threads: Memory(80.0 + threads, 30.0))
    monkeypatch.setattr(MODULE, "measure_peak", lambda threads: MachinePeak(100.0 * threads, 90.0))
    monkeypatch.setattr(MODULE, "count_macs", lambda path: 1000 * len(path.name))
    return seen


def run(*arguments):
    result = CliRunner().invoke(_cn_zoo, ["benchmark", *map(str, arguments)])
    if isinstance(result.exception, CnZooError):
        return exit_code(result.exception), result.stdout, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_every_file_is_timed_as_json(model, opened):
    code, out, _ = run("--model", model, "--threads", 2, "--json")
    assert code == 0
    assert opened == [("hand.onnx", 2), ("hand_int8.onnx", 2), ("hand.tflite", 2)]
    record = json.loads(out)
    assert (record["model"], record["threads"], record["frame"]) == (str(model), 2, [320, 240])
    assert record["peak_gflops"] == {"convolution": 200.0, "product": 90.0}
    assert [(each["file"], each["runtime"]) for each in record["results"]] == [
        ("hand.onnx", "onnx"), ("hand_int8.onnx", "onnx"), ("hand.tflite", "tflite"),
    ]  # fmt: skip
    for each in record["results"]:
        assert each["bytes"] == len(b"weights of " + each["file"].encode())
        assert each["memory_mib"] == {"process": 82.0, "network": 30.0}
        # Counted in the one ONNX file, for every runtime.
        assert each["macs"] == 1000 * len("hand.onnx")
        assert each["gflops"] == pytest.approx(2 * each["macs"] / each["latency_ms"]["network"]["median"] / 1e6)
        assert each["latency_ms"].keys() == {"network", "centered_frame", "frame"}
        for latency in each["latency_ms"].values():
            assert 0 < latency["p10"] <= latency["median"] <= latency["p90"]
            assert latency["rounds"] >= 10


def test_one_runtime_as_text(model, opened):
    code, out, _ = run("--model", model, "--runtime", "tflite")
    assert code == 0
    assert opened == [("hand.tflite", 1)]
    lines = out.splitlines()
    assert lines[0] == f"{model}, 1 thread, frames of 320 x 240; ms"
    assert lines[1] == "hand.tflite"
    names = ["network", "centered frame", "frame", "multiply-adds", "memory"]
    assert [line.split("  ")[1] for line in lines[2:]] == names
    assert "81 MiB" in lines[-1]


def test_without_the_tools_to_count(model, opened, monkeypatch):
    def fail(*_):
        raise MissingDependencyError("counting operations needs onnx: pip install 'cn_zoo[export]'")

    monkeypatch.setattr(MODULE, "count_macs", fail)
    monkeypatch.setattr(MODULE, "measure_peak", fail)
    code, out, err = run("--model", model, "--runtime", "onnx", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["peak_gflops"] is record["results"][0]["macs"] is record["results"][0]["gflops"] is None
    assert "pip install" in err
    assert "multiply-adds" not in run("--model", model, "--runtime", "onnx")[1]


def test_a_file_is_timed_alone(model, opened):
    assert run("--model", model / "hand_int8.onnx")[0] == 0
    assert opened == [("hand_int8.onnx", 1)]


def test_no_file_for_the_runtime(model, opened):
    code, out, err = run("--model", model, "--runtime", "keras")
    assert (code, out, opened) == (4, "", [])
    assert "no file for keras" in err


def test_a_runtime_that_is_not_installed_is_left_out_unless_asked_for(model, opened, monkeypatch):
    found = MODULE.open_runtime

    def open_some(path, threads):
        if path.suffix == ".tflite":
            raise MissingDependencyError("TFLite files need LiteRT: pip install 'cn_zoo[export]'")
        return found(path, threads)

    monkeypatch.setattr(MODULE, "open_runtime", open_some)
    code, out, err = run("--model", model, "--json")
    assert code == 0
    assert len(json.loads(out)["results"]) == 2
    assert "hand.tflite is left out" in err
    assert run("--model", model, "--runtime", "tflite")[0] == 6


def test_usage_errors(model):
    assert run("--model", model, "--threads", 0)[0] == 2
    assert run("--model", model, "--runtime", "openvino")[0] == 2
    assert run()[0] == 2
