import numpy as np
import pytest

from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.rotation import draw_rotation, random_rotation, turn


def test_rotations_are_rotations():
    rng = np.random.default_rng(0)
    drawn = [draw_rotation(preset.views, rng) for preset in PRESETS.values() for _ in range(20)]
    for matrix in [*drawn, random_rotation(rng), turn(20.0, -35.0, 170.0)]:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(matrix) == pytest.approx(1.0)


def test_half_a_turn_about_the_vertical_shows_the_back():
    # At rest the palm looks along -z, to the camera.
    np.testing.assert_allclose(turn(180.0, 0.0, 0.0) @ [0, 0, -1], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(turn(0.0, 0.0, 90.0) @ [0, -1, 0], [1, 0, 0], atol=1e-12)


def test_random_rotations_turn_everywhere():
    rng = np.random.default_rng(1)
    ends = np.array([random_rotation(rng)[:, 2] for _ in range(2000)])
    assert np.abs(ends.mean(axis=0)).max() < 0.06
    np.testing.assert_allclose((ends**2).mean(axis=0), 1 / 3, atol=0.03)


def test_palms_face_the_camera_as_before_the_benchmarks_cameras():
    rng = np.random.default_rng(0)
    facing = {
        name: np.array([draw_rotation(preset.views, rng)[2, 2] for _ in range(600)]) for name, preset in PRESETS.items()
    }
    off = {name: np.degrees(np.arccos(np.clip(cosines, -1, 1))) for name, cosines in facing.items()}
    assert np.median(off["icvl"]) < 30 < np.median(off["nyu"]) < 65
    for name in PRESETS:
        assert np.percentile(off[name], 97) > 120, "backs of hands are seen, too"
