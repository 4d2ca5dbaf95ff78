import json
import re
import zipfile
from dataclasses import replace
from pkgutil import resolve_name

import onnx
import pytest

from cn_zoo.errors import WeightsError
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo import FileRecord, Preset, get_preset, resolve
from cn_zoo.zoo.embedded import embed, read_embedded
from cn_zoo.zoo.save_preset import save_preset

PRESET = Preset(
    name="mine",
    skeleton="nyu",
    camera=(588.03, 587.07, 320.0, 240.0),
    cube_mm=240.0,
    hand="left",
    architecture="default",
    latent_size=43,
    training_data="made-up hands — «drawn»",
    licence="Apache-2.0",
    protocol="on made-up frames",
    errors_mm={"made-up": 9.5},
    parameters=1234,
    files={"estimator": FileRecord("estimator.keras", "0" * 64, 1)},
)


def write_network(path):
    """The smallest ONNX file, or something that begins like a TFLite file."""
    if path.suffix == ".onnx":
        number = onnx.helper.make_tensor_value_info("depth", onnx.TensorProto.FLOAT, [1])
        same = onnx.helper.make_tensor_value_info("pose", onnx.TensorProto.FLOAT, [1])
        graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["depth"], ["pose"])], "g", [number], [same])
        opset = [onnx.helper.make_opsetid("", 18)]
        onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    else:
        path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(range(256)) * 8)
    return path


@pytest.fixture(params=["onnx", "tflite"])
def network(request, tmp_path):
    return write_network(tmp_path / f"hand.{request.param}")


def test_what_is_written_is_read(network):
    embed(PRESET, "fp32", network)
    assert read_embedded(network) == replace(PRESET, files={})


def test_the_network_stays_the_same(network):
    before = network.read_bytes()
    embed(PRESET, "fp32", network)
    if network.suffix == ".tflite":
        assert network.read_bytes().startswith(before)
    else:
        assert open_runtime(network)._names == ["pose"]
    again = write_network(network.with_name("again" + network.suffix))
    embed(PRESET, "fp32", again)
    assert again.read_bytes() == network.read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"no network", b"PK\x05\x06"])
def test_no_record_is_none(network, content):
    if content is not None:
        network.write_bytes(content)
    assert read_embedded(network) is None


def test_other_files_carry_none(tmp_path):
    assert read_embedded(tmp_path / "estimator.keras") is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"record": 1}', '{"record": {"name": "of the future"}}'])
def test_damaged_records(tmp_path, text):
    path = tmp_path / "hand.tflite"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cn_zoo.json", text)
    with pytest.raises(WeightsError, match=r"hand\.tflite.*record"):
        read_embedded(path)


def test_a_file_speaks_for_itself_wherever_it_lies(network):
    embed(PRESET, "int8", network)
    save_preset(replace(PRESET, name="another"), network.parent)
    assert get_preset(network).name == "mine"
    assert get_preset(network.parent).name == "another"
    assert resolve(network) == network


def test_a_file_at_an_address(network, server, home):
    embed(PRESET, "fp32", network)
    server.files[f"/{network.name}"] = network.read_bytes()
    assert get_preset(f"{server.url}/{network.name}").name == "mine"
    assert resolve(f"{server.url}/{network.name}").read_bytes() == network.read_bytes()


def _embedded_text(network):
    if network.suffix == ".onnx":
        return onnx.load(network).metadata_props[0].value
    return zipfile.ZipFile(network).read("cn_zoo.json").decode()


def test_files_do_not_name_themselves(network):
    embed(PRESET, "fp32", network)
    assert json.loads(_embedded_text(network))["record"]["files"] == {}


@pytest.mark.parametrize(("part", "named"), [("estimator", 0), ("generator", 0), ("finder", 2), ("judge", 1)])
def test_what_files_name_of_cn_zoo_is_there(network, part, named):
    embed(PRESET, "fp32", network, part)
    names = re.findall(r"cn_zoo(?:\.\w+)+", _embedded_text(network))
    assert len(names) == named
    for name in names:
        assert resolve_name(name).__doc__
