import gzip
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cn_zoo.cli.main import main
from cn_zoo.datasets import open_dataset
from cn_zoo.errors import NoHandError
from cn_zoo.evaluation import read_joints, write_joints
from cn_zoo.geometry import CAMERAS
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.synthesis.dataset_writer import write_dataset


def run(monkeypatch, capsys, *arguments):
    """Exit code, stdout and stderr of ``cn-zoo evaluate``."""
    monkeypatch.setattr(sys, "argv", ["cn-zoo", "evaluate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    return end.value.code or 0, printed.out, printed.err


@pytest.fixture
def evaluate(monkeypatch, capsys):
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


@pytest.fixture
def files(tmp_path):
    """Labels, and predictions 10 mm too far away, of 60 NYU frames."""
    rng, camera = np.random.default_rng(0), CAMERAS["nyu"]
    xyz = rng.uniform(-60, 60, (60, 14, 3)) + (0, 0, 700)
    write_joints(tmp_path / "labels.txt", camera.xyz_to_uvd(xyz))
    write_joints(tmp_path / "predictions.txt", camera.xyz_to_uvd(xyz + (0, 0, 10)))
    return SimpleNamespace(folder=tmp_path, labels=tmp_path / "labels.txt", predictions=tmp_path / "predictions.txt")


def test_json(evaluate, files):
    code, out, err = evaluate(
        "--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels, "--json"
    )
    record = json.loads(out)
    assert code == 0
    assert record["mean_error_mm"] == pytest.approx(10, abs=0.01) and record["frames"] == 60
    assert record["within"]["worst_joint"][9] == 0 and record["within"]["worst_joint"][11] == 1
    assert {"method": "Crossing Nets", "year": 2017}.items() <= record["published"][4].items()
    assert "60 frames are not nyu's 8252" in err


def test_table_and_plot(evaluate, files):
    code, out, _ = evaluate(
        "--dataset",
        "nyu",
        "--predictions",
        files.predictions,
        "--labels",
        files.labels,
        "--plot",
        files.folder / "p.png",
    )
    assert code == 0
    assert "10.000 mm" in out and "index_tip" in out and "V2V-PoseNet" in out and "[1]" in out
    with Image.open(files.folder / "p.png") as image:
        assert image.size[0] > 1000


def test_whole_test_set_is_told_in_parts(evaluate, tmp_path):
    uvd = np.tile(np.array([[160.0, 120.0, 350.0]]), (1596, 16, 1))
    write_joints(tmp_path / "labels.txt", uvd)
    uvd[702:, :, 2] += 6
    write_joints(tmp_path / "predictions.txt", uvd)
    (tmp_path / "p.txt.gz").write_bytes(gzip.compress((tmp_path / "predictions.txt").read_bytes()))
    code, out, err = evaluate(
        "--dataset", "icvl", "--predictions", tmp_path / "p.txt.gz", "--labels", tmp_path / "labels.txt", "--json"
    )
    parts = json.loads(out)["parts"]
    assert code == 0 and err == ""
    assert [part["mean_error_mm"] for part in parts.values()] == [0, 6]
    assert [part["frames"] for part in parts.values()] == [702, 894]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines[:6], lines[6] + " 1", *lines[7:]], "line 7: 43 numbers, expected 42"),
        (lambda lines: lines[:-1], "59 frames, but"),
        (lambda lines: [line.replace("7", "x", 1) for line in lines], "line 1: .* is not a number"),
        (lambda lines: [], "holds no frames"),
    ],
)
def test_bad_predictions(evaluate, files, spoil, said):
    lines = files.predictions.read_text().splitlines()
    files.predictions.write_text("\n".join(spoil(lines)))
    code, out, err = evaluate("--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels)
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1 and re.search(said, err)


def spoil_lines(path, *indices):
    """Write lines as predict does where it finds no hand."""
    lines = path.read_text().splitlines()
    for index in indices:
        lines[index] = " ".join(["nan"] * len(lines[index].split()))
    path.write_text("\n".join(lines))


def test_missed_frames_of_a_prediction_file_are_told_and_not_scored(evaluate, files):
    spoil_lines(files.predictions, 0, 7)
    arguments = "--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels, "--json"
    code, out, err = evaluate(*arguments)
    assert code == 0 and (json.loads(out)["frames"], json.loads(out)["missed"]) == (58, 2)
    assert json.loads(out)["mean_error_mm"] == pytest.approx(10, abs=0.01)
    assert "no hand was found in 2 of 60 frames; they are not scored" in err
    spoil_lines(files.predictions, *range(60))
    assert evaluate(*arguments)[:2] == (5, "")
    spoil_lines(files.labels, 3)
    assert evaluate(*arguments[:3], files.labels, *arguments[4:])[0] == 3


def test_no_output_overwrites_what_is_measured(evaluate, data, files, tmp_path):
    files_options = "--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels
    assert evaluate(*files_options, "--plot", files.labels)[0] == 2
    assert evaluate("--model", "made-up", "--data", data, "--save-predictions", data / "joints.csv")[0] == 2
    image = next(data.rglob("*.png"))
    for option in ("--save-predictions", "--plot"):
        assert evaluate("--model", "made-up", "--data", data, option, image)[0] == 2
    both = "--save-predictions", tmp_path / "a.png", "--plot", tmp_path / "a.png"
    assert evaluate("--model", "made-up", "--data", data, *both)[0] == 2


def test_predictions_may_be_saved_under_the_word_for_the_labels_own_centres(evaluate, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evaluate("--model", "made-up", "--data", data, "--save-predictions", "labels")[0] == 0
    assert len(read_joints("labels", 16)) == 3
    assert evaluate("--model", "made-up", "--data", data, "--centers", "p.txt", "--save-predictions", "p.txt")[0] == 2


@pytest.mark.parametrize("option", [("--save-predictions", "p.txt"), ("--split", "test"), ("--centers", "auto")])
def test_what_goes_with_a_model_only_is_refused_without_one(evaluate, files, option):
    files_options = "--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels
    code, out, err = evaluate(*files_options, *option)
    assert (code, out) == (2, "")
    assert "go with --model" in err


def test_missed_frames_of_a_whole_test_set_keep_its_parts(evaluate, tmp_path):
    uvd = np.tile(np.array([[160.0, 120.0, 350.0]]), (1596, 16, 1))
    write_joints(tmp_path / "labels.txt", uvd)
    uvd[702:, :, 2] += 6
    uvd[[0, 700, 1000]] = np.nan
    write_joints(tmp_path / "p.txt", uvd)
    code, out, _ = evaluate(
        "--dataset", "icvl", "--predictions", tmp_path / "p.txt", "--labels", tmp_path / "labels.txt", "--json"
    )
    parts = json.loads(out)["parts"].values()
    assert code == 0 and [(part["frames"], part["mean_error_mm"]) for part in parts] == [(700, 0), (893, 6)]


def test_xyz_where_uvd_is_meant(evaluate, files):
    xyz = np.random.default_rng(1).uniform(-60, 60, (60, 14, 3)) + (0, 0, 700)
    write_joints(files.predictions, xyz)
    code, _, err = evaluate("--dataset", "nyu", "--predictions", files.predictions, "--labels", files.labels)
    assert code == 3 and "predictions.txt" in err and "looks like x y z" in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--dataset", "nyu"],
        ["--model", "nyu"],
        ["--model", "nyu", "--data", ".", "--labels", "x"],
        ["--dataset", "x"],
    ],
)
def test_usage_errors(evaluate, arguments):
    assert evaluate(*arguments)[0] == 2


def test_text_files_need_none_of_the_extras(files):
    """A light install, without Keras, h5py, matplotlib or numba, measures predictions."""
    hidden = ("keras", "tensorflow", "jax", "torch", "h5py", "matplotlib", "numba", "onnxruntime")
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); from cn_zoo.cli.main import main; "
        f"sys.argv = ['cn-zoo', 'evaluate', '--dataset', 'nyu', '--predictions', {str(files.predictions)!r}, "
        f"'--labels', {str(files.labels)!r}]; main()"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert "10.000 mm" in finished.stdout


class ScriptedEstimator:
    """Knows the labels of a dataset by their centres; answers 5 mm too far, with a sigma of 4 mm."""

    def __init__(self, dataset):
        self.skeleton, self.dataset = dataset.skeleton, dataset

    def predict(self, depth_mm, camera, center, hand):
        if center is None:
            raise NoHandError("nothing there")
        index = np.linalg.norm(self.dataset.centers_uvd - center, axis=1).argmin()
        xyz = self.dataset.joints_xyz[index] + (0, 0, 5)
        return SimpleNamespace(uvd=camera.xyz_to_uvd(xyz), sigma=np.full(len(xyz), 4.0))


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Three synthetic ICVL frames and a model of known error."""
    list(write_dataset("icvl", 3, tmp_path / "icvl", seed=2))
    estimator = ScriptedEstimator(open_dataset(tmp_path / "icvl"))
    monkeypatch.setattr(HandPoseEstimator, "from_pretrained", lambda model: estimator)
    return tmp_path / "icvl"


def test_a_model_on_a_folder(evaluate, data, tmp_path):
    code, out, _ = evaluate("--model", "made-up", "--data", data, "--json", "--save-predictions", tmp_path / "p.txt")
    record = json.loads(out)
    assert code == 0 and record["dataset"] == "icvl" and record["frames"] == 3
    assert record["mean_error_mm"] == pytest.approx(5)
    assert record["calibration"]["inside_1_sigma"] == 0 and record["calibration"]["inside_2_sigma"] == 1
    predicted = CAMERAS["icvl"].uvd_to_xyz(read_joints(tmp_path / "p.txt", 16))
    np.testing.assert_allclose(predicted, open_dataset(data).joints_xyz + (0, 0, 5), atol=0.01)
    table = evaluate("--model", "made-up", "--data", data)[1]
    assert "inside 1 sigma 0.0%" in table and "Crossing Nets" in table


def test_centres_from_a_file_with_an_invalid_line(evaluate, data, tmp_path):
    centers = open_dataset(data).centers_uvd
    rows = [" ".join(map(str, row)) for row in centers]
    (tmp_path / "center.txt").write_text("\n".join([rows[0], "invalid", rows[2]]))
    code, out, err = evaluate("--model", "made-up", "--data", data, "--centers", tmp_path / "center.txt", "--json")
    assert code == 0 and json.loads(out)["frames"] == 2
    assert "no hand was found in 1 of 3 frames" in err


def test_no_hand_anywhere(evaluate, data):
    code, out, err = evaluate("--model", "made-up", "--data", data, "--centers", "auto")
    assert (code, out) == (5, "") and "no hand was found in any frame" in err


@pytest.mark.parametrize(
    ("option", "target", "code"),
    [
        ("--plot", "p.zzz", 3),
        ("--plot", "p", 3),
        ("--plot", "file/p.png", 2),
        ("--save-predictions", "file/p.txt", 2),
        ("--save-predictions", "folder", 2),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work(evaluate, data, tmp_path, monkeypatch, option, target, code):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(HandPoseEstimator, "from_pretrained", lambda model: pytest.fail("the work has begun"))
    ended, out, err = evaluate("--model", "made-up", "--data", data, option, tmp_path / target)
    assert (ended, out) == (code, "") and str(tmp_path / target) in err and len(err.splitlines()) == 1


def test_without_matplotlib_nothing_is_begun(evaluate, data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    monkeypatch.setattr(HandPoseEstimator, "from_pretrained", lambda model: pytest.fail("the work has begun"))
    code, _, err = evaluate("--model", "made-up", "--data", data, "--plot", tmp_path / "p.png")
    assert code == 6 and "pip install" in err


def test_a_figure_that_fails_leaves_the_report(evaluate, files, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device", "p.png")

    monkeypatch.setattr("cn_zoo.cli.evaluate.plot_evaluation", fail)
    files = "--predictions", files.predictions, "--labels", files.labels, "--plot", files.folder / "p.png"
    code, out, _ = evaluate("--dataset", "nyu", *files)
    assert code == 2 and "10.000 mm" in out


def test_missing_data_folder(evaluate, data):
    assert evaluate("--model", "made-up", "--data", data / "absent")[0] == 3
