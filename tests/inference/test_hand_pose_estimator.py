import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from made_up_preset import made_up_preset
from puppet_network import CENTER, PuppetNetwork, image_with_block

from cn_zoo.errors import InputError, NoHandError, WeightsError
from cn_zoo.geometry import CAMERAS, SKELETONS, Camera, HandCrop, turn_crop
from cn_zoo.inference import HandPoseEstimator, _image_looks, hand_pose_estimator
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.zoo import weights_path
from cn_zoo.zoo.resolver import PRETRAINED

CAMERA = CAMERAS["nyu"]


@pytest.fixture(autouse=True)
def no_locator(monkeypatch):
    """As where the hand locator is not installed."""
    monkeypatch.setattr(HandLocator, "find", lambda: None)


@pytest.fixture(autouse=True)
def straight(monkeypatch):
    """Without the looks at the end, turned: puppets answer the same whichever way a crop is turned."""
    monkeypatch.setattr(_image_looks, "_TURNS", ())


class _LocatorPuppet:
    """A locator that always answers the same, knows of nothing else, and remembers what it was asked."""

    record = SimpleNamespace(threshold=0.5)

    def __init__(self, *locations):
        self.locations, self.asked = list(locations), []

    def candidates(self, depth, camera, skeleton, max_hands, known):
        self.asked.append((skeleton, max_hands))
        return [] if known else self.locations


@pytest.fixture
def locator(monkeypatch):
    """The hand is where the block is, rather a left one; another is beside it, rather a right one."""
    puppet = _LocatorPuppet(HandLocation(CENTER, 0.9, right=0.4), HandLocation((270.0, 250.0, 700.0), 0.6, right=0.6))
    monkeypatch.setattr(HandLocator, "find", lambda: puppet)
    return puppet


def test_joints_come_back_through_the_crop_and_the_camera():
    rng = np.random.default_rng(0)
    xyz = CAMERA.uvd_to_xyz(np.array(CENTER)) + rng.uniform(-60, 60, (14, 3))
    pose = HandCrop(CAMERA, CENTER).uvd_to_crop(CAMERA.xyz_to_uvd(xyz))
    hand = HandPoseEstimator(PuppetNetwork(pose), made_up_preset()).predict(image_with_block(), center=CENTER)
    np.testing.assert_allclose(hand.xyz, xyz, atol=1e-3)
    np.testing.assert_allclose(hand.uvd, CAMERA.xyz_to_uvd(xyz), atol=1e-3)
    np.testing.assert_allclose(hand.sigma, 5.0, atol=1e-5)
    assert hand.names == SKELETONS["nyu"].joints
    assert hand.center_uvd == CENTER
    assert hand.hand == "right"


def test_confidence_is_the_share_expected_within_20_mm():
    sure, unsure = (
        HandPoseEstimator(PuppetNetwork(np.zeros((14, 3)), sigma), made_up_preset()).predict(
            image_with_block(), center=CENTER
        )
        for sigma in (0.02, 0.4)
    )
    assert sure.confidence == pytest.approx(1.0)
    assert unsure.confidence == pytest.approx(0.6827, abs=1e-3)  # sigma is 20 mm


def test_left_hand_is_mirrored_for_the_network_and_back():
    pose = np.zeros((14, 3))
    pose[0] = [1.0, 0.2, 0.3]
    image = image_with_block()
    image[:, :330] = 0  # only the right half is there
    right, left = (
        HandPoseEstimator(PuppetNetwork(pose), made_up_preset()).predict(image, center=CENTER, hand=hand)
        for hand in ("right", "left")
    )
    assert right.uvd[0, 0] - CENTER[0] == pytest.approx(CENTER[0] - left.uvd[0, 0])
    np.testing.assert_allclose(right.uvd[0, 1:], left.uvd[0, 1:])
    auto = HandPoseEstimator(PuppetNetwork(pose), made_up_preset()).predict(image, center=CENTER, hand="auto")
    assert auto.hand == "right"
    flipped, center = np.ascontiguousarray(image[:, ::-1]), (639 - CENTER[0], *CENTER[1:])
    mirrored = HandPoseEstimator(PuppetNetwork(pose), made_up_preset()).predict(
        flipped, CAMERA.mirrored(640), center, "auto"
    )
    assert mirrored.hand == "left"


def test_any_camera():
    camera = Camera(380.0, 390.0, 200.0, 150.0)
    center = (210.0, 140.0, 450.0)
    image = image_with_block(center, 30, 400, 300)
    hand = HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), made_up_preset()).predict(image, camera, center)
    np.testing.assert_allclose(hand.xyz[0], camera.uvd_to_xyz(np.array(center)), atol=1e-6)


def test_integer_depth_and_holes():
    puppet = PuppetNetwork(np.zeros((14, 3)))
    image = image_with_block()
    HandPoseEstimator(puppet, made_up_preset()).predict(image, center=CENTER)
    HandPoseEstimator(puppet, made_up_preset()).predict(image.astype(np.uint16), center=CENTER)
    broken = np.where(image == 0, np.nan, image)
    HandPoseEstimator(puppet, made_up_preset()).predict(broken, center=CENTER)
    np.testing.assert_array_equal(puppet.crops[0], puppet.crops[1])
    np.testing.assert_array_equal(puppet.crops[0], puppet.crops[2])


@pytest.mark.parametrize(
    ("center", "error"),
    [
        ((900.0, 100.0, 700.0), InputError),
        ((100.0, -110.0, 700.0), InputError),
        ((100.0, 100.0, 0.7), InputError),
        ((100.0, 100.0, 9000.0), InputError),
        ((60.0, 60.0, 700.0), NoHandError),  # nothing there
        ((330.0, 250.0, 1200.0), NoHandError),
    ],
)
def test_impossible_centers(center, error):
    image = image_with_block()
    if center[2] == 1200.0:
        image = np.where(image > 0, image + 1000, 0)  # beyond the cube's far face
    with pytest.raises(error):
        HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), made_up_preset()).predict(image, center=center)


def test_arrays_that_are_no_depth_image():
    estimator = HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), made_up_preset())
    with pytest.raises(InputError, match="metres"):
        estimator.predict(image_with_block() / 1000.0, center=CENTER)
    with pytest.raises(InputError, match="shape"):
        estimator.predict(np.zeros((10, 10, 3)), center=CENTER)
    with pytest.raises(ValueError, match="hand is one of"):
        estimator.predict(image_with_block(), center=CENTER, hand="both")


@pytest.mark.parametrize("hand", ["right", "left"])
def test_of_both_hands_the_network_says_which_it_is(locator, hand):
    image = image_with_block()
    u, v, d = (int(each) for each in CENTER)
    more = slice(u, u + 90) if hand == "right" else slice(u - 90, u)
    image[v - 40 : v + 40, more] = d
    puppet = PuppetNetwork(np.zeros((14, 3)))
    estimator = HandPoseEstimator(puppet, made_up_preset())
    assert estimator.predict(image, center=CENTER, hand="auto").hand == hand
    # Either way, and as it says neither, from four places beside.
    assert len(puppet.crops) == 10
    assert estimator.predict(image, hand="auto").hand == hand
    assert locator.asked == [("nyu", 1)]
    assert {estimator.predict(image, hand=told).hand for told in ("right", "left")} == {"right", "left"}


def test_a_model_of_an_earlier_version_is_refused(monkeypatch):
    puppet = PuppetNetwork(np.zeros((14, 3)))
    earlier = {name: value for name, value in puppet.run(np.ones((128, 128))).items() if name != "hand"}
    puppet.run = lambda crop: earlier
    monkeypatch.setattr(hand_pose_estimator, "open_runtime", lambda path, threads: puppet)
    with pytest.raises(WeightsError, match="earlier cn_zoo"):
        HandPoseEstimator.from_pretrained("nyu")


@pytest.mark.parametrize("file", ["locator/judge.onnx", "locator/finder.onnx", "icvl/estimator.onnx"])
def test_another_network_than_the_records_is_refused(tmp_path, file):
    """The file lies beside a record of NYU's joints, and has none inside."""
    for name, source in (("preset.json", "nyu/preset.json"), ("net.onnx", file)):
        shutil.copy(PRETRAINED / source, tmp_path / name)
    model = onnx.load(tmp_path / "net.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(WeightsError, match=r"net\.onnx: is no (network that takes a crop|estimator of 14 joints)"):
        HandPoseEstimator.from_pretrained(tmp_path / "net.onnx")


def test_a_file_of_another_runtime_than_the_wanted_is_refused():
    path = weights_path("nyu", "onnx")
    for runtime in ("tflite", "keras"):
        with pytest.raises(WeightsError, match=f"no file for the runtime {runtime}"):
            HandPoseEstimator.from_pretrained(path, runtime)
    HandPoseEstimator.from_pretrained(path, "onnx")


def test_a_prediction_may_use_as_many_threads_as_it_is_told(monkeypatch):
    told = []

    def opened(path, threads):
        told.append(threads)
        return open_runtime(path, threads)

    monkeypatch.setattr(hand_pose_estimator, "open_runtime", opened)
    HandPoseEstimator.from_pretrained("nyu", threads=3)
    assert told == [3]


@pytest.mark.parametrize("content", ["judge", "text"])
def test_a_cached_file_of_no_known_hash_that_is_no_estimator_is_fetched_anew(monkeypatch, tmp_path, content):
    """Its own hash, written down when it was fetched, would vouch for it for ever."""
    monkeypatch.setenv("CN_ZOO_HOME", str(tmp_path))
    path, note = tmp_path / "net.onnx", tmp_path / "net.onnx.sha256"
    shutil.copy(PRETRAINED / "nyu/preset.json", tmp_path)
    path.write_bytes((PRETRAINED / "locator/judge.onnx").read_bytes() if content == "judge" else b"no network")
    note.write_text("0123")
    with pytest.raises(WeightsError):
        HandPoseEstimator.from_pretrained(path)
    assert not path.exists()
    assert not note.exists()


def test_nets_are_no_estimator():
    with pytest.raises(WeightsError, match="holds the nets; give its folder"):
        HandPoseEstimator.from_pretrained(weights_path("nyu-paper", "nets"))


@pytest.mark.parametrize("border", ["left", "right", "top", "bottom"])
def test_a_centre_beyond_the_border_is_one_while_some_of_its_crop_is_in_the_image(border):
    estimator, image = HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), made_up_preset()), image_with_block()
    u, v, d = CENTER
    axis, size = (1, 640) if border in ("left", "right") else (0, 480)
    start = border in ("left", "top")
    half = 125 * (estimator.camera.fx if axis else estimator.camera.fy) / d

    def beyond(off):
        place = -off if start else size + off
        return (place, v, d) if axis else (u, place, d)

    at_the_border = np.roll(image, (0 if start else size) - round(u if axis else v), axis=axis)
    assert estimator.predict(at_the_border, center=beyond(10.0)).center_uvd == beyond(10.0)
    with pytest.raises(InputError, match="outside"):
        estimator.predict(image, center=beyond(half + 1))


@pytest.mark.parametrize(("hand", "other"), [("right", "left"), ("left", "right")])
def test_a_hand_that_is_surely_of_the_other_side_is_said_to_be(hand, other):
    def predict(told, *words):
        puppet = PuppetNetwork(np.zeros((14, 3)))
        answer, fits_side = puppet.run, iter(words)
        puppet.run = lambda crop: {**answer(crop), "hand": np.array([0.5, next(fits_side)], dtype=np.float32)}
        found = HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), center=CENTER, hand=told)
        return found.hand, found.looks_like

    assert predict(hand, 0.02, 0.98) == (hand, other)
    assert predict(hand, 0.98) == (hand, None)
    words = (0.02, 0.98) if hand == "left" else (0.98, 0.02)
    assert predict("auto", *words) == (hand, None)


def test_confidence_joins_that_there_is_a_hand_and_how_sure_its_joints_are(locator):
    hand = HandPoseEstimator(PuppetNetwork(np.zeros((14, 3)), sigma=0.4), made_up_preset()).predict(
        image_with_block(), hand="auto"
    )
    assert hand.confidence == pytest.approx(0.9 * 0.6827, abs=1e-3)


def test_several_hands_each_seen_both_ways(locator):
    puppet = PuppetNetwork(np.zeros((14, 3)))
    hands = HandPoseEstimator(puppet, made_up_preset()).predict_hands(image_with_block(), max_hands=3)
    # Each both ways, and as both are alike, from four places beside.
    assert len(puppet.crops) == 20
    assert [hand.center_uvd for hand in hands] == [CENTER, (270.0, 250.0, 700.0)]


def test_a_hand_is_what_both_networks_take_for_one(locator):
    usual = replace(made_up_preset(), sigma_mm=5.0)
    doubtful = replace(made_up_preset(), sigma_mm=0.2)  # the puppet's 5 mm are much for such a model
    likely, unlikely = (
        HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), each).predict_hands(image_with_block())
        for each in (usual, replace(usual, sigma_mm=3.5))
    )
    assert len(likely) == len(unlikely) == 2
    assert likely[0].confidence > unlikely[0].confidence
    locator.locations[:] = [HandLocation(CENTER, 0.5)]
    with pytest.raises(NoHandError, match="likeliest place is a hand with"):
        HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), doubtful).predict(image_with_block())


def test_a_far_off_center_is_looked_at_again_from_where_the_joints_are(locator):
    locator.locations.pop()
    puppet = PuppetNetwork(np.full((14, 3), 0.5))  # 25 mm to the right, down and behind
    hand = HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), hand="left")
    # This one is never content.
    assert len(puppet.crops) == 3
    first, last = (CAMERA.uvd_to_xyz(np.array(uvd)) for uvd in (CENTER, hand.center_uvd))
    assert 80 < np.linalg.norm(last - first) < 95
    puppet = PuppetNetwork(np.full((14, 3), 0.05))  # 4 mm off
    assert HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), hand="left").center_uvd == CENTER
    assert len(puppet.crops) == 1


def test_the_last_look_tells_the_side(locator):
    locator.locations.pop()
    puppet = PuppetNetwork(np.full((14, 3), 0.5))
    answer, fits_side = puppet.run, iter([0.999, 0.001, *2 * [0.001, 0.999]])
    puppet.run = lambda crop: {**answer(crop), "hand": np.array([0.5, next(fits_side)], dtype=np.float32)}
    hand = HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), hand="auto")
    assert hand.hand == "left"
    assert len(puppet.crops) == 6


@pytest.mark.parametrize("center", [CENTER, None], ids=["given", "found"])
def test_in_the_end_a_hand_is_looked_at_turned(locator, monkeypatch, center):
    monkeypatch.setattr(_image_looks, "_TURNS", (-0.3, 0.3))
    locator.locations.pop()
    puppet = PuppetNetwork(np.zeros((14, 3)))
    HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), center=center)
    assert len(puppet.crops) == 3
    np.testing.assert_array_equal(puppet.crops[1], turn_crop(puppet.crops[0], -0.3))


def test_joints_that_lead_away_from_the_hand_are_not_followed(locator):
    locator.locations.pop()
    puppet = PuppetNetwork(np.full((14, 3), 5.0))  # 250 mm to the right, down and behind: nothing is there
    hand = HandPoseEstimator(puppet, made_up_preset()).predict(image_with_block(), hand="left")
    assert hand.center_uvd == CENTER
    assert len(puppet.crops) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"center": (554, 332)}, ValueError, "three numbers"),
        ({"camera": (605, 605, 326, 243)}, TypeError, r"cn_zoo\.Camera"),
        ({"refine": -1}, ValueError, "0 or more"),
    ],
)
def test_arguments_that_cannot_be(arguments, error, word):
    estimator = HandPoseEstimator(PuppetNetwork(np.zeros((14, 3))), made_up_preset())
    with pytest.raises(error, match=word):
        estimator.predict(image_with_block(), **{"center": CENTER, **arguments})
