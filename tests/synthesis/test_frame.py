import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from cn_zoo.geometry import SKELETONS, HandCrop
from cn_zoo.synthesis import frame as frame_module
from cn_zoo.synthesis.frame import _window, draw_crop, draw_frame
from cn_zoo.synthesis.presets import PRESETS, SceneShares
from cn_zoo.synthesis.setting import draw_setting, render
from cn_zoo.synthesis.split import SPLITS, sample_generator
from cn_zoo.synthesis.visibility import LEAST_SEEN, share_seen

ALONE = SceneShares(body=0, wall=0, table=0, clutter=0, sleeve=0, second_hand=0, held=0, passing=0, border=0, boxed=0)


@pytest.fixture(scope="module", params=PRESETS)
def preset(request):
    return PRESETS[request.param]


@pytest.fixture(scope="module")
def crops(preset):
    return [draw_crop(preset, 5, index, "validation") for index in range(60)]


def test_crops_are_what_networks_expect(preset, crops):
    for crop in crops:
        assert crop.depth.shape == (128, 128) and crop.depth.dtype == np.float32
        assert crop.depth.min() >= -1 and crop.depth.max() <= 1
        assert crop.pose.shape == (len(SKELETONS[preset.name]), 3) and crop.pose.dtype == np.float32
        assert {name: len(pose) for name, pose in crop.poses.items()} == {n: len(SKELETONS[n]) for n in PRESETS}
        np.testing.assert_array_equal(crop.pose, crop.poses[preset.name])


def test_joints_lie_inside_the_cube(crops):
    half = 125 / 50
    inside = np.array([np.abs(crop.pose).max(axis=1) < half for crop in crops])
    assert inside.mean() > 0.99


def test_a_hand_fills_its_crop(crops):
    filled = np.array([(crop.depth < 1).mean() for crop in crops])
    assert (filled > 0.02).all()
    assert 0.08 < np.median(filled) < 0.6


def test_a_bare_preset_shows_nothing_but_the_hand(preset):
    assert preset.bare().scene == ALONE
    assert (preset.bare().sensors, preset.bare().views) == (preset.sensors, preset.views)


def test_a_lying_hand_has_its_table_right_behind_it(preset):
    lying, alone = (
        [draw_crop(replace(preset.own(), scene=scene), 5, index, jitter=False).depth for index in range(20)]
        for scene in (replace(ALONE, lying=1.0), ALONE)
    )
    table = [depth[(depth < 1) & (without == 1)] for depth, without in zip(lying, alone, strict=True)]
    assert np.mean([each.size for each in table]) > 0.5 * 128 * 128
    # In units of half the cube, 125 mm.
    assert np.median(np.concatenate(table)) < 0.6


def test_a_hand_at_rest_has_a_table_under_it_and_shows_its_back(preset):
    from_above = preset.at_rest()
    alone = replace(from_above, scene=ALONE)
    crops, without = ([draw_crop(each, 5, index, jitter=False) for index in range(30)] for each in (from_above, alone))
    table = [(crop.depth < 1) & (other.depth == 1) for crop, other in zip(crops, without, strict=True)]
    assert np.mean([each.sum() for each in table]) > 0.4 * 128 * 128
    poses = np.array([draw_frame(from_above, 5, index).joints["msra"] for index in range(60)])
    names = SKELETONS["msra"].joints
    wrist, index, little = (poses[:, names.index(name)] for name in ("wrist", "index_mcp", "little_mcp"))
    palm_is_away = np.cross(index - wrist, little - wrist)[:, 2] > 0
    assert 0.75 < palm_is_away.mean() < 1.0


@pytest.mark.parametrize("besides", ["resting", "widened"])
def test_only_training_sees_what_is_beside_the_preset_own(preset, besides):
    always, never = (replace(preset.own(), **{besides: share}) for share in (1.0, 0.0))
    for split in SPLITS:
        drawn = [draw_crop(each, 5, 3, split).depth for each in (always, never)]
        assert np.array_equal(*drawn) == (split != "train")


def test_training_is_widened_by_another_preset_conditions_with_the_own_joints():
    widened = replace(PRESETS["nyu"].own(), widened=1.0)
    frames = [draw_frame(widened, 5, index) for index in range(40)]
    own = PRESETS["nyu"].lenses[0]
    assert {frame.depth_mm.shape for frame in frames} != {(own.height, own.width)}
    assert np.median([frame.center_uvd[2] for frame in frames]) < PRESETS["nyu"].distance_mm[0]
    for frame in frames:
        center = frame.camera.uvd_to_xyz(np.array(frame.center_uvd))
        np.testing.assert_allclose(center, frame.joints["nyu"].mean(axis=0), atol=1e-6)


def test_the_cube_sits_off_the_centre_for_training_only(preset):
    jittered, centred = (
        [draw_crop(preset.own(), 5, index, jitter=jitter).crop for index in range(40)] for jitter in (True, False)
    )
    # The jitter is drawn last but for the sensor: the hand is the same one.
    offsets = np.array(
        [
            off.camera.uvd_to_xyz(off.center_uvd) - on.camera.uvd_to_xyz(on.center_uvd)
            for off, on in zip(jittered, centred, strict=True)
        ]
    )
    same = np.abs(offsets).max(axis=1) < 45
    assert same.mean() > 0.8
    assert 4.5 < offsets[same].std() < 9


def test_labels_lie_just_behind_the_surface_of_an_unhidden_hand(preset):
    alone = replace(preset.own(), scene=ALONE)
    behind = []
    for index in range(12):
        frame = draw_frame(alone, 2, index)
        uvd = frame.camera.xyz_to_uvd(frame.joints["msra"])
        columns, rows = np.rint(uvd[:, :2]).astype(int).T
        inside = (columns >= 0) & (columns < frame.depth_mm.shape[1]) & (rows >= 0) & (rows < frame.depth_mm.shape[0])
        seen = frame.depth_mm[rows[inside], columns[inside]]
        behind.append((uvd[inside, 2] - seen)[seen > 0])
    behind = np.concatenate(behind)
    assert 2 < np.median(behind) < 25
    assert (behind > -8).mean() > 0.9


def test_frames_have_the_benchmarks_camera_size_and_labels(preset):
    frame = draw_frame(preset.own(), 0, 1)
    lens = preset.lenses[0]
    assert frame.camera == lens.camera
    assert frame.depth_mm.shape == (lens.height, lens.width) and frame.depth_mm.dtype == np.float32
    assert frame.joints["nyu36"].shape == (36, 3)
    np.testing.assert_allclose(frame.joints["nyu36"][list(SKELETONS["nyu"].source_indices)], frame.joints["nyu"])
    mean = frame.joints[preset.name].mean(axis=0)
    np.testing.assert_allclose(frame.center_uvd, frame.camera.xyz_to_uvd(mean))
    assert frame.hand == "right"


def test_labels_are_right_hands(preset):
    joints = np.array([draw_frame(preset.own(), 1, index).joints[preset.name] for index in range(15)])
    assert SKELETONS[preset.name].handedness(joints) == "right"


def test_a_frame_tells_of_a_second_hand():
    preset = replace(PRESETS["msra"].own(), scene=replace(ALONE, second_hand=1.0))
    frames = [draw_frame(preset, 0, index) for index in range(30)]
    sides = [frame.second_hand for frame in frames]
    assert {"left", "right"} == set(sides) and sides.count("left") > sides.count("right")
    mirrored = frames[0].mirrored()
    assert {mirrored.second_hand, sides[0]} == {"left", "right"}
    assert mirrored.mirrored().second_hand == sides[0]
    alone = draw_frame(replace(preset, scene=ALONE), 0, 0)
    assert alone.second_hand == alone.mirrored().second_hand == ""


def test_a_crop_is_the_cube_cut_out_of_its_frame():
    """Without sensor noise, which draws anew for every window, rendering the window equals rendering all."""
    preset = PRESETS["nyu"].own()
    setting = draw_setting(preset, sample_generator(0, 4, "train"), "train", binned=False)
    lens = setting.lens
    whole = render(setting, lens.camera, lens.width, lens.height)
    crop = HandCrop(lens.camera, tuple(lens.camera.xyz_to_uvd(setting.center)))
    left, top, width, height = _window(crop, lens)
    camera = replace(lens.camera, cx=lens.camera.cx - left, cy=lens.camera.cy - top)
    u, v, d = crop.center_uvd
    window = HandCrop(camera, (u - left, v - top, d))
    np.testing.assert_allclose(window.cut(render(setting, camera, width, height)), crop.cut(whole), atol=1e-4)


def test_binning_changes_resolution_not_content():
    preset = replace(PRESETS["nyu"].own(), distance_mm=(500.0, 520.0), scene=ALONE)
    frame, crop = draw_frame(preset, 0, 0), draw_crop(preset, 0, 0, jitter=False)
    fine = HandCrop(frame.camera, frame.center_uvd)
    # The hand's place in the image differs by up to half a pixel, and so does the side it is seen from.
    np.testing.assert_allclose(fine.uvd_to_crop(frame.camera.xyz_to_uvd(frame.joints["nyu"])), crop.pose, atol=5e-3)
    assert fine.camera.fx * 250 / fine.center_uvd[2] > 256
    assert crop.crop.camera.fx * 250 / crop.crop.center_uvd[2] == pytest.approx(128, rel=0.08)
    assert np.mean(np.abs(fine.cut(frame.depth_mm) - crop.depth) > 0.1) < 0.05


def test_samples_depend_on_seed_split_and_index_only(preset):
    first = draw_crop(preset, 3, 7)
    draw_crop(preset, 3, 8)
    assert first.depth.tobytes() == draw_crop(preset, 3, 7).depth.tobytes()
    for other in (draw_crop(preset, 4, 7), draw_crop(preset, 3, 8), draw_crop(preset, 3, 7, "test")):
        assert other.depth.tobytes() != first.depth.tobytes()


def test_another_process_draws_the_same_bytes():
    program = (
        "import sys, numpy as np\n"
        "from cn_zoo.synthesis.frame import draw_crop, draw_frame\n"
        "from cn_zoo.synthesis.presets import PRESETS\n"
        "parts = [draw_crop(PRESETS['msra'], 11, 2).depth, draw_crop(PRESETS['msra'], 11, 2).pose,\n"
        "         draw_frame(PRESETS['icvl'], 11, 2).depth_mm]\n"
        "sys.stdout.buffer.write(b''.join(part.tobytes() for part in parts))\n"
    )
    theirs = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    crop = draw_crop(PRESETS["msra"], 11, 2)
    parts = [crop.depth, crop.pose, draw_frame(PRESETS["icvl"], 11, 2).depth_mm]
    assert theirs == b"".join(part.tobytes() for part in parts)


def test_only_the_cross_mesh_test_uses_the_other_mesh():
    assert {name for name, split in SPLITS.items() if split.mesh != "hand"} == {"test-webxr"}
    crop = draw_crop(PRESETS["msra"], 0, 0, "test-webxr")
    assert (crop.depth < 1).mean() > 0.02


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="split is one of train"):
        draw_crop(PRESETS["nyu"], 0, 0, "trian")
    with pytest.raises(ValueError, match="non-negative"):
        draw_crop(PRESETS["nyu"], -1, 0)
    with pytest.raises(ValueError, match="non-negative"):
        draw_frame(PRESETS["nyu"], 0, -1)


def test_a_mirrored_frame_is_one_of_the_other_hand():
    frame = draw_frame(PRESETS["icvl"], seed=3, index=1)
    mirrored = frame.mirrored()
    assert (frame.hand, mirrored.hand) == ("right", "left")
    np.testing.assert_array_equal(mirrored.depth_mm, frame.depth_mm[:, ::-1])
    for name, xyz in frame.joints.items():
        u, v, d = frame.camera.xyz_to_uvd(xyz).T
        expected = np.stack([frame.depth_mm.shape[1] - 1 - u, v, d], axis=1)
        np.testing.assert_allclose(mirrored.camera.xyz_to_uvd(mirrored.joints[name]), expected, atol=1e-6)
    center = mirrored.joints["icvl"].mean(axis=0)
    np.testing.assert_allclose(mirrored.camera.uvd_to_xyz(np.array(mirrored.center_uvd)), center, atol=1e-6)


@pytest.mark.parametrize("draw", [draw_frame, draw_crop])
def test_a_scene_that_hides_most_of_the_hand_is_drawn_again(draw, monkeypatch):
    """One in ten where everything is in the way; the last drawn is one in which enough is seen."""
    shares = []

    def spy(*arguments):
        shares.append(share_seen(*arguments))
        return shares[-1]

    monkeypatch.setattr(frame_module, "share_seen", spy)
    crowded = replace(ALONE, clutter=1.0, second_hand=1.0, held=1.0, passing=1.0, border=1.0)
    preset = replace(PRESETS["msra"].own(), scene=crowded)
    last, count = [], 0
    for index in range(30):
        shares.clear()
        draw(preset, 6, index)
        last.append(shares[-1])
        count += len(shares)
        assert all(share < LEAST_SEEN for share in shares[:-1])
    assert min(last) >= LEAST_SEEN
    assert count > 30
