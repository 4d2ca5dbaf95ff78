import numpy as np
import pytest

from cn_zoo.evaluation.reliability import JointErrors
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.joint import CrossingNets
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import load_recipe
from cn_zoo.training.run_data import RunData
from cn_zoo.training.sigma_fit import fit_factors, fit_sigma


def _errors_about(sigma, rng):
    """Errors of which 68 % lie inside sigma: absolute values of a Gaussian variable."""
    return np.abs(rng.normal(size=sigma.shape)) * sigma


@pytest.mark.parametrize("power", [0.5, 0.65, 0.8, 1.0])
def test_sigma_holds_at_every_size(power):
    """Errors that grow with a power of the spreads' product are met as well by its mix with its root."""
    rng = np.random.default_rng(0)
    product = np.exp(rng.normal(-1, 1.2, (4000, 6)))
    scale = np.linspace(0.5, 2, 6)
    errors = _errors_about(scale * product**power, rng)
    spreads = np.stack([np.sqrt(product), product], axis=1)
    factors = fit_factors(errors, spreads)
    sigma = (spreads * factors).sum(axis=1)
    assert factors.shape == (2, 6)
    _, inside = JointErrors(errors, sigma, np.zeros(sigma.shape, bool)).inside_by_size()
    np.testing.assert_allclose(inside, 0.68, atol=0.06)


def test_one_spread_gets_the_quantile_of_its_errors():
    rng = np.random.default_rng(1)
    spreads = np.exp(rng.normal(size=(5000, 1, 3)))
    errors = _errors_about(spreads[:, 0] * (1.0, 2.0, 3.0), rng)
    np.testing.assert_allclose(fit_factors(errors, spreads), [[1.0, 2.0, 3.0]], rtol=0.05)


def test_a_model_of_own_frames_is_fitted_too(icvl_set_path, tmp_path):
    """None of twelve frames is held out, and nothing that was fitted before is taken over."""
    recipe = load_recipe("icvl", ("start=", "architecture=paper", "finish.samples=300"))
    data = RunData.open(recipe, tmp_path, icvl_set_path, None)
    estimator = CrossingNets("paper", "icvl", PRESETS["icvl"].cube_mm, seed=0).estimator
    usual_mm = fit_sigma(recipe, estimator, data)
    crops = draw_crop_batch(PRESETS["icvl"], recipe.seed, 0, 300, "validation")
    found = estimator.predict(crops.depth, verbose=0)
    errors = np.linalg.norm(found["pose"] - crops.poses["icvl"], axis=-1)
    assert (errors < found["sigma"]).mean() == pytest.approx(0.68, abs=0.05)
    assert usual_mm == pytest.approx(float(np.median(found["sigma"].mean(axis=1))) * POSE_UNIT_MM, rel=0.05)
