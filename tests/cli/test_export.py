import subprocess
import sys
from dataclasses import replace
from unittest.mock import create_autospec

import numpy as np
import pytest
from click.testing import CliRunner
from untrained_model import save_untrained_model

import cn_zoo.exporting
from cn_zoo.cli.main import _cn_zoo
from cn_zoo.errors import MissingDependencyError
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import FileRecord, get_preset
from cn_zoo.zoo.save_preset import save_preset

#: Runs the command on few crops, in a process of its own: what TensorFlow prints must not reach stdout.
_SHORT = """
import sys
import cn_zoo.exporting
module = sys.modules["cn_zoo.exporting.export"]
module._CALIBRATION_CROPS = module._TEST_CROPS = 5
sys.argv = ["cn-zoo", *sys.argv[1:]]
from cn_zoo.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_untrained_model(folder)
    return folder


def test_a_written_file_is_told_on_stdout_and_its_accuracy_on_stderr(model, tmp_path):
    path = tmp_path / "hand.onnx"
    options = ("--model", model, "--format", "onnx", "--precision", "int8", "--output", path)
    result = subprocess.run([sys.executable, "-c", _SHORT, "export", *options], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{path}\n"
    assert "mean joint error by" in result.stderr
    frame = draw_frame(PRESETS["icvl"].own(), seed=0, index=0)
    pose = HandPoseEstimator.from_pretrained(path).predict(frame.depth_mm, frame.camera, frame.center_uvd)
    assert np.isfinite(pose.xyz).all()


@pytest.fixture
def export(monkeypatch):
    """In the place of `cn_zoo.exporting.export`: keeps what it is called with, and writes 2.5 MB."""

    def write(model, format, precision, path, part):
        path.write_bytes(bytes(2_500_000))
        return "hardly moved"

    recorder = create_autospec(cn_zoo.exporting.export, side_effect=write)
    monkeypatch.setattr(cn_zoo.exporting, "export", recorder)
    return recorder


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--format", "onnx"), ("onnx", "fp32", "estimator")),
        (("--format", "onnx", "--part", "generator"), ("onnx", "fp32", "generator")),
        (("--format", "tflite", "--precision", "fp16", "--part", "finder"), ("tflite", "fp16", "finder")),
        (("--part", "judge", "--precision", "int8", "--format", "onnx"), ("onnx", "int8", "judge")),
    ],
)
def test_every_option_arrives(export, tmp_path, options, expected):
    form, precision, part = expected
    path = tmp_path / f"hand.{form}"
    result = CliRunner().invoke(_cn_zoo, ["export", "--model", "nyu", *options, "--output", str(path)])
    export.assert_called_once_with("nyu", form, precision, path, part)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{path}\n", "2.50 MB; from Keras, hardly moved\n")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--format", "onnx", "--output", "hand.tflite"), "ends in .onnx"),
        (("--format", "tflite", "--output", "hand"), "ends in .tflite"),
        (("--format", "pt", "--output", "hand.pt"), "onnx"),
        (("--format", "onnx", "--precision", "int4", "--output", "hand.onnx"), "int8"),
        (("--format", "onnx", "--part", "trunk", "--output", "hand.onnx"), "judge"),
    ],
)
def test_usage_errors(options, word):
    result = CliRunner().invoke(_cn_zoo, ["export", "--model", "nyu", *options])
    assert result.exit_code == 2
    assert word in result.stderr
    assert result.stdout == ""


def test_a_file_of_a_models_own_is_not_written_over(model, tmp_path):
    """Its record would no longer fit."""
    own = tmp_path / "own.onnx"
    own.write_bytes(b"a network")
    preset = get_preset(model)
    save_preset(replace(preset, files={"onnx": FileRecord.of(own)}), tmp_path)
    arguments = ("export", "--model", str(model), "--format", "onnx", "--output", str(own))
    result = CliRunner().invoke(_cn_zoo, arguments)
    assert result.exit_code == 2
    assert "is a file of the model in" in result.stderr
    assert own.read_bytes() == b"a network"


def test_without_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    result = CliRunner().invoke(_cn_zoo, ["export", "--model", "nyu", "--format", "onnx", "--output", "hand.onnx"])
    assert isinstance(result.exception, MissingDependencyError)
    assert "pip install" in str(result.exception)
