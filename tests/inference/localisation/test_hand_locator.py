"""The hand locator with the weights that are shipped, on synthetic frames that nothing was trained on."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from cn_zoo.errors import NoHandError, WeightsError
from cn_zoo.geometry import CAMERAS, LABELLED, Camera
from cn_zoo.inference.localisation import hand_locator
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.locator_frame import draw_locator_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo.locator_record import LOCATOR_FOLDER

FRAMES = 40
LOCATOR = HandLocator.load()


def _miss(frame, location):
    places = [frame.camera.uvd_to_xyz(np.array(uvd)) for uvd in (frame.center_uvd, location.center_uvd)]
    return float(np.linalg.norm(places[0] - places[1]))


def _mirrored(depth, camera):
    return np.ascontiguousarray(depth[:, ::-1]), camera.mirrored(depth.shape[1])


def _locate(depth, camera, skeleton="msra", hand="auto"):
    try:
        return LOCATOR.locate(depth, camera, skeleton, hand=hand)[0]
    except NoHandError:
        return None


@cache
def _found(name):
    """Frames of a preset, what was found in each, and in its mirror image."""
    results = []
    for number in range(FRAMES):
        frame = draw_frame(PRESETS[name], 21, number, "test-webxr")
        mirrored = _mirrored(frame.depth_mm, frame.camera)
        location = _locate(frame.depth_mm, frame.camera, name, "right")
        results.append((frame, location, _locate(*mirrored, name, "left")))
    return results


@pytest.fixture(params=PRESETS)
def found(request):
    return _found(request.param)


def test_centers_of_every_preset(found):
    misses = [_miss(frame, location) if location else np.inf for frame, location, _ in found]
    assert np.mean(np.array(misses) < 30) >= 0.7
    assert np.median(misses) < 20


def test_hands_are_not_refused(found):
    assert sum(location is None for _, location, _ in found) <= 0.125 * FRAMES


def test_a_right_hand_looks_more_like_one_than_its_mirror_image():
    results = [each for name in PRESETS for each in _found(name)]
    told = [location.right > mirrored.right for _, location, mirrored in results if location and mirrored]
    assert np.mean(told) >= 0.6


def test_a_mirrored_frame_gives_the_mirrored_place(found):
    off = []
    for frame, location, mirrored in found:
        if location and mirrored:
            u, v, d = mirrored.center_uvd
            back = (frame.depth_mm.shape[1] - 1 - u, v, d)
            off.append(np.linalg.norm(np.subtract(*frame.camera.uvd_to_xyz(np.array([back, location.center_uvd])))))
    assert np.median(off) < 15


def test_frames_without_a_hand_are_refused():
    refused = shown = number = 0
    while shown < FRAMES:
        frame = draw_locator_frame(21, number, "test")
        number += 1
        if frame.seen.any():
            continue
        shown += 1
        refused += _locate(frame.depth_mm, frame.camera) is None
    assert refused >= 0.85 * FRAMES


def _two_hands():
    """A right hand on the left of the image, and its mirror image on the right."""
    frame = draw_frame(PRESETS["icvl"].own(), 3, 4, "test")
    u, _, d = frame.center_uvd
    height, width = frame.depth_mm.shape
    half = round(100 * frame.camera.fx / d)
    hand = np.zeros((height, 2 * half), np.float32)
    columns = np.arange(round(u) - half, round(u) + half)
    inside = (columns >= 0) & (columns < width)
    hand[:, inside] = frame.depth_mm[:, columns[inside]]
    hand[np.abs(hand - d) > 100] = 0
    depth = np.zeros((height, 6 * half), np.float32)
    depth[:, : 2 * half], depth[:, -2 * half :] = hand, hand[:, ::-1]
    return depth, Camera(frame.camera.fx, frame.camera.fy, 3 * half, frame.camera.cy)


def test_two_hands():
    depth, camera = _two_hands()
    middle = depth.shape[1] / 2
    both = LOCATOR.locate(depth, camera, max_hands=2)
    assert sorted(hand.center_uvd[0] < middle for hand in both) == [False, True]
    for hand, is_left_half in (("right", True), ("left", False)):
        (wanted,) = LOCATOR.locate(depth, camera, hand=hand)
        assert (wanted.center_uvd[0] < middle) == is_left_half


def test_hands_that_are_known_are_left_out():
    depth, camera = _two_hands()
    before = depth.copy()
    both = LOCATOR.locate(depth, camera, max_hands=2)
    for known, other in (both, both[::-1]):
        rest = LOCATOR.candidates(depth, camera, known=[known.center_uvd])
        places = [camera.uvd_to_xyz(np.array(each.center_uvd)) for each in (known, other, *rest)]
        assert np.linalg.norm(places[2] - places[1]) < 10 and rest[0].confidence > 0.8
        assert all(np.linalg.norm(place - places[0]) > 60 for place in places[2:])
    rest = LOCATOR.candidates(depth, camera, known=[each.center_uvd for each in both])
    assert all(each.confidence < LOCATOR.record.threshold for each in rest)
    np.testing.assert_array_equal(depth, before)


def test_a_hand_behind_another_is_found_once_that_is_known():
    """On frames with a second hand the finder's map shows one peak more often than two."""
    frames = (draw_locator_frame(31, number, "test-webxr") for number in range(160))
    frames = [frame for frame in frames if len(frame.seen) == 2 and frame.seen.min() > 0.5]
    found = {"at once": 0, "one after the other": 0}
    for frame in frames:
        first = LOCATOR.candidates(frame.depth_mm, frame.camera, max_hands=2)
        then = LOCATOR.candidates(frame.depth_mm, frame.camera, known=[first[0].center_uvd])
        found["at once"] += _all_met(frame, first)
        found["one after the other"] += _all_met(frame, [first[0], *then])
    assert len(frames) > 15
    assert found["one after the other"] >= found["at once"] + 0.1 * len(frames)


def _all_met(frame, places):
    places = frame.camera.uvd_to_xyz(np.array([each.center_uvd for each in places]))
    off = np.linalg.norm(frame.centers[:, LABELLED.index("msra"), None] - places, axis=-1)
    return bool((off.min(axis=1) < 60).all())


@pytest.mark.parametrize("scale", [0.5, 2])
def test_the_same_hand_before_another_camera(scale):
    frame = draw_frame(PRESETS["nyu"].own(), 3, 2, "test")
    (found,) = LOCATOR.locate(frame.depth_mm, frame.camera)
    depth = frame.depth_mm[::2, ::2] if scale < 1 else frame.depth_mm.repeat(2, 0).repeat(2, 1)
    camera = frame.camera
    # Pixel centres are at integers: half a pixel of shift.
    camera = Camera(
        camera.fx * scale, camera.fy * scale, (camera.cx + 0.5) * scale - 0.5, (camera.cy + 0.5) * scale - 0.5
    )
    (other,) = LOCATOR.locate(depth, camera)
    places = camera.uvd_to_xyz(np.array(other.center_uvd)), frame.camera.uvd_to_xyz(np.array(found.center_uvd))
    assert np.linalg.norm(places[0] - places[1]) < 12


def test_every_skeleton_has_its_own_center():
    frame = draw_frame(PRESETS["icvl"], 21, 0, "test")
    centers = {name: LOCATOR.locate(frame.depth_mm, frame.camera, name)[0].center_uvd for name in PRESETS}
    assert len(set(centers.values())) == 3
    with pytest.raises(ValueError, match="mano"):
        LOCATOR.locate(frame.depth_mm, frame.camera, "mano")


def test_integers_and_holes():
    frame = draw_frame(PRESETS["icvl"].own(), 3, 4, "test")
    (found,) = LOCATOR.locate(frame.depth_mm, frame.camera)
    whole = LOCATOR.locate(np.rint(frame.depth_mm).astype(np.uint16), frame.camera)[0]
    np.testing.assert_allclose(whole.center_uvd, found.center_uvd, atol=3)
    holes = np.where(frame.depth_mm == 0, np.nan, frame.depth_mm)
    np.testing.assert_allclose(LOCATOR.locate(holes, frame.camera)[0].center_uvd, found.center_uvd, atol=1e-3)


NOTHING = {
    "empty": np.zeros((480, 640), np.float32),
    "nan": np.full((480, 640), np.nan, np.float32),
    "wall": np.full((480, 640), 900, np.float32),
    "too far": np.full((480, 640), 5000, np.float32),
    "noise": np.random.default_rng(0).uniform(200, 3000, (480, 640)).astype(np.float32),
    "one pixel": np.full((1, 1), 600, np.float32),
    "a line": np.full((3, 400), 600, np.float32),
}


@pytest.mark.parametrize("depth", NOTHING.values(), ids=NOTHING)
def test_no_hand_in_the_picture(depth):
    with pytest.raises(NoHandError) as caught:
        LOCATOR.locate(depth, CAMERAS["nyu"])
    assert "\n" not in str(caught.value)


def test_less_than_one_hand():
    with pytest.raises(ValueError, match="max_hands"):
        LOCATOR.locate(NOTHING["wall"], CAMERAS["nyu"], max_hands=0)


def _copy(folder):
    for path in LOCATOR_FOLDER.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())


def test_damaged_files_are_not_loaded(tmp_path):
    _copy(tmp_path)
    network = tmp_path / "judge.onnx"
    network.write_bytes(network.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match=r"judge\.onnx.*hash"):
        HandLocator.load(tmp_path)
    network.unlink()
    with pytest.raises(WeightsError, match="missing"):
        HandLocator.load(tmp_path)
    (tmp_path / "locator.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"locator\.json"):
        HandLocator.load(tmp_path)


def test_without_files_there_is_no_locator(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere.*locator\.json: is missing.*install cn_zoo again") as caught:
        HandLocator.load(tmp_path / "nowhere")
    assert "\n" not in str(caught.value)


def test_who_can_do_without_the_locator_is_told_that_it_is_missing(tmp_path):
    """Geometry alone then answers, much worse."""
    with pytest.warns(UserWarning, match=r"locator\.json: is missing.*install cn_zoo again"):
        assert HandLocator.find(tmp_path) is None


def test_a_locator_that_is_there_is_found_or_refused(tmp_path):
    assert HandLocator.find(LOCATOR_FOLDER) is HandLocator.load(LOCATOR_FOLDER)
    (tmp_path / "locator.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"locator\.json"):
        HandLocator.find(tmp_path)


class _Puppets:
    """A finder that names places, and a judge whose answers come in turn; both remember what they were asked.

    A judge's answer is its log odds of a hand, and how far in mm the centres are to the right of the place.
    """

    def __init__(self, places, answers):
        self.places_xyz, self._answers = np.array([[x, 0.0, 700.0] for x, _ in places]), iter(answers)
        self._odds = np.array([odds for _, odds in places])
        self.crops, self.geometry_asked = [], 0

    def places(self, view, count):
        return self.places_xyz[:count], self._odds[:count]

    def run(self, crop):
        self.crops.append(crop)
        odds, aside_mm = next(self._answers)
        return {"hand": np.array([odds, 0.0]), "centers": np.tile([aside_mm / 50, 0.0, 0.0], (3, 1))}


@pytest.fixture
def puppets(monkeypatch):
    """A locator of puppets: the finder's ``places`` (x mm, log odds), the judge's ``answers``, and what is asked."""

    def make(places, answers, geometry=None, **score):
        puppets = _Puppets(places, answers)

        def by_geometry(depth_mm, camera):
            puppets.geometry_asked += 1
            if geometry is None:
                raise NoHandError("none")
            return HandLocation(tuple(camera.xyz_to_uvd(np.array([geometry, 0.0, 700.0]))), 0.5)

        monkeypatch.setattr(hand_locator, "HandFinder", lambda path: puppets)
        monkeypatch.setattr(hand_locator, "open_runtime", lambda path: puppets)
        monkeypatch.setattr(hand_locator, "locate_hand", by_geometry)
        score = {"bias": 0.0, "finder": 0.0, "judge": 1.0, **score}
        return HandLocator(SimpleNamespace(path=lambda kind: kind, score=score, threshold=0.5)), puppets

    return make


EMPTY = np.zeros((480, 640), np.float32)


def _lefts(found):
    """The x of what was found, in whole mm."""
    return [round(float(CAMERAS["nyu"].uvd_to_xyz(np.array(each.center_uvd))[0])) for each in found]


def test_the_likeliest_place_comes_first_whatever_the_finder_preferred(puppets):
    locator, _ = puppets([(-200, 3.0), (0, 2.0), (200, 1.0)], [(1.0, 0), (4.0, 0), (2.0, 0)])
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [0, 200, -200]


def test_of_one_hand_the_likeliest_place_stays(puppets):
    locator, _ = puppets([(0, 3.0), (30, 2.0)], [(1.0, 0), (4.0, 0)])
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [30]


def test_more_places_are_looked_at_where_more_hands_are_wanted(puppets):
    places = [(x, 1.0) for x in range(-400, 401, 100)]
    counts = []
    for max_hands in (1, 2, 4):
        locator, _ = puppets(places, 9 * [(4.0, 0)])
        counts.append(len(locator.candidates(EMPTY, CAMERAS["nyu"], max_hands=max_hands)))
    assert counts[0] > 1
    assert counts == [counts[0], counts[0] + 1, counts[0] + 3]


def test_a_place_below_the_records_threshold_is_no_hand(puppets):
    locator, _ = puppets([(0, 0.0)], [(0.1, 0)])
    assert _lefts(locator.locate(EMPTY, CAMERAS["nyu"])) == [0]
    locator, _ = puppets([(0, 0.0)], [(-0.1, 0)])
    with pytest.raises(NoHandError, match="with 48%"):
        locator.locate(EMPTY, CAMERAS["nyu"])


def test_probability_joins_what_both_networks_say_by_the_records_weights(puppets):
    locator, _ = puppets([(0, 3.0)], [(1.5, 0)], bias=-1.0, finder=0.25, judge=0.5)
    (found,) = locator.candidates(EMPTY, CAMERAS["nyu"])
    assert found.confidence == pytest.approx(1 / (1 + np.exp(1.0 - 0.75 - 0.75)))


@pytest.mark.parametrize(("aside_mm", "is_seen"), [(135, True), (-135, True), (165, False), (-165, False)])
def test_the_judge_sees_150_mm_around_a_place(puppets, aside_mm, is_seen):
    locator, asked = puppets([(0, 0.0)], [(4.0, 0)])
    depth, camera = EMPTY.copy(), CAMERAS["nyu"]
    u, v, _ = camera.xyz_to_uvd(np.array([aside_mm, 0.0, 700.0])).round().astype(int)
    depth[v - 5 : v + 6, u - 5 : u + 6] = 700
    locator.candidates(depth, camera)
    assert (asked.crops[0] < 1).any() == is_seen


def test_geometry_is_asked_where_no_place_is_surely_a_hand(puppets):
    locator, asked = puppets([(0, 0.0)], [(1.0, 0), (3.0, 0)], geometry=-200)
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [-200, 0]
    locator, asked = puppets([(0, 0.0)], [(4.0, 0)], geometry=-200)
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [0]
    assert asked.geometry_asked == 0
    # It may name none, either.
    locator, asked = puppets([(0, 0.0)], [(1.0, 0)])
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [0]
    assert asked.geometry_asked == 1


def test_a_place_far_off_the_hand_is_looked_at_again_from_the_hand(puppets):
    locator, asked = puppets([(0, 0.0)], [(4.0, 40), (6.0, 5)])
    (found,) = locator.candidates(EMPTY, CAMERAS["nyu"])
    assert _lefts([found]) == [45]
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-6.0)))
    locator, asked = puppets([(0, 0.0)], [(4.0, 10)])
    assert _lefts(locator.candidates(EMPTY, CAMERAS["nyu"])) == [10]
    assert len(asked.crops) == 1
