import csv
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cn_zoo.cli import _prediction, _worker_processes
from cn_zoo.cli._exit_codes import exit_code
from cn_zoo.cli._picture_paths import _picture_names
from cn_zoo.cli.main import _cn_zoo
from cn_zoo.errors import CnZooError
from cn_zoo.geometry import CAMERAS, SKELETONS, Camera
from cn_zoo.inference import HandPoseEstimator, HandTracker
from cn_zoo.io.depth_image import read_depth
from cn_zoo.zoo.save_preset import save_preset

predict_command = import_module("cn_zoo.cli.predict")
EXAMPLES = Path(__file__).parents[2] / "examples"
HAND = EXAMPLES / "hand.png"


def run(*arguments, stdin=None):
    """Exit code, stdout and stderr, as `main` makes them."""
    runner = CliRunner()
    result = runner.invoke(_cn_zoo, [str(argument) for argument in arguments], input=stdin)
    if isinstance(result.exception, CnZooError):
        return exit_code(result.exception), result.stdout, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def predict(*arguments, model="nyu"):
    return run("predict", *arguments, "--model", model)


@pytest.mark.parametrize(("file", "model"), [("hand.png", "nyu"), ("hand_icvl.png", "icvl"), ("hand_msra.png", "msra")])
def test_record_of_one_source(file, model):
    code, out, err = predict(EXAMPLES / file, model=model)
    record = json.loads(out)
    assert (code, err) == (0, "")
    assert record["model"] == model
    assert record["hand"] == "right"
    assert [joint["name"] for joint in record["joints"]] == list(SKELETONS[model].joints)
    assert 0 <= record["confidence"] <= 1
    camera = Camera(**record["camera"])
    assert camera == CAMERAS[model]
    uvd = np.array([[joint[axis] for axis in "uvd"] for joint in record["joints"]])
    xyz = np.array([[joint[axis] for axis in "xyz"] for joint in record["joints"]])
    np.testing.assert_allclose(camera.uvd_to_xyz(uvd), xyz, atol=0.05)
    # Hands are hand-sized, and where the depth image has something.
    assert 40 < np.ptp(xyz, axis=0).max() < 230
    depth = read_depth(EXAMPLES / file)
    u, v, d = record["center_uvd"]
    assert abs(depth[round(v) - 3 : round(v) + 4, round(u) - 3 : round(u) + 4].max() - d) < 60


def test_several_sources_are_lines_and_one_bad_file_stops_nothing(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    code, out, err = predict(HAND, bad, HAND, tmp_path / "missing.png")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert ["error" in record for record in records] == [False, True, False, True]
    assert records[0]["joints"] == records[2]["joints"]
    assert str(bad) in records[1]["error"]
    assert str(bad) in err


def test_formats_tell_the_same(tmp_path):
    record = json.loads(predict(HAND)[1])
    rows = list(csv.DictReader(io.StringIO(predict(HAND, "--format", "csv")[1])))
    assert [row["joint"] for row in rows] == [joint["name"] for joint in record["joints"]]
    assert [float(row["x"]) for row in rows] == [joint["x"] for joint in record["joints"]]
    numbers = [float(value) for value in predict(HAND, "--format", "text")[1].split()]
    np.testing.assert_allclose(numbers, [joint[axis] for joint in record["joints"] for axis in "uvd"], atol=0.006)
    assert json.loads(predict(HAND, "--format", "jsonl")[1]) == record
    output = tmp_path / "out" / "record.json"
    assert predict(HAND, "--output", output)[1] == ""
    assert json.loads(output.read_text()) == record


def test_text_keeps_a_line_for_a_frame_that_is_the_only_one(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"")
    lines = predict(tmp_path / "bad.png", tmp_path / "bad.png", "--format", "text", "--quiet")[1].splitlines()
    assert lines == [" ".join(["nan"] * 42)] * 2


def test_text_keeps_a_line_for_every_frame(tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    lines = predict(bad, HAND, bad, "--format", "text", "--quiet")[1].splitlines()
    assert len(lines) == 3
    assert {len(line.split()) for line in lines} == {42}
    assert np.isnan(float(lines[0].split()[0]))
    assert np.isfinite(float(lines[1].split()[0]))


def test_pictures(tmp_path):
    overlay, crop = tmp_path / "overlay.png", tmp_path / "crop.png"
    assert predict(HAND, "--overlay", overlay, "--save-crop", crop)[0] == 0
    with Image.open(overlay) as image:
        assert len(image.convert("RGB").getcolors(1 << 24)) > 100
        assert image.width >= 640
    with Image.open(crop) as image:
        assert min(image.size) >= 128
    folder = tmp_path / "overlays"
    other = tmp_path / "other.png"
    other.write_bytes(HAND.read_bytes())
    predict(HAND, other, "--overlay", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["hand.png", "other.png"]
    assert predict(HAND, HAND, "--overlay", overlay)[0] == 2


def test_pictures_of_equal_names_do_not_overwrite_one_another(tmp_path):
    copy = tmp_path / "elsewhere" / HAND.name
    copy.parent.mkdir()
    copy.write_bytes(HAND.read_bytes())
    predict(HAND, copy, "--save-crop", tmp_path / "crops")
    assert sorted(path.name for path in (tmp_path / "crops").iterdir()) == ["hand.png", "hand_2.png"]


def test_scale_camera_center_and_hand(tmp_path):
    depth = read_depth(HAND)
    np.save(tmp_path / "metres.npy", depth / 1000)
    original = json.loads(predict(HAND)[1])
    scaled = json.loads(predict(tmp_path / "metres.npy", "--depth-scale", 1000)[1])
    np.testing.assert_allclose(scaled["center_uvd"], original["center_uvd"], atol=0.5)
    np.save(tmp_path / "flipped.npy", depth[:, ::-1])
    camera = CAMERAS["nyu"].mirrored(depth.shape[1])
    text = f"{camera.fx},{camera.fy},{camera.cx},{camera.cy}"
    center = "{:.3f},{:.3f},{:.3f}".format(depth.shape[1] - 1 - original["center_uvd"][0], *original["center_uvd"][1:])
    left = json.loads(predict(tmp_path / "flipped.npy", "--camera", text, "--hand", "left", "--center", center)[1])
    right = json.loads(predict(HAND, "--center", ",".join(map(str, original["center_uvd"])))[1])
    assert left["hand"] == "left"
    mirrored = [-joint["x"] for joint in left["joints"]]
    # Within rounding of the centre: a crop column may fall on the neighbouring pixel.
    np.testing.assert_allclose(mirrored, [joint["x"] for joint in right["joints"]], atol=3.0)


def _png_header(width, height):
    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _save(array):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "png")
    return stream.getvalue()


BAD_FILES = {
    "empty.png": (b"", 3, ""),
    "text.png": (b"this is no picture\n", 3, ""),
    "truncated.png": (HAND.read_bytes()[:5000], 3, ""),
    "eight_bit.png": (_save(np.full((480, 640), 90, np.uint8)), 3, "8 bits"),
    "colour.png": (_save(np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)), 3, "colour"),
    "zero.png": (_save(np.zeros((480, 640), np.uint16)), 3, "0"),
    "huge.png": (_png_header(20_000, 20_000), 3, ""),
    "wall.png": (_save((900 + np.arange(640) // 8 + np.zeros((480, 1))).astype(np.uint16)), 5, "hand"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_give_one_line_and_their_exit_code(tmp_path, name):
    content, expected, word = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    code, out, err = predict(path)
    assert code == expected
    assert out == ""
    assert err.count("\n") <= 1
    assert name in err
    assert word in err


def test_nan_and_metres(tmp_path):
    np.save(tmp_path / "nan.npy", np.full((480, 640), np.nan))
    np.save(tmp_path / "metres.npy", read_depth(HAND) / 1000)
    assert predict(tmp_path / "nan.npy")[0] == 3
    code, _, err = predict(tmp_path / "metres.npy")
    assert code == 3
    assert "--depth-scale 1000" in err


def test_usage_errors(tmp_path):
    assert predict(HAND, "--center", "1,2")[0] == 2
    assert predict(HAND, "--camera", "kinect")[0] == 2
    assert predict(HAND, "--depth-scale", "0")[0] == 2
    assert predict(HAND, "--track", "--rate", "0")[0] == 2
    assert predict(HAND, model="nyv")[0] == 2
    assert predict(HAND, "--center", "9000,10,500")[0] == 3
    assert predict(tmp_path)[0] == 3  # a folder without images


def test_missing_and_damaged_weights(tmp_path):
    from cn_zoo.zoo import get_preset, resolve

    preset = get_preset("nyu")
    model = tmp_path / "model"
    model.mkdir()
    save_preset(preset, model)
    assert predict(HAND, model=model)[0] == 4
    weights = bytearray(resolve("nyu", "onnx").read_bytes())
    weights[len(weights) // 2] ^= 1
    (model / preset.files["onnx"].path).write_bytes(weights)
    code, out, err = predict(HAND, model=model)
    assert (code, out) == (4, "")
    assert "hash" in err


def test_python_and_command_line_agree():
    record = json.loads(predict(HAND)[1])
    hand = HandPoseEstimator.from_pretrained("nyu").predict(read_depth(HAND))
    np.testing.assert_allclose([[joint[axis] for axis in "xyz"] for joint in record["joints"]], hand.xyz, atol=0.006)
    np.testing.assert_allclose([joint["sigma_mm"] for joint in record["joints"]], hand.sigma, atol=0.006)
    assert record["confidence"] == pytest.approx(hand.confidence, abs=1e-4)


def test_the_runtime_asked_for_is_taken(monkeypatch):
    asked = []
    load = HandPoseEstimator.from_pretrained

    def note(model, runtime):
        asked.append((model, runtime))
        return load(model)

    monkeypatch.setattr(HandPoseEstimator, "from_pretrained", note)
    assert predict(HAND, "--runtime", "tflite")[0] == 0
    assert predict(HAND)[0] == 0
    assert asked == [("nyu", "tflite"), ("nyu", "auto")]


def test_following_a_hand_heeds_the_other_options(monkeypatch):
    given, times = [], []

    class Noted(HandTracker):
        def __init__(self, estimator, *settings):
            given.append(settings)
            super().__init__(estimator, *settings)

        def update(self, depth, time):
            times.append(time)
            return super().update(depth, time)

    monkeypatch.setattr(_prediction, "HandTracker", Noted)
    options = ("--camera", "580,581,319,239", "--center", "426,339,861", "--hand", "auto", "--rate", "10")
    code, out, _ = predict(HAND, HAND, HAND, "--track", *options)
    assert code == 0
    assert given == [(10.0, Camera(580, 581, 319, 239), (426, 339, 861), "auto")]
    np.testing.assert_allclose(np.diff(times), 0.1)
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["camera"]["fx"] for record in records] == [580] * 3
    assert records[0]["center_uvd"] == [426, 339, 861]


def test_many_files_are_shared_among_workers_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr(predict_command, "WORTH_WORKERS", 3)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    code, out, err = predict(HAND, bad, HAND)
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [record["source"] for record in records] == [str(HAND), str(bad), str(HAND)]
    assert records[0]["joints"] == records[2]["joints"]
    assert str(bad) in err


def pipe(content, *arguments):
    return run("predict", "-", *arguments, "--model", "nyu", stdin=content)


def test_piped_frames_are_lines():
    code, out, err = pipe(HAND.read_bytes() * 2)
    records = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [record["source"] for record in records] == ["-:0", "-:1"]
    assert records[0]["joints"] == json.loads(predict(HAND)[1])["joints"]


def test_a_bad_piped_frame_is_a_line_and_the_worst_code():
    frame, wall = HAND.read_bytes(), BAD_FILES["wall.png"][0]
    parts = [frame, b"", frame[:5000], wall, frame]
    content = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    code, out, err = pipe(content)
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 5
    assert ["error" in record for record in records] == [False, True, True, True, False]
    assert [record["source"] for record in records] == [f"-:{index}" for index in range(5)]
    assert err.splitlines() == [f"cn-zoo: {record['error']}" for record in records[1:4]]
    assert all(record["error"].startswith(record["source"]) for record in records[1:4])


def test_piped_frames_of_another_size_are_refused():
    depth = read_depth(HAND)
    content = HAND.read_bytes() + _save(depth[::2, ::2].astype(np.uint16)) + HAND.read_bytes()
    code, out, _ = pipe(content)
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert ["error" in record for record in records] == [False, True, False]
    assert "320x240" in records[1]["error"]


@pytest.mark.parametrize("content", [b"", b"no frames\n"])
def test_a_pipe_without_frames(content):
    code, _, err = pipe(content)
    assert code == 3
    assert "-" in err


def test_pictures_of_piped_frames_are_numbered(tmp_path):
    pipe(HAND.read_bytes() * 2, "--overlay", tmp_path / "overlays", "--quiet")
    assert sorted(path.name for path in (tmp_path / "overlays").iterdir()) == ["000000.png", "000001.png"]


def test_the_pipe_is_the_only_source():
    assert run("predict", "-", HAND, "--model", "nyu", stdin=HAND.read_bytes())[0] == 2


def test_a_sequence_is_followed_and_smoothed(tmp_path):
    """Ten frames with holes that change, in natural order; one of them is broken."""
    depth = read_depth(HAND).astype(np.uint16)
    rng = np.random.default_rng(0)
    for number in range(1, 11):
        holes = rng.random(depth.shape) < 0.2
        (tmp_path / f"frame{number}.png").write_bytes(_save(np.where(holes, 0, depth)))
    (tmp_path / "frame4.png").write_bytes(b"")
    single = [json.loads(line) for line in predict(tmp_path, "--quiet")[1].splitlines()]
    code, out, _ = predict(tmp_path, "--track", "--quiet")
    tracked = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [record["source"] for record in tracked] == [str(tmp_path / f"frame{number}.png") for number in range(1, 11)]
    assert tracked[0]["joints"] == single[0]["joints"]
    assert "error" in tracked[3]
    # Once centred, by the third frame, a still hand's crop stays where it is, and its joints move less.
    assert len({tuple(record["center_uvd"]) for record in tracked[2:] if "error" not in record}) == 1
    assert _unrest(tracked) < 0.5 * _unrest(single)
    piped = b"".join((tmp_path / f"frame{number}.png").read_bytes() for number in (1, 2, 3))
    again = [json.loads(line) for line in pipe(piped, "--track")[1].splitlines()]
    assert [record["joints"] for record in again] == [record["joints"] for record in tracked[:3]]


def _unrest(records):
    xyz = [
        [[joint[axis] for axis in "xyz"] for joint in record["joints"]] for record in records if "error" not in record
    ]
    return np.linalg.norm(np.diff(xyz, axis=0), axis=-1).mean()


def test_a_hand_taken_for_one_of_the_wrong_side_is_said(tmp_path):
    mirrored = tmp_path / "left.png"
    Image.fromarray(np.ascontiguousarray(np.asarray(Image.open(HAND))[:, ::-1])).save(mirrored)
    code, out, err = predict(mirrored)
    assert code == 0
    assert json.loads(out)["hand"] == "right"
    assert err == f"cn-zoo: {mirrored}: looks like a left hand, taken for a right one; use --hand left, or auto\n"
    for arguments in ((mirrored, "--hand", "left"), (mirrored, "--hand", "auto"), (HAND,), (mirrored, "--quiet")):
        assert predict(*arguments)[2] == ""
    # Of several sources once, by the first one's name.
    assert predict(HAND, mirrored, mirrored)[2].count(f"{mirrored}: looks like a left hand") == 1


def test_a_camera_that_does_not_fit_is_said_once():
    arguments = ("--camera", "icvl", "--center", "430,336,858")
    code, _, err = predict(HAND, HAND, *arguments)
    assert code == 0
    assert err.count("does not fit 640x480") == 1
    assert "--camera" in err
    assert predict(HAND, *arguments, "--quiet")[2] == ""
    # It is said above all where nothing was found.
    code, _, err = predict(HAND, *arguments[:2], "--center", "30,30,858")
    assert code == 5
    assert "does not fit 640x480" in err


def test_no_source_is_overwritten_and_no_picture_lost(tmp_path):
    source = tmp_path / "a.png"
    source.write_bytes(HAND.read_bytes())
    copy = tmp_path / "b.png"
    copy.write_bytes(HAND.read_bytes())
    picture = tmp_path / "c.png"
    for arguments in (
        (source, "--overlay", source),
        (source, "--overlay", tmp_path / "x" / ".." / "a"),
        (source, "--save-crop", source),
        (source, "--output", source),
        (tmp_path, "--overlay", tmp_path),
        (tmp_path, "--output", copy),
        (source, "--overlay", picture, "--save-crop", picture),
        (source, "--overlay", picture, "--output", picture),
        (tmp_path, "--overlay", tmp_path / "o", "--save-crop", tmp_path / "o"),
    ):
        assert predict(*arguments)[0] == 2, arguments
    assert pipe(HAND.read_bytes(), "--overlay", tmp_path / "o", "--save-crop", tmp_path / "o")[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]
    assert source.read_bytes() == copy.read_bytes() == HAND.read_bytes()


@pytest.mark.parametrize("option", ["--overlay", "--save-crop"])
def test_a_picture_of_no_known_format_is_refused(tmp_path, option):
    code, out, err = predict(HAND, option, tmp_path / "o.xyz")
    assert (code, out) == (2, "")
    assert ".xyz" in err


def test_a_name_that_ends_in_a_slash_is_a_folder_for_one_source_too(tmp_path):
    assert predict(HAND, "--overlay", f"{tmp_path}/pictures/")[0] == 0
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == [HAND.name]


def test_several_pictures_are_not_put_into_a_folder_called_as_a_picture(tmp_path):
    code, out, err = predict(HAND, HAND, "--overlay", tmp_path / "o.png")
    assert (code, out) == (2, "")
    assert "must be a folder" in err
    assert pipe(HAND.read_bytes(), "--overlay", tmp_path / "o.png")[0] == 2


@pytest.mark.parametrize("option", ["--output", "--overlay", "--save-crop"])
def test_an_empty_name_is_no_file(option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = predict(HAND, option, "")
    assert (code, out) == (2, "")
    assert "empty name" in err
    assert not list(tmp_path.iterdir())


def test_numbered_pictures_avoid_other_sources_names():
    files = [Path(name) for name in ("a.png", "a.npy", "a_2.png", "a.bin", "b/a_2.png")]
    assert list(_picture_names([Path("A/Hand.png"), Path("B/hand.png")]).values()) == ["Hand.png", "hand_2.png"]
    assert list(_picture_names(files).values()) == [
        "a.png",
        "a_3.png",
        "a_2.png",
        "a_4.png",
        "a_2_2.png",
    ]


def test_workers_leave_ctrl_c_to_their_parent(monkeypatch):
    signals = []
    monkeypatch.setattr(_worker_processes.signal, "signal", lambda *pair: signals.append(pair))
    monkeypatch.setattr(_worker_processes, "Worker", lambda job: None)
    _worker_processes._start_worker(None)
    assert signals == [(signal.SIGINT, signal.SIG_IGN)]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no signal masks")
def test_ctrl_c_does_not_reach_workers_that_are_being_started():
    """While they import, they would tell it with a traceback."""
    ask = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"

    def is_spared():
        return subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()

    with _worker_processes._interrupts_held():
        assert is_spared() == "True"
    assert is_spared() == "False"


def test_a_parent_that_is_killed_takes_its_workers_along():
    script = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from cn_zoo.cli import _worker_processes
from cn_zoo.cli._prediction import Job

job = Job("nyu", "auto", None, 1.0, None, "right")
pool = ProcessPoolExecutor(1, get_context("spawn"), _worker_processes._start_worker, (job,))
print(pool.submit(os.getpid).result(), flush=True)
sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], text=True, **pipes) as parent:
        worker = int(parent.stdout.readline())
        parent.kill()
        try:
            # The worker has stdout, too: it ends when the last of them has ended.
            assert parent.communicate(timeout=20)[0] == ""
        except subprocess.TimeoutExpired:
            os.kill(worker, signal.SIGTERM)
            pytest.fail("the worker lives on")


class _CountingPool:
    """Does at once what is submitted, and counts it."""

    def __init__(self, *_):
        type(self).count = 0

    def submit(self, work, source):
        type(self).count += 1
        future = Future()
        future.set_result(source)
        return future

    def shutdown(self, **how):
        pass


def test_few_results_of_many_sources_are_held_at_a_time(monkeypatch):
    monkeypatch.setattr(_worker_processes, "ProcessPoolExecutor", _CountingPool)
    monkeypatch.setattr(_worker_processes, "_CORES", 2)
    results = _worker_processes.in_parallel(None, range(1000))
    for number in range(1000):
        assert next(results) == number
        # Enough that no core waits, and not all.
        assert min(number + 3, 1000) <= _CountingPool.count <= number + 21
    assert next(results, None) is None


class _StoppedPool:
    """Its second source never comes to an end."""

    shut = None

    def __init__(self, workers, context, start, arguments):
        start(*arguments)
        self.count = 0

    def submit(self, work, source):
        self.count += 1
        future = Future()
        if self.count == 2:
            future.set_exception(self.stop())
        else:
            future.set_result(work(source))
        return future

    def shutdown(self, **how):
        type(self).shut = how


@pytest.mark.parametrize(
    ("stop", "expected", "word"), [(KeyboardInterrupt, 1, "Aborted!"), (BrokenProcessPool, 3, "a worker process died")]
)
def test_a_stopped_batch_keeps_what_is_done(tmp_path, monkeypatch, stop, expected, word):
    monkeypatch.setattr(predict_command, "WORTH_WORKERS", 3)
    monkeypatch.setattr(_worker_processes.signal, "signal", lambda *pair: None)
    monkeypatch.setattr(_worker_processes, "ProcessPoolExecutor", _StoppedPool)
    monkeypatch.setattr(_StoppedPool, "stop", stop, raising=False)
    output = tmp_path / "records.jsonl"
    code, _, err = predict(HAND, HAND, HAND, "--output", output, "--quiet")
    assert code == expected
    assert word in err
    assert [json.loads(line)["source"] for line in output.read_text().splitlines()] == [str(HAND)]
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    assert _StoppedPool.shut == {"cancel_futures": True}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without asking")
def test_asked_to_end_it_keeps_what_is_done(tmp_path):
    """As at Ctrl-C."""
    command = "from cn_zoo.cli.main import main; main()"
    output, overlays = tmp_path / "records.jsonl", tmp_path / "overlays"
    arguments = ["predict", "-", "--model", "nyu", "--output", output, "--overlay", overlays]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", command, *arguments], **pipes) as running:
        try:
            running.stdin.write(HAND.read_bytes() * 2)
            running.stdin.flush()
            for _ in range(600):
                if (overlays / "000001.png").is_file():
                    break
                time.sleep(0.1)
            time.sleep(0.5)  # until it waits for the next frame
            running.terminate()
            told = running.stderr.read().decode()
            assert running.wait(30) == 1
        finally:
            running.kill()
    assert "Aborted!" in told
    assert "Traceback" not in told
    assert json.loads(output.read_text().splitlines()[0])["source"] == "-:0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["overlays", output.name]


@pytest.mark.parametrize(("option", "draw"), [("--overlay", "draw_overlay"), ("--save-crop", "crop_picture")])
def test_a_picture_that_fails_half_written_leaves_the_earlier_one(tmp_path, monkeypatch, option, draw):
    class Half:
        def save(self, path):
            Path(path).write_bytes(b"half a pict")
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"cn_zoo.drawing.{draw}", lambda *_: Half())
    picture = tmp_path / "hand.png"
    picture.write_bytes(b"earlier")
    with pytest.raises(OSError, match="No space left"):
        predict(HAND, option, picture)
    assert picture.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["hand.png"]


def test_a_batch_stopped_before_its_first_record_keeps_an_earlier_output(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(predict_command.Worker, "__call__", stop)
    output = tmp_path / "records.jsonl"
    output.write_text("earlier")
    assert predict(HAND, HAND, "--output", output, "--quiet")[0] == 1
    assert output.read_text() == "earlier"


def test_a_stopped_batch_leaves_an_earlier_output_and_lies_beside_it(tmp_path, monkeypatch):
    worker, done = predict_command.Worker.__call__, []

    def stop_at_the_second(self, source):
        if done:
            raise KeyboardInterrupt
        done.append(source)
        return worker(self, source)

    monkeypatch.setattr(predict_command.Worker, "__call__", stop_at_the_second)
    output = tmp_path / "records.jsonl"
    output.write_text("earlier")
    code, _, err = predict(HAND, HAND, HAND, "--output", output, "--quiet")
    assert code == 1
    assert output.read_text() == "earlier"
    partial_output = tmp_path / "records.partial.jsonl"
    assert [json.loads(line)["source"] for line in partial_output.read_text().splitlines()] == [str(HAND)]
    assert f"{output} stays as it was, and what is done is in {partial_output}" in err


def test_a_stop_between_two_records_keeps_the_first(tmp_path, monkeypatch):
    def stop_after_the_first(records, *_):
        yield json.dumps(next(iter(records)))
        raise KeyboardInterrupt

    monkeypatch.setattr(predict_command, "format_records", stop_after_the_first)
    code, _, err = predict(HAND, HAND, "--output", tmp_path / "records.jsonl", "--quiet")
    assert code == 1
    assert json.loads((tmp_path / "records.jsonl").read_text())["source"] == str(HAND)
    assert "stopped; what is done is in" in err


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("folder", "is a folder, not a file"),
        ("new/", "is a folder, not a file"),
        ("file/a.json", "which is a file"),
    ],
)
def test_an_output_that_cannot_be_is_told_before_the_work(tmp_path, monkeypatch, target, word):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(predict_command, "Worker", None)  # whoever called it would fail otherwise
    with pytest.raises(OSError, match=word):
        predict(HAND, "--output", f"{tmp_path}/{target}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_dash_is_stdout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = predict(HAND, "--output", "-")
    assert code == 0
    assert json.loads(out)["source"] == str(HAND)
    assert not list(tmp_path.iterdir())


def test_a_centre_without_a_hand_is_doubted(tmp_path):
    wall = 800 + np.random.default_rng(0).normal(0, 2, (480, 640))
    Image.fromarray(np.rint(wall).astype(np.uint16)).save(tmp_path / "wall.png")
    code, _, err = predict(tmp_path / "wall.png", "--center", "320,240,800")
    assert code == 0
    assert f"{tmp_path / 'wall.png'}: hardly looks like a hand at --center; check u,v,d" in err
    assert predict(HAND, "--center", "426,339,861")[2] == ""


def test_one_of_several_sources_without_files_stops_nothing(tmp_path):
    code, out, err = predict(tmp_path, HAND, f"{tmp_path}/*.png", "", "--overlay", tmp_path / "overlays")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [record["source"] for record in records] == [str(tmp_path), str(HAND), f"{tmp_path}/*.png", ""]
    assert ["error" in record for record in records] == [True, False, True, True]
    assert err.count("cn-zoo: ") == 3
    assert [path.name for path in (tmp_path / "overlays").iterdir()] == [HAND.name]


@pytest.mark.parametrize("number", ["nan", "inf", "1e-320", "1e300"])
def test_numbers_that_cannot_be_are_refused(number):
    assert predict(HAND, "--depth-scale", number)[0] == 2
    assert predict(HAND, "--track", "--rate", number)[0] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_source_whose_name_is_not_utf8(tmp_path, form):
    source = tmp_path / os.fsdecode(b"a\xff.png")
    source.write_bytes(HAND.read_bytes())
    output = tmp_path / "records"
    assert predict(source, "--format", form, "--output", output)[0] == 0
    assert predict(source, "--format", form)[0] == 0
    assert (b"a\\udcff.png" if form == "jsonl" else b"a\xff.png") in output.read_bytes()


def test_a_pipe_that_is_closed(monkeypatch):
    monkeypatch.setattr(predict_command, "sys", type("sys", (), {"stdin": None}))
    assert pipe(b"")[0] == 2


def test_an_empty_name_is_not_the_current_folder():
    code, _, err = predict("")
    assert code == 3
    assert "empty name" in err
