import numpy as np
import pytest

from cn_zoo.inference.latent_refinement import refine_latent

RNG = np.random.default_rng(0)
WAYS = RNG.normal(size=(4, 128, 128)) * 0.3


def synthesize(latents):
    """Depth maps that bend with the latents, so that one step is not enough."""
    depth = np.tanh(np.einsum("bl,lij->bij", latents, WAYS))
    return {"depth": depth[..., None].astype("float32")}


def misfit(latent, crop):
    return np.minimum((synthesize(latent[None])["depth"][0, ..., 0] - crop) ** 2, 1).mean()


def test_finds_back_what_was_seen():
    true = np.array([0.5, -0.3, 0.2, 0.8])
    crop = synthesize(true[None])["depth"][0, ..., 0]
    found = refine_latent(crop, true + 0.4, synthesize, steps=5)
    assert np.abs(found - true).max() < 0.03


def test_holes_do_not_pull():
    """A third of the pixels shows background; these are off by more than the clip where the hand is near."""
    true = np.array([0.5, -0.3, 0.2, 0.8])
    crop = synthesize(true[None])["depth"][0, ..., 0].copy()
    crop[:40] = 3.0
    found = refine_latent(crop, true + 0.2, synthesize, steps=5)
    assert np.abs(found - true).max() < 0.05


@pytest.mark.parametrize("steps", [0, 3])
def test_never_makes_it_worse(steps):
    crop = RNG.uniform(-1, 1, (128, 128))
    first = np.array([0.1, 0.2, -0.3, 0.4])
    found = refine_latent(crop, first, synthesize, steps)
    assert misfit(found, crop) <= misfit(first, crop) + 1e-9
    if not steps:
        np.testing.assert_allclose(found, first, atol=1e-6)
