import csv
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from cn_zoo.cli.main import _cn_zoo, exit_code
from cn_zoo.errors import CnZooError
from cn_zoo.geometry import CAMERAS, SKELETONS, Camera
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.io.depth_image import read_depth

EXAMPLES = Path(__file__).parents[2] / "examples"
HAND = EXAMPLES / "hand.png"


def run(*arguments):
    """Exit code, stdout and stderr, as `main` makes them."""
    runner = CliRunner()
    result = runner.invoke(_cn_zoo, [str(argument) for argument in arguments])
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
        colours = np.asarray(image.convert("RGB")).reshape(-1, 3)
        assert image.width >= 640
    assert len(np.unique(colours, axis=0)) > 100
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
    assert predict(HAND, model="nyv")[0] == 2
    assert predict(HAND, "--center", "9000,10,500")[0] == 3
    assert predict(tmp_path)[0] == 3  # a folder without images


def test_missing_and_damaged_weights(tmp_path):
    from cn_zoo.zoo import get_preset, resolve

    preset = get_preset("nyu")
    model = tmp_path / "model"
    model.mkdir()
    preset.save(model)
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
