import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from untrained_model import save_untrained_model

from cn_zoo.cli.main import _cn_zoo
from cn_zoo.errors import MissingDependencyError
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS

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


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--format", "onnx", "--output", "hand.tflite"), "ends in .onnx"),
        (("--format", "tflite", "--output", "hand"), "ends in .tflite"),
        (("--format", "pt", "--output", "hand.pt"), "onnx"),
        (("--format", "onnx", "--precision", "int4", "--output", "hand.onnx"), "int8"),
    ],
)
def test_usage_errors(options, word):
    result = CliRunner().invoke(_cn_zoo, ["export", "--model", "nyu", *options])
    assert result.exit_code == 2
    assert word in result.stderr
    assert result.stdout == ""


def test_without_keras(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    result = CliRunner().invoke(_cn_zoo, ["export", "--model", "nyu", "--format", "onnx", "--output", "hand.onnx"])
    assert isinstance(result.exception, MissingDependencyError)
    assert "pip install" in str(result.exception)
