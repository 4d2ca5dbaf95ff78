import numpy as np
import pytest
from made_up_preset import made_up_preset
from puppet_network import CENTER, PuppetNetwork, image_with_block

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import CAMERAS, HandCrop, turn_crop, turn_joints
from cn_zoo.inference._image_looks import _TURNS, ImageLooks
from cn_zoo.inference.localisation.hand_location import HandLocation

CAMERA = CAMERAS["nyu"]
PLACE = HandLocation(CENTER, 0.9)


def _looks(puppet, depth=None, **facts):
    return ImageLooks(puppet, made_up_preset(**facts), image_with_block() if depth is None else depth, CAMERA)


@pytest.mark.parametrize("side", ["right", "left"])
def test_a_hand_is_what_it_is_taken_for(side):
    puppet = PuppetNetwork(np.zeros((14, 3)))
    pose = _looks(puppet).at(PLACE, side)
    assert (pose.hand, pose.center_uvd, pose.confidence) == (side, CENTER, 0.9)
    assert len(puppet.crops) == 1
    right, left = _looks(puppet).both(PLACE)
    assert (right.hand, left.hand) == ("right", "left")
    np.testing.assert_array_equal(puppet.crops[0], puppet.crops[1 if side == "right" else 2])


@pytest.mark.parametrize("own", ["right", "left"])
def test_hands_of_the_side_that_the_network_does_not_know_are_seen_in_a_mirror(own):
    depth = image_with_block()
    depth[:, : round(CENTER[0])] = 0
    puppet = PuppetNetwork(np.zeros((14, 3)))
    looks = _looks(puppet, depth, hand=own)
    right, left = looks.both(PLACE)
    as_it_is = HandCrop(CAMERA, CENTER).cut(depth)
    mirrored = HandCrop(CAMERA, CENTER, mirror=True).cut(depth)
    for crop, pose in zip(puppet.crops, (right, left), strict=True):
        np.testing.assert_array_equal(crop, as_it_is if pose.hand == own else mirrored)


def test_where_nothing_is_no_hand_is_seen():
    nowhere = HandLocation((60.0, 60.0, 700.0), 0.9)
    for hand in ("right", "auto"):
        with pytest.raises(NoHandError, match="nothing within the crop cube around u 60, v 60, d 700 mm"):
            _looks(PuppetNetwork(np.zeros((14, 3)))).at(nowhere, hand)
    assert _looks(PuppetNetwork(np.zeros((14, 3)))).beside(nowhere) == []


@pytest.mark.parametrize(
    ("off", "further"),
    [(0.05, 0), (0.15, 2), (0.5, 2), (5.0, 0)],
    ids=["centred", "a little aside", "aside", "led away"],
)
def test_a_hand_off_centre_is_looked_at_from_where_its_joints_are(off, further):
    puppet = PuppetNetwork(np.full((14, 3), off))
    looks = _looks(puppet)
    pose = looks.at(PLACE, "right")
    centered = looks.centered(PLACE, pose, "right")
    assert len(puppet.crops) == 1 + further
    assert (centered is pose) == (further == 0)


def test_a_side_that_is_open_is_looked_at_from_places_beside():
    puppet = PuppetNetwork(np.zeros((14, 3)))
    # A right one at first sight; from most places beside, rather a left one.
    answer, fits_side = puppet.run, iter([0.7, 0.3, 0.6, 0.4, *3 * [0.2, 0.8]])
    puppet.run = lambda crop: {**answer(crop), "hand": np.array([0.5, next(fits_side)], dtype=np.float32)}
    hand = _looks(puppet).at(PLACE, "auto")
    assert hand.hand == "left"
    assert hand.center_uvd == CENTER
    assert len(puppet.crops) == 10
    # Seen from the right, the block lies to the left; as a left hand it is seen in a mirror.
    first, from_right, from_right_as_left = (np.argwhere(puppet.crops[seen] < 1).mean(axis=0) for seen in (0, 2, 3))
    assert first[1] - from_right[1] == pytest.approx(15 / 250 * 128, abs=1)
    assert from_right_as_left[1] - first[1] == pytest.approx(15 / 250 * 128, abs=1.5)


def test_a_side_that_is_clear_is_not_looked_at_again():
    puppet = PuppetNetwork(np.zeros((14, 3)))
    answer, fits_side = puppet.run, iter([0.999, 0.001])
    puppet.run = lambda crop: {**answer(crop), "hand": np.array([0.5, next(fits_side)], dtype=np.float32)}
    hand = _looks(puppet).at(PLACE, "auto")
    assert hand.hand == "right"
    assert len(puppet.crops) == 2


def test_a_hand_that_only_just_shows_has_no_looks_beside():
    depth = np.zeros((480, 640), dtype=np.float32)
    u, v, d = (int(each) for each in CENTER)
    # At the crop's left edge, so that one seen from the right holds nothing of it.
    depth[v - 30 : v + 30, u - 99 : u - 90] = d + np.arange(9) % 5
    puppet = PuppetNetwork(np.zeros((14, 3)))
    assert _looks(puppet, depth).at(PLACE, "auto").center_uvd == CENTER
    assert len(puppet.crops) == 8


@pytest.mark.parametrize("hand", ["right", "left"])
def test_joints_are_the_mean_of_three_looks(hand):
    """A network that is right but for what it adds to each look, and as sure of it as it says."""
    true = np.random.default_rng(0).uniform(-1, 1, (14, 3))
    angles, added, sigmas = (0.0, *_TURNS), (0.3, -0.1, 0.5), (0.1, 0.2, 0.4)
    seen_poses = [turn_joints(true + offset, angle) for offset, angle in zip(added, angles, strict=True)]
    puppet = PuppetNetwork(true)
    answer, seen = puppet.run, iter(zip(seen_poses, sigmas, strict=True))

    def run(crop):
        pose, sigma = next(seen)
        return {**answer(crop), "pose": pose.astype(np.float32), "sigma": np.full(14, sigma, np.float32)}

    puppet.run = run
    looks = _looks(puppet)
    found = looks.averaged_over_turns(looks.at(PLACE, hand))
    weights = np.array([100.0, 25.0, 6.25]) / 131.25
    np.testing.assert_allclose(found.crop.uvd_to_crop(found.uvd), true + weights @ added, atol=1e-5)
    np.testing.assert_allclose(found.camera.xyz_to_uvd(found.xyz), found.uvd, atol=1e-6)
    np.testing.assert_allclose(found.sigma, 50 * weights @ sigmas, rtol=1e-5)
    for crop, angle in zip(puppet.crops, angles, strict=True):
        np.testing.assert_array_equal(crop, turn_crop(found.crop.cut(looks.depth_mm), angle))


def test_looks_turned_to_either_side_leave_joints_as_they_are_turned():
    """A network that does not see the turns errs as much to one side as to the other."""
    joints = np.tile([1.0, 0.0, 0.0], (14, 1))
    looks = _looks(PuppetNetwork(joints))
    found = looks.averaged_over_turns(looks.at(PLACE, "right"))
    right, down, _ = found.crop.uvd_to_crop(found.uvd).T
    np.testing.assert_allclose(down, 0, atol=1e-6)
    assert (right < 0.99).all()
