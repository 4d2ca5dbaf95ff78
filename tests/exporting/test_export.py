import json
import sys
import zipfile
from dataclasses import replace

import keras
import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from later_keras import EXPORTED, needs_later_keras
from made_up_preset import made_up_preset
from network_checks import assert_same
from untrained_model import save_untrained_model

import cn_zoo
from cn_zoo.errors import CnZooError, WeightsError
from cn_zoo.exporting import export_estimator, export_generator, export_locator
from cn_zoo.exporting.write_onnx import write_onnx
from cn_zoo.geometry import SKELETONS, HandCrop
from cn_zoo.geometry.frame_view import FrameView
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.joint import CrossingNets
from cn_zoo.models.finder_and_judge import build_hand_finder, build_hand_judge
from cn_zoo.synthesis.frame import draw_crop, draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import FileRecord, get_preset, weights_path
from cn_zoo.zoo.card import model_card
from cn_zoo.zoo.locator_record import LOCATOR_FOLDER, LocatorRecord
from cn_zoo.zoo.save_preset import save_preset

PRESET = made_up_preset("icvl", camera=(241.0, 241.0, 160.0, 120.0), latent_size=16)

ALL = [(form, precision) for form in EXPORTED for precision in ("fp32", "fp16", "int8")]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_untrained_model(folder)
    return folder


@pytest.fixture(scope="module")
def keras_runtime(model):
    return open_runtime(weights_path(model))


@pytest.fixture(scope="module")
def few_crops():
    """The module of `export`, told to measure on few crops."""
    module = sys.modules["cn_zoo.exporting.export"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CALIBRATION_CROPS", 10)
        patch.setattr(module, "_TEST_CROPS", 10)
        yield module


@pytest.fixture(scope="module")
def exported(model, few_crops, tmp_path_factory):
    """A file of each kind, each in a folder of its own, and how far they are from Keras."""
    files = {}
    for form, precision in ALL:
        path = tmp_path_factory.mktemp("alone") / f"hand.{form}"
        files[form, precision] = path, cn_zoo.export(model, form, precision, path)
    return files


@pytest.mark.parametrize(("form", "precision"), ALL)
def test_a_file_gives_what_keras_gives(keras_runtime, exported, form, precision):
    path, parity = exported[form, precision]
    crop = draw_crop(PRESETS["icvl"], 0, 0).depth
    expected = keras_runtime.run(crop)
    found = open_runtime(path).run(crop)
    assert found.keys() == {"pose", "sigma", "latent", "hand"}
    tolerance = {"fp32": 1e-4, "fp16": 0.01, "int8": 0.2}[precision]
    for name, value in found.items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, expected[name], atol=tolerance)
    assert parity.largest <= tolerance
    # What is told is measured: only fp32 is the same up to rounding.
    assert (parity.moved_mm < 1e-3) == (precision == "fp32")


@pytest.mark.parametrize(("form", "precision"), ALL)
def test_a_file_works_alone(model, keras_runtime, exported, form, precision):
    path, _ = exported[form, precision]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    estimator = HandPoseEstimator.from_pretrained(path)
    assert estimator.preset == replace(get_preset(model), files={})
    assert "untrained" in model_card(estimator.preset)
    frame = draw_frame(PRESETS["icvl"].own(), seed=0, index=0)
    pose = estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd)
    reference = HandPoseEstimator(keras_runtime, estimator.preset).predict(
        frame.depth_mm, frame.camera, frame.center_uvd
    )
    np.testing.assert_allclose(pose.xyz, reference.xyz, atol=10.0)


def test_a_file_says_what_it_is_to_any_program(exported):
    texts = {
        "onnx": {prop.key: prop.value for prop in onnx.load(exported["onnx", "int8"][0]).metadata_props}["cn_zoo"],
    }
    if "tflite" in EXPORTED:
        texts["tflite"] = zipfile.ZipFile(exported["tflite", "int8"][0]).read("cn_zoo.json")
    for text in texts.values():
        facts = json.loads(text)
        assert facts["cn_zoo"] == cn_zoo.__version__
        assert facts["precision"] == "int8"
        assert facts["joints"] == list(SKELETONS["icvl"].joints)
        assert "cube_mm / 2" in facts["input"]
        assert "50 mm" in facts["outputs"]
        record = facts["record"]
        assert (record["skeleton"], record["cube_mm"], record["licence"]) == ("icvl", 250.0, "Apache-2.0")
        assert len(record["camera"]) == 4


@pytest.mark.parametrize(("form", "precision"), ALL)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_off_file_is_a_weights_error(exported, tmp_path, form, precision, share):
    whole = exported[form, precision][0].read_bytes()
    path = tmp_path / f"hand.{form}"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightsError, match=rf"hand\.{form}: .*export") as caught:
        HandPoseEstimator.from_pretrained(path)
    assert "\n" not in str(caught.value)


def test_precisions_are_what_they_say(exported):
    sizes = {key: path.stat().st_size for key, (path, _) in exported.items()}
    for form in EXPORTED:
        assert sizes[form, "fp16"] < 0.6 * sizes[form, "fp32"]
        assert sizes[form, "int8"] < 0.6 * sizes[form, "fp32"]
    graph = onnx.load(exported["onnx", "int8"][0]).graph
    made_by = {name: node for node in graph.node for name in node.output}
    first, *convolutions = (node for node in graph.node if node.op_type == "Conv")
    assert convolutions
    constants = {constant.name: constant.dims for constant in graph.initializer}
    for node in convolutions:
        assert {made_by[name].op_type for name in node.input} == {"DequantizeLinear"}
        # Each output channel has its own scale.
        whole, scale, *_ = made_by[node.input[1]].input
        assert list(constants[scale]) == [constants[whole][0]]
    # One channel is slower in 8 bit.
    assert not {made_by[name].op_type for name in first.input if name in made_by} & {"DequantizeLinear"}
    # The pose decoder stays float.
    dense = [node for node in graph.node if node.op_type in ("Gemm", "MatMul")]
    inputs = [made_by[name].op_type for node in dense for name in node.input if name in made_by]
    assert "DequantizeLinear" not in inputs


def test_convolutions_that_some_runtimes_spoil_in_8_bit_stay_float(tmp_path):
    """Of 21 and 63 outputs, as `msra` has them: `tests/zoo/test_pretrained.py` sees what comes of it.

    More than 16 are left by 32, and they are no multiple of four.
    """
    x = keras.Input((16, 16, 8))
    outputs = {
        str(count): keras.layers.Conv2D(count, 1, name=f"of_{count}")(x)
        for count in (14, 20, 21, 33, 42, 48, 49, 54, 63)
    }
    network = keras.Model(x, outputs)
    inputs = np.random.default_rng(0).normal(size=(4, 16, 16, 8)).astype("float32")
    network(inputs)
    write_onnx(network, "int8", inputs, tmp_path / "network.onnx")
    graph = onnx.load(tmp_path / "network.onnx").graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    read_by = {node.input[0]: node.op_type for node in graph.node}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    in_8_bit = {node.name for node in convolutions if read_by[node.output[0]] == "QuantizeLinear"}
    assert len(convolutions) == 9
    for node in convolutions:
        stays = any(f"of_{count}" in node.name for count in (21, 49, 54, 63))
        assert (node.name in in_8_bit) is not stays
        assert (made_by.get(node.input[1]) == "DequantizeLinear") is not stays


@needs_later_keras
def test_int8_on_tflite_is_whole_numbers_throughout(exported):
    interpreter = Interpreter(str(exported["tflite", "int8"][0]))
    assert {np.dtype(tensor["dtype"]).kind for tensor in interpreter.get_tensor_details()} == {"i"}
    assert [tensor["dtype"] for tensor in interpreter.get_input_details()] == [np.int8]
    assert {tensor["dtype"] for tensor in interpreter.get_output_details()} == {np.int16}


def test_what_is_measured_is_not_what_8_bit_took_its_ranges_from(few_crops):
    calibration, test = few_crops._draw_batches(PRESET, "int8")
    assert len(calibration.depth) == len(test.depth) == 10
    expected = [draw_crop(PRESETS["icvl"], few_crops._SEED, 0, split).depth for split in ("validation", "test")]
    np.testing.assert_array_equal([calibration.depth[0, ..., 0], test.depth[0, ..., 0]], expected)
    assert not {crop.tobytes() for crop in calibration.depth} & {crop.tobytes() for crop in test.depth}


def test_one_thread_gives_what_two_give(exported):
    crop = draw_crop(PRESETS["icvl"], 0, 1).depth
    for path, _ in exported.values():
        one, two = (open_runtime(path, threads).run(crop) for threads in (1, 2))
        np.testing.assert_allclose(one["pose"], two["pose"], atol=1e-5)


def test_a_file_that_is_too_far_from_keras_is_not_kept(model, exported, few_crops, tmp_path, monkeypatch):
    def write_wrongly(estimator, precision, calibration, path):
        wrong = onnx.load(exported["onnx", "fp32"][0])
        for constant in wrong.graph.initializer:
            values = onnx.numpy_helper.to_array(constant)
            if values.dtype == np.float32 and values.ndim > 1:
                constant.CopyFrom(onnx.numpy_helper.from_array(1.3 * values, constant.name))
        onnx.save(wrong, path)

    monkeypatch.setitem(few_crops._WRITERS, "onnx", write_wrongly)
    path = tmp_path / "hand.onnx"
    path.write_bytes(b"an earlier file")
    for precision in ("fp32", "fp16", "int8"):
        with pytest.raises(CnZooError, match=rf"hand\.onnx: the {precision} file differs .*not kept") as caught:
            cn_zoo.export(model, "onnx", precision, path)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"an earlier file"
    assert list(tmp_path.iterdir()) == [path]


def test_arguments_are_checked_before_anything_is_done(tmp_path):
    for form, precision, name in (("pt", "fp32", "a.pt"), ("onnx", "int4", "a.onnx"), ("onnx", "fp32", "a.tflite")):
        with pytest.raises(ValueError, match=r"format|ends in"):
            cn_zoo.export("no such model", form, precision, tmp_path / name)


def test_another_backend_is_told_what_to_set(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(CnZooError, match="KERAS_BACKEND=tensorflow"):
        cn_zoo.export("no such model", "onnx", "fp32", tmp_path / "a.onnx")


def test_a_model_without_a_whole_keras_file(model, exported, tmp_path):
    target = tmp_path / "a.onnx"
    with pytest.raises(WeightsError, match="is no Keras file"):
        cn_zoo.export(exported["onnx", "fp32"][0], "onnx", "fp32", target)
    save_preset(replace(get_preset(model), files={}), tmp_path)
    with pytest.raises(WeightsError, match="no file of kind 'estimator'"):
        cn_zoo.export(tmp_path, "onnx", "fp32", target)
    broken = tmp_path / "estimator.keras"
    broken.write_bytes(weights_path(model).read_bytes()[:1000])
    with pytest.raises(WeightsError, match=r"estimator\.keras: cannot be loaded"):
        cn_zoo.export(broken, "onnx", "fp32", target)
    assert not target.exists()


@pytest.fixture(scope="module")
def nets():
    """Nets of the paper's scale with random weights, which draw pictures that are not all alike."""
    keras.utils.set_random_seed(1)
    nets = CrossingNets("paper", "icvl")
    for variable in nets.generator.weights:
        if "kernel" in variable.path:
            variable.assign(3 * variable)
    return nets


@pytest.mark.parametrize(("form", "precision"), ALL)
def test_the_generator_alone(nets, few_crops, tmp_path, form, precision):
    path = tmp_path / f"generator.{form}"
    parity = export_generator(nets, PRESET, form, precision, path)
    assert {"fp32": 0, "fp16": 1e-7, "int8": 1e-5}[precision] <= parity.share
    assert parity.share <= {"fp32": 1e-4, "fp16": 0.005, "int8": 0.1}[precision]
    latent = np.linspace(-1, 1, 23, dtype="float32")
    expected = nets.synthesize(latent[None])["depth"][0]
    found = open_runtime(path).run(latent)
    assert found.keys() == {"depth"}
    np.testing.assert_allclose(found["depth"], expected, atol={"fp32": 1e-4, "fp16": 0.02, "int8": 0.5}[precision])
    with pytest.raises(WeightsError, match="holds a generator"):
        HandPoseEstimator.from_pretrained(path)


@pytest.mark.parametrize(
    ("part", "form", "precision"),
    [
        ("finder", "onnx", "fp32"),
        pytest.param("finder", "tflite", "int8", marks=needs_later_keras),
        ("judge", "onnx", "int8"),
        pytest.param("judge", "tflite", "fp16", marks=needs_later_keras),
    ],
)
def test_the_hand_locators_networks_alone(few_crops, tmp_path, part, form, precision):
    keras.utils.set_random_seed(2)
    network = {"finder": build_hand_finder, "judge": build_hand_judge}[part]()
    rng = np.random.default_rng(0)
    for variable in network.weights:  # nothing stays the same for all inputs
        if "kernel" in variable.path:
            variable.assign_add(rng.normal(0, 0.05, variable.shape))
    path = tmp_path / f"{part}.{form}"
    parity = export_locator(network, part, PRESET, form, precision, path)
    assert parity.share <= {"fp32": 1e-4, "fp16": 0.005, "int8": 0.1}[precision]
    value = _seen_by(part)
    expected, found = network(value[None]), open_runtime(path).run(value)
    assert found.keys() == expected.keys()
    for name, each in found.items():
        reach = float(np.abs(expected[name]).max())
        np.testing.assert_allclose(each, expected[name][0], atol=reach * {"fp32": 1e-4}.get(precision, 0.2))


def _seen_by(part):
    """What the finder or the judge gets of a frame."""
    frame = draw_frame(PRESETS["icvl"].own(), 0, 0)
    if part == "finder":
        return FrameView.of(frame.depth_mm, frame.camera).planes()
    return HandCrop(frame.camera, frame.center_uvd, 300.0).cut(frame.depth_mm)[..., None]


@pytest.mark.parametrize("part", ["finder", "judge"])
def test_the_released_hand_locators_networks(model, few_crops, tmp_path, part):
    path = tmp_path / f"{part}.onnx"
    parity = cn_zoo.export(model, "onnx", "fp32", path, part)
    assert parity.largest <= 1e-4
    value = _seen_by(part)
    record = LocatorRecord.load(LOCATOR_FOLDER)
    expected = open_runtime(record.path(f"{part}-keras")).run(value)
    assert_same(open_runtime(path).run(value), expected, 1e-4)
    (text,) = (prop.value for prop in onnx.load(path).metadata_props if prop.key == "cn_zoo")
    facts = json.loads(text)
    assert (facts["part"], facts["precision"], facts["record"]["name"]) == (part, "fp32", "untrained")


def test_the_generator_of_a_saved_model(nets, few_crops, tmp_path):
    nets.save(tmp_path / "nets.keras")
    files = {"nets": FileRecord.of(tmp_path / "nets.keras")}
    save_preset(replace(PRESET, files=files), tmp_path)
    parity = cn_zoo.export(tmp_path, "onnx", "fp32", tmp_path / "generator.onnx", "generator")
    assert parity.largest < 1e-4
    with pytest.raises(WeightsError, match="no file of kind 'estimator'"):
        cn_zoo.export(tmp_path, "onnx", "fp32", tmp_path / "estimator.onnx")
    with pytest.raises(ValueError, match="a part is one of"):
        cn_zoo.export(tmp_path, "onnx", "fp32", tmp_path / "a.onnx", "discriminator")


def test_soft_argmax_survives_int8(few_crops, tmp_path):
    """Broad softmax weights, which 8 bit would round to zero, decide this made-up pose."""
    keras.utils.set_random_seed(0)
    depth = keras.Input((128, 128, 1), name="depth")
    maps = keras.layers.Conv2D(16, 8, strides=8, activation="relu")(depth)
    weights = keras.layers.Softmax(axis=1)(keras.layers.Reshape((256, 16))(keras.layers.Conv2D(16, 1)(maps)))
    votes = weights * np.linspace(-2.5, 2.5, 256, dtype="float32").reshape(1, 256, 1)
    place = keras.ops.sum(votes, axis=1)
    outputs = {
        "pose": keras.layers.Reshape((16, 3))(keras.layers.Concatenate()([place] * 3)),
        "sigma": place * place + 1.0,
        "latent": place,
        "hand": keras.ops.sigmoid(place[:, :2]),
    }
    preset = PRESET
    estimator = keras.Model(depth, outputs)
    for form in EXPORTED:
        assert export_estimator(estimator, preset, form, "int8", tmp_path / f"a.{form}").moved_mm < 2.0
