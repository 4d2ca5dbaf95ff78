import numpy as np
import pytest

from cn_zoo.datasets.crop_augmentation import CropAugmentation, CropJitter


def spot(edge, right_px, down_px):
    """A patch whose only measurement lies so many pixels right of and below its centre."""
    patch = np.zeros((edge, edge), np.uint16)
    middle = edge // 2
    patch[middle + down_px - 1 : middle + down_px + 1, middle + right_px - 1 : middle + right_px + 1] = 500
    return patch


def centroid_px(crop):
    """Mean place (right, down) of the measurements, from the crop's centre."""
    rows, columns = np.nonzero(crop)
    return np.array([columns.mean(), rows.mean()]) - (len(crop) - 1) / 2


@pytest.mark.parametrize(
    "jitter",
    [
        CropJitter(),
        CropJitter(angle=np.pi / 2),
        CropJitter(angle=0.7),
        CropJitter(scale=1.3),
        CropJitter(shift_mm=(12.0, -8.0, 0.0)),
        CropJitter(angle=-2.0, scale=0.9, shift_mm=(-6.0, 10.0, 20.0)),
    ],
)
def test_image_and_pose_move_alike(jitter):
    pitch = 2.0
    crop = jitter.resample(spot(192, 20, -14), 128, pitch)
    pose = np.array([[20.0, -14.0, 0.0]]) * pitch
    moved = jitter.move(pose, unit_mm=1.0)[0]
    np.testing.assert_allclose(centroid_px(crop) * pitch, moved[:2], atol=0.75 * pitch)


def test_depth_moves_with_the_pose():
    jitter = CropJitter(scale=1.1, shift_mm=(0.0, 0.0, 30.0))
    np.testing.assert_allclose(jitter.move(np.array([[0.0, 0.0, 2.0]]), 50.0), [[0, 0, (100 - 30) / 50 * 1.1]])


def test_tilted_image_and_pose_move_alike():
    jitter = CropJitter(angle=0.7, scale=1.1, shift_mm=(6.0, 10.0, 5.0), tilt=(0.3, -0.4))
    pitch, center = 2.0, 520
    crop = jitter.resample(jitter.tilt_patch(spot(192, 20, -14), center, pitch), 128, pitch)
    pose = np.array([[20.0, -14.0, (500 - center) / pitch]]) * pitch
    moved = jitter.move(pose, unit_mm=1.0)[0]
    np.testing.assert_allclose(centroid_px(crop) * pitch, moved[:2], atol=pitch)
    depth = (np.mean(crop[crop > 0]) - center - jitter.shift_mm[2]) * jitter.scale
    assert depth == pytest.approx(moved[2], abs=pitch)


def test_nothing_beyond_the_patch():
    crop = CropJitter(shift_mm=(300.0, 0.0, 0.0)).resample(np.ones((192, 192), np.uint16), 128, 2.0)
    assert not crop[:, 60:].any() and crop[:, :20].any()


def test_draws_within_its_ranges_and_by_the_seed():
    augmentation = CropAugmentation(rotation_deg=30, scale=0.2, shift_mm=5, tilt_deg=15)
    drawn = [augmentation.draw(np.random.default_rng(seed)) for seed in range(200)]
    angles = np.degrees([jitter.angle for jitter in drawn])
    assert -30 <= min(angles) < -27 and 27 < max(angles) <= 30
    scales = [jitter.scale for jitter in drawn]
    assert 0.8 <= min(scales) < 0.82 and 1.18 < max(scales) <= 1.2
    assert np.std([jitter.shift_mm for jitter in drawn]) == pytest.approx(5, rel=0.1)
    assert np.std([jitter.tilt for jitter in drawn]) == pytest.approx(np.radians(15), rel=0.1)
    assert augmentation.draw(np.random.default_rng(3)) == drawn[3]
