from dataclasses import replace

import numpy as np
import pytest
from untrained_model import save_untrained_model

import cn_zoo
from cn_zoo.errors import WeightsError
from cn_zoo.inference.latent_refinement import refine_latent
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import FileRecord
from cn_zoo.zoo.save_preset import save_preset

RNG = np.random.default_rng(0)
WAYS = RNG.normal(size=(4, 128, 128)) * 0.05
#: Deviations of the two joints of these hands: nothing is known of them.
UNSURE = np.full(2, 1e3)


def synthesize(latents):
    """Depth maps that bend with the latents, so that one step is not enough; two joints, of two latents each."""
    depth = np.tanh(np.einsum("bl,lij->bij", latents, WAYS))
    pose = np.stack([latents[:, [0, 1, 1]], latents[:, [2, 3, 3]]], axis=1)
    return {"depth": depth[..., None].astype("float32"), "pose": pose.astype("float32")}


def _pose(latent):
    return synthesize(latent[None])["pose"][0]


def misfit(latent, crop):
    return np.minimum((synthesize(latent[None])["depth"][0, ..., 0] - crop) ** 2, 0.3**2).mean()


def test_finds_back_what_was_seen():
    true = np.array([0.5, -0.3, 0.2, 0.8])
    crop = synthesize(true[None])["depth"][0, ..., 0]
    found = refine_latent(crop, true + 0.4, _pose(true + 0.4), UNSURE, synthesize, steps=5)
    assert np.abs(found - true).max() < 0.03


def test_holes_do_not_pull():
    """A third of the pixels shows background; these are off by more than the clip where the hand is near."""
    true = np.array([0.5, -0.3, 0.2, 0.8])
    crop = synthesize(true[None])["depth"][0, ..., 0].copy()
    crop[:40] = 3.0
    found = refine_latent(crop, true + 0.2, _pose(true + 0.2), UNSURE, synthesize, steps=5)
    assert np.abs(found - true).max() < 0.05


def test_what_the_estimate_is_sure_of_stays():
    """The first joint is known to a hundredth of a unit, the other is not."""
    true = np.array([0.5, -0.3, 0.2, 0.8])
    crop = synthesize(true[None])["depth"][0, ..., 0]
    found = refine_latent(crop, true + 0.4, _pose(true + 0.4), np.array([0.01, 1e3]), synthesize, steps=5)
    np.testing.assert_allclose(found[:2], true[:2] + 0.4, atol=0.05)
    np.testing.assert_allclose(found[2:], true[2:], atol=0.05)


@pytest.mark.parametrize("steps", [0, 3])
def test_never_makes_it_worse(steps):
    crop = RNG.uniform(-1, 1, (128, 128))
    first = np.array([0.1, 0.2, -0.3, 0.4])
    found = refine_latent(crop, first, _pose(first), UNSURE, synthesize, steps)
    assert misfit(found, crop) <= misfit(first, crop) + 1e-9
    if not steps:
        np.testing.assert_allclose(found, first, atol=1e-6)


def test_an_estimate_is_refined_by_the_models_own_nets(tmp_path):
    """The refined hand's depth map fits the crop no worse, and its joints are those of its latent."""
    import keras

    preset = save_untrained_model(tmp_path)
    keras.utils.set_random_seed(3)
    nets = cn_zoo.CrossingNets("paper", "icvl")
    nets.save(tmp_path / "nets.keras")
    save_preset(replace(preset, files={**preset.files, "nets": FileRecord.of(tmp_path / "nets.keras")}), tmp_path)
    estimator = cn_zoo.HandPoseEstimator.from_pretrained(tmp_path)
    frame = draw_frame(PRESETS["icvl"].own(), seed=0, index=0)
    plain, refined = (
        estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd, refine=steps) for steps in (0, 2)
    )
    crop = plain.crop.cut(frame.depth_mm)

    def depth_error(hand):
        depth = keras.ops.convert_to_numpy(nets.synthesize(hand.latent[None])["depth"])[0, ..., 0]
        return np.minimum((depth - crop) ** 2, 0.3**2).mean()

    assert not np.array_equal(refined.latent, plain.latent)
    assert depth_error(refined) <= depth_error(plain)
    pose = keras.ops.convert_to_numpy(nets.synthesize(refined.latent[None])["pose"])[0]
    np.testing.assert_allclose(refined.crop.crop_to_uvd(pose), refined.uvd, atol=1e-3)
    np.testing.assert_allclose(refined.camera.xyz_to_uvd(refined.xyz), refined.uvd, atol=1e-3)


def test_an_exported_file_has_no_nets_even_beside_anothers(monkeypatch):
    """Run in a folder with a model of its own, which is not asked."""
    folder = cn_zoo.weights_path("nyu-paper").parent
    monkeypatch.chdir(folder)
    estimator = cn_zoo.HandPoseEstimator.from_pretrained(folder / "estimator.onnx")
    frame = draw_frame(PRESETS["nyu"].own(), seed=0, index=0)
    with pytest.raises(WeightsError, match=r"no file of kind .nets.*stands alone"):
        estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd, refine=1)
