import keras
import numpy as np
import pytest
from network_checks import NetworkChecks, assert_same, outputs_in_fresh_process, outputs_of

from cn_zoo.geometry import SKELETONS
from cn_zoo.models import (
    ARCHITECTURES,
    build_pose_decoder,
    build_pose_estimator,
    build_posterior_head,
    build_trunk,
    set_sigma_calibration,
    spreads_of,
)

DEPTHS = np.random.default_rng(0).uniform(-1, 1, (2, 128, 128, 1)).astype("float32")


def _build(architecture, skeleton):
    sizes, joints = ARCHITECTURES[architecture], SKELETONS[skeleton]
    head = build_posterior_head(sizes, joints, 250.0)
    return build_pose_estimator(build_trunk(sizes), head, build_pose_decoder(sizes, joints), joints)


class TestPaperEstimator(NetworkChecks):
    batch = DEPTHS

    def build(self):
        return _build("paper", "nyu")


class TestDefaultEstimator(NetworkChecks):
    batch = DEPTHS

    def build(self):
        return _build("default", "msra")


def test_outputs():
    estimator = _build("default", "icvl")
    shapes = {name: value.shape for name, value in outputs_of(estimator, DEPTHS).items()}
    assert shapes == {"pose": (2, 16, 3), "sigma": (2, 16), "latent": (2, 43), "hand": (2, 2)}


def test_sigma_is_the_latent_deviation_through_the_decoder():
    """Against many sampled latents; the decoder is made nearly linear, where both must agree."""
    estimator = _build("paper", "nyu")
    decoder = estimator.get_layer("pose_decoder")
    decoder.get_layer("pose_decoder_hidden").bias.assign(np.full(40, 100.0))  # every unit on its linear side
    outputs = outputs_of(estimator, DEPTHS[:1])
    head = estimator.get_layer("posterior_head")(estimator.get_layer("trunk")(DEPTHS[:1]))
    deviation = np.exp(0.5 * keras.ops.convert_to_numpy(head["log_variance"]))
    noise = np.random.default_rng(1).normal(size=(20_000, 23))
    poses = keras.ops.convert_to_numpy(decoder((outputs["latent"] + noise * deviation).astype("float32")))
    expected = np.sqrt(((poses - poses.mean(axis=0)) ** 2).sum(axis=2).mean(axis=0))
    np.testing.assert_allclose(outputs["sigma"][0], expected, rtol=0.03)


def test_scatter_is_the_deviation_of_the_votes():
    """Against the maps themselves: weights and votes of every cell."""
    estimator = _build("default", "nyu")
    head = estimator.get_layer("posterior_head")
    features = estimator.get_layer("trunk")(DEPTHS)
    softmax = next(layer for layer in head.layers if isinstance(layer, keras.layers.Softmax))
    maps = keras.Model(head.input, {"weights": softmax.output, "offsets": head.get_layer("posterior_offsets").output})
    found = {name: keras.ops.convert_to_numpy(value) for name, value in {**maps(features), **head(features)}.items()}
    weights = found["weights"]  # (B, 256, J)
    offsets = found["offsets"].reshape(2, 256, 3, 14)
    steps = ((np.arange(16) + 0.5) / 16 * 2 - 1) * 2.5
    down, right = (grid.reshape(256, 1) for grid in np.meshgrid(steps, steps, indexing="ij"))
    votes = np.stack([right + offsets[:, :, 0], down + offsets[:, :, 1], offsets[:, :, 2]], axis=-1)
    joints = (weights[..., None] * votes).sum(axis=1)
    np.testing.assert_allclose(found["joints"], joints, atol=1e-4)
    squares = ((votes - joints[:, None]) ** 2).sum(axis=-1)
    np.testing.assert_allclose(found["scatter"], np.sqrt((weights * squares).sum(axis=1)), rtol=1e-3)


@pytest.mark.parametrize(("architecture", "measures"), [("paper", 1), ("default", 2)])
def test_calibration_sums_each_joints_spreads(architecture, measures):
    estimator = _build(architecture, "icvl")
    before = outputs_of(estimator, DEPTHS)
    spreads = outputs_of(spreads_of(estimator), DEPTHS)
    assert spreads["spreads"].shape == (2, measures, 16)
    factors = np.linspace(0.5, 2.0, measures * 16).reshape(measures, 16)
    set_sigma_calibration(estimator, factors)
    after = outputs_of(estimator, DEPTHS)
    np.testing.assert_allclose(after["sigma"], (spreads["spreads"] * factors).sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(after["pose"], before["pose"])
    np.testing.assert_array_equal(spreads["pose"], before["pose"])


def test_spreads_are_the_root_and_the_product_of_latent_deviation_and_scatter():
    estimator = _build("default", "nyu")
    root, product = np.moveaxis(outputs_of(spreads_of(estimator), DEPTHS)["spreads"], 1, 0)
    np.testing.assert_allclose(root**2, product, rtol=1e-4)
    head = estimator.get_layer("posterior_head")
    scatter = keras.ops.convert_to_numpy(head(estimator.get_layer("trunk")(DEPTHS))["scatter"])
    head.get_layer("posterior_log_variance").bias.assign_add(np.full(43, np.log(4)))  # twice the latent's deviation
    doubled = outputs_of(spreads_of(estimator), DEPTHS)["spreads"][:, 1]
    assert (scatter > 0).all()
    assert (doubled / product > 1.5).all()


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_same_outputs_on_every_backend(backend, tmp_path):
    estimator = _build("default", "nyu")
    estimator.save(tmp_path / "estimator.keras")
    found = outputs_in_fresh_process(tmp_path / "estimator.keras", DEPTHS, tmp_path, backend)
    assert_same(found, outputs_of(estimator, DEPTHS), 1e-4)
