from dataclasses import replace

import numpy as np
import pytest

from cn_zoo import HandTracker
from cn_zoo.errors import InputError, NoHandError
from cn_zoo.geometry import CAMERAS, SKELETONS, HandCrop
from cn_zoo.inference import HandPose, HandPoseEstimator
from cn_zoo.synthesis.presets import PRESETS, SceneShares
from cn_zoo.synthesis.sensors import SENSORS, sense
from cn_zoo.synthesis.setting import draw_setting, render
from cn_zoo.synthesis.split import sample_generator

CAMERA = CAMERAS["nyu"]
ROOM = np.broadcast_to(1500 + np.arange(640) % 7, (480, 640)).astype(np.uint16)
HAND_SHAPE = np.random.default_rng(0).uniform(-40, 40, (14, 3))
HAND_SHAPE -= HAND_SHAPE.mean(axis=0)


class _Scripted:
    """An estimator that knows where the hand is, and remembers where it was asked to look."""

    def __init__(self, place=(0.0, 0.0, 700.0)):
        self.camera, self.skeleton = CAMERA, SKELETONS["nyu"]
        self.place, self.confidence, self.side = np.array(place), 0.9, "right"
        self.findable = True
        self.asked = []

    def predict(self, depth_mm, camera, center, hand):
        self.asked.append((center, hand))
        near = center is not None and np.linalg.norm(camera.uvd_to_xyz(center) - self.place) < 125
        if not (near or (center is None and self.findable)):
            raise NoHandError("nothing here")
        xyz = self.place + HAND_SHAPE
        center = center or tuple(camera.xyz_to_uvd(self.place))
        return HandPose(
            xyz=xyz,
            uvd=camera.xyz_to_uvd(xyz),
            sigma=np.full(14, 10.0),
            latent=np.zeros(46),
            confidence=self.confidence,
            hand=self.side if hand == "auto" else hand,
            skeleton=self.skeleton,
            camera=camera,
            crop=HandCrop(camera, center),
        )

    @property
    def searches(self):
        return sum(center is None for center, _ in self.asked)


def test_the_frame_is_searched_once_and_the_hand_followed():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    for _ in range(10):
        hand = tracker.update(ROOM)
        assert np.linalg.norm(hand.xyz - estimator.place - HAND_SHAPE, axis=1).max() < 8
        estimator.place = estimator.place + [2.0, 0.0, 0.0]
    assert estimator.searches == 1
    assert len(estimator.asked) == 10
    np.testing.assert_allclose(hand.uvd, CAMERA.xyz_to_uvd(hand.xyz))


def test_a_still_hand_keeps_its_crop():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    rng = np.random.default_rng(0)
    crops = set()
    for _ in range(30):
        crops.add(tracker.update(ROOM).center_uvd)
        estimator.place = np.array([0, 0, 700]) + rng.normal(0, 1.5, 3)
    assert len(crops) == 1


def test_a_fast_hand_is_met_where_it_will_be():
    """2 m/s at 30 frames a second is 67 mm a frame, half a crop."""
    estimator = _Scripted((-600.0, 0.0, 1200.0))
    tracker = HandTracker(estimator)
    for _ in range(18):
        hand = tracker.update(ROOM)
        ahead = np.linalg.norm(CAMERA.uvd_to_xyz(hand.center_uvd) - estimator.place)
        estimator.place = estimator.place + [2000 / 30, 0.0, 0.0]
    assert ahead < 25
    assert estimator.searches == 1


def test_a_hand_that_was_not_shown_for_long_is_not_awaited_far_off():
    """Half a metre a second, and then no frame for a second, in which it stays."""
    estimator = _Scripted((-300.0, 0.0, 1200.0))
    tracker = HandTracker(estimator)
    for number in range(18):
        tracker.update(ROOM, time=number / 30)
        estimator.place = estimator.place + [500 / 30, 0.0, 0.0]
    tracker.update(ROOM, time=18 / 30 + 1.0)
    assert estimator.searches == 1


def test_a_hand_that_moved_aside_is_looked_at_again_from_where_it_is():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    tracker.update(ROOM)
    estimator.place = estimator.place + [60.0, 0.0, 0.0]
    hand = tracker.update(ROOM)
    np.testing.assert_allclose(CAMERA.uvd_to_xyz(hand.center_uvd), estimator.place)
    assert (len(estimator.asked), estimator.searches) == (3, 1)


def test_frames_of_another_camera_than_the_models():
    camera, estimator = CAMERAS["icvl"], _Scripted()
    tracker = HandTracker(estimator, camera=camera)
    for _ in range(2):
        hand = tracker.update(ROOM)
        assert hand.camera == camera
        np.testing.assert_allclose(hand.uvd, camera.xyz_to_uvd(hand.xyz))
    assert estimator.searches == 1


def test_a_given_centre_starts_the_sequence_and_is_trusted():
    estimator = _Scripted()
    tracker = HandTracker(estimator, center=(320.0, 240.0, 700.0))
    estimator.confidence, estimator.findable = 0.5, False
    tracker.update(ROOM)
    estimator.confidence = 0.9
    tracker.update(ROOM)
    assert estimator.searches == 1


def test_a_hand_that_jumped_is_found_and_not_smoothed_on_the_way():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    tracker.update(ROOM)
    estimator.place = np.array([300.0, 100.0, 900.0])
    hand = tracker.update(ROOM)
    assert estimator.searches == 2
    np.testing.assert_allclose(hand.xyz, estimator.place + HAND_SHAPE)


def test_lost_and_found_again():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    tracker.update(ROOM)
    estimator.findable, place = False, estimator.place
    estimator.place = np.full(3, 1e6)
    for _ in range(3):
        with pytest.raises(NoHandError):
            tracker.update(ROOM)
    estimator.findable, estimator.place = True, place + [30.0, 0.0, 0.0]
    # A blink is the same hand: smoothing goes on.
    assert 0 < tracker.update(ROOM).xyz.mean(axis=0)[0] < 30
    assert estimator.asked[-1][0] is None


def test_found_after_long_it_is_another_hand():
    estimator = _Scripted()
    tracker = HandTracker(estimator)
    tracker.update(ROOM, time=1.0)
    estimator.place = estimator.place + [30.0, 0.0, 0.0]
    assert tracker.update(ROOM, time=3.0).xyz.mean(axis=0)[0] == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("place", "step"),
    [
        ((370.0, 0.0, 700.0), (20.0, 0.0, 0.0)),
        ((-370.0, 0.0, 700.0), (-20.0, 0.0, 0.0)),
        ((0.0, 270.0, 700.0), (0.0, 20.0, 0.0)),
        ((0.0, -270.0, 700.0), (0.0, -20.0, 0.0)),
        ((0.0, 0.0, 2985.0), (0.0, 0.0, 20.0)),
        ((0.0, 0.0, 65.0), (0.0, 0.0, -20.0)),
    ],
    ids=["right", "left", "below", "above", "too far", "too near"],
)
def test_a_hand_that_left_the_image_is_searched(place, step):
    estimator = _Scripted(place)
    tracker = HandTracker(estimator)
    for _ in range(3):
        tracker.update(ROOM)
        estimator.place = estimator.place + step
    assert estimator.searches == 2


@pytest.mark.parametrize(("rate", "frames"), [(30.0, 9), (8.0, 2)])
def test_a_doubtful_hand_is_believed_for_a_moment_only(rate, frames):
    estimator = _Scripted()
    tracker = HandTracker(estimator, rate)
    tracker.update(ROOM)
    estimator.confidence, estimator.findable = 0.4, False
    for _ in range(frames):
        tracker.update(ROOM)
    assert estimator.searches == frames + 1
    with pytest.raises(NoHandError):
        tracker.update(ROOM)


def test_a_clearer_hand_elsewhere_is_taken_when_there_is_doubt():
    class _Drifted(_Scripted):
        """Follows an elbow; a search sees the hand."""

        def predict(self, depth_mm, camera, center, hand):
            self.confidence = 0.9 if center is None else 0.5
            self.place = np.array([200.0, 0.0, 700.0] if center is None else [0.0, 0.0, 700.0])
            return super().predict(depth_mm, camera, center, hand)

    tracker = HandTracker(_Drifted(), center=(320.0, 240.0, 700.0))
    assert tracker.update(ROOM).xyz.mean(axis=0)[0] == pytest.approx(200.0)


def test_one_side_is_kept_over_the_sequence():
    estimator = _Scripted()
    estimator.side = "left"
    tracker = HandTracker(estimator, hand="auto")
    for index in range(40):
        estimator.side = "right" if index % 5 == 4 else "left"
        assert tracker.update(ROOM).hand == "left"
    assert {hand for _, hand in estimator.asked[-10:]} == {"left"}


def test_a_first_frame_that_errs_does_not_settle_the_side():
    estimator = _Scripted()
    tracker = HandTracker(estimator, hand="auto")
    tracker.update(ROOM)
    estimator.side = "left"
    sides = [tracker.update(ROOM).hand for _ in range(20)]
    assert set(sides[2:]) == {"left"}


def test_another_hand_is_of_its_own_side():
    estimator = _Scripted()
    tracker = HandTracker(estimator, hand="auto")
    for _ in range(20):
        assert tracker.update(ROOM).hand == "right"
    estimator.place, estimator.side = np.array([300.0, 100.0, 900.0]), "left"
    sides = [tracker.update(ROOM).hand for _ in range(20)]
    assert set(sides) == {"left"}


def test_a_given_side_is_what_the_estimator_is_asked_for():
    estimator = _Scripted()
    assert HandTracker(estimator, hand="left").update(ROOM).hand == "left"
    assert estimator.asked == [(None, "left")]


def test_frames_of_another_size_are_refused_and_the_next_goes_on():
    tracker = HandTracker(_Scripted())
    tracker.update(ROOM)
    with pytest.raises(InputError, match="320x240"):
        tracker.update(ROOM[::2, ::2])
    tracker.update(ROOM)


def test_arrays_that_are_no_depth_image():
    with pytest.raises(InputError, match="shape"):
        HandTracker(_Scripted()).update(np.zeros((4, 4, 3)))


def test_misuse():
    with pytest.raises(ValueError, match="hand is one of"):
        HandTracker(_Scripted(), hand="both")
    with pytest.raises(ValueError, match="positive"):
        HandTracker(_Scripted(), rate=0)
    tracker = HandTracker(_Scripted())
    tracker.update(ROOM, time=1.0)
    with pytest.raises(ValueError, match="does not follow"):
        tracker.update(ROOM, time=1.0)


class _Scene:
    """A synthetic hand that can be moved, before a camera whose noise changes from frame to frame."""

    def __init__(self, index):
        alone = SceneShares(
            body=0, wall=1, table=0, clutter=0, sleeve=0, second_hand=0, held=0, passing=0, border=0, boxed=0
        )
        rng = sample_generator(3, index, "test")
        self._setting = draw_setting(replace(PRESETS["nyu"].own(), scene=alone), rng, "test", binned=False)
        self.camera = self._setting.lens.camera
        self.joints = self._setting.joints["nyu"]
        self.center = tuple(self.camera.xyz_to_uvd(self.joints.mean(axis=0)))

    def frame(self, number, moved_mm=0.0):
        """The hand moved to the right, with the noise of this frame."""
        setting, offset = self._setting, np.array([moved_mm, 0, 0], np.float32)
        meshes = tuple((vertices + offset, faces) for vertices, faces in setting.meshes)
        lens = setting.lens
        depth = render(replace(setting, meshes=meshes), lens.camera, lens.width, lens.height)
        return sense(depth, lens.camera, SENSORS[setting.sensor], np.random.default_rng((7, number)))


@pytest.fixture(scope="module")
def estimator():
    return HandPoseEstimator.from_pretrained("nyu")


def test_jitter_of_still_synthetic_hands_is_a_third_or_less(estimator):
    single, tracked = [], []
    for index in (1, 8):
        scene = _Scene(index)
        tracker = HandTracker(estimator, 60, scene.camera, scene.center)
        frames = [scene.frame(number) for number in range(45)]
        # The harder comparison: single frames are given the true centre, so that it does not jitter.
        single.append([estimator.predict(frame, scene.camera, scene.center).xyz for frame in frames[15:]])
        tracked.append([tracker.update(frame).xyz for frame in frames][15:])
    jitter = [np.sqrt(np.var(hands, axis=1).sum(axis=-1).mean()) for hands in (single, tracked)]
    assert jitter[0] > 0.5
    assert jitter[0] / jitter[1] > 3


def test_a_synthetic_hand_shaken_at_up_to_a_metre_a_second_lags_less_than_30_ms(estimator):
    scene = _Scene(1)
    tracker = HandTracker(estimator, 60, scene.camera, scene.center)
    time = np.arange(75) / 60
    way = 100 * np.sin(1000 / 100 * time)
    hands = [tracker.update(scene.frame(number, moved)) for number, moved in enumerate(way)]
    shown = np.array([hand.xyz[:, 0].mean() for hand in hands])
    delays = np.linspace(0, 0.15, 301)
    lag = delays[np.argmin([np.var(np.interp(time - delay, time, way) - shown) for delay in delays])]
    assert 0 < lag < 0.030
    offsets = [scene.camera.uvd_to_xyz(hand.center_uvd) - scene.joints.mean(axis=0) for hand in hands]
    assert np.abs([offset - [moved, 0, 0] for offset, moved in zip(offsets, way, strict=True)]).max() < 60
