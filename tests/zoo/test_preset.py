from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cn_zoo.errors import WeightsError
from cn_zoo.geometry import SKELETONS
from cn_zoo.zoo import FileRecord, Preset
from cn_zoo.zoo.card import model_card
from cn_zoo.zoo.save_preset import save_preset

SHA256 = "0123456789abcdef" * 4


@pytest.fixture
def preset() -> Preset:
    return Preset(
        name="mine",
        skeleton="icvl",
        camera=(240.99, 240.96, 160.0, 120.0),
        cube_mm=250.0,
        hand="right",
        architecture="paper",
        latent_size=23,
        training_data="made-up “hands”",
        licence="Apache-2.0",
        protocol="none",
        errors_mm={},
        parameters=7,
        files={"onnx": FileRecord("net.onnx", SHA256, 12, "https://example.org/net.onnx")},
    )


def test_round_trip(preset, tmp_path):
    save_preset(preset, tmp_path / "new")
    loaded = Preset.load(tmp_path / "new")
    assert loaded == preset
    assert loaded.folder == tmp_path / "new"
    assert (tmp_path / "new" / "card.md").read_text(encoding="utf-8") == model_card(preset)


def test_addresses_are_filled_in_where_there_are_none(preset):
    files = {**preset.files, "tflite": FileRecord("net.tflite", SHA256, 3)}
    filled = Preset(**{**vars(preset), "files": files}).with_urls("https://host/zoo/")
    assert filled.files["tflite"].url == "https://host/zoo/net.tflite"
    assert filled.files["onnx"].url == "https://example.org/net.onnx"


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: "{",
        lambda facts: "[]",
        lambda facts: "\x00\x01",
        lambda facts: json.dumps({key: value for key, value in facts.items() if key != "skeleton"}),
        lambda facts: json.dumps({key: value for key, value in facts.items() if key != "files"}),
        lambda facts: json.dumps({**facts, "of the future": 1}),
        lambda facts: json.dumps({**facts, "files": {"onnx": {"path": "../x", "sha256": SHA256, "bytes": 1}}}),
        lambda facts: json.dumps({**facts, "files": [1]}),
        lambda facts: json.dumps({**facts, "skeleton": "mano"}),
        lambda facts: json.dumps({**facts, "skeleton": ["icvl"]}),
        lambda facts: json.dumps({**facts, "camera": ["a", "b", "c", "d"]}),
        lambda facts: json.dumps({**facts, "camera": "nyu4"}),
        lambda facts: json.dumps({**facts, "camera": [1, 2, 3]}),
        lambda facts: json.dumps({**facts, "camera": [0, 240, 160, 120]}),
        lambda facts: json.dumps({**facts, "camera": [float("nan"), 240, 160, 120]}),
    ],
)
def test_damaged_records(preset, tmp_path, damage):
    save_preset(preset, tmp_path)
    path: Path = tmp_path / "preset.json"
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(WeightsError, match=r"preset\.json.*no model record") as caught:
        Preset.load(tmp_path)
    assert "\n" not in str(caught.value)


def test_every_skeleton_is_known_to_records(preset):
    for name in SKELETONS:
        assert Preset.parse(replace(preset, skeleton=name).to_json(), Path("preset.json")).skeleton == name


def test_no_record(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        Preset.load(tmp_path)
