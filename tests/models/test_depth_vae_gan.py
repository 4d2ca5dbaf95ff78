"""Trunk, posterior, realness, metric, generator, mapping: the paper's sizes (Crossing Nets, section 3 and 4)."""

import keras
import numpy as np
import pytest
from network_checks import NetworkChecks

from cn_zoo.geometry import SKELETONS
from cn_zoo.models import (
    ARCHITECTURES,
    build_generator,
    build_mapping,
    build_metric_head,
    build_posterior_head,
    build_realness_head,
    build_trunk,
    initialize_points,
)

RNG = np.random.default_rng(0)
PAPER = ARCHITECTURES["paper"]
LATENTS, DEFAULT_LATENTS = (RNG.normal(size=(2, size)).astype("float32") for size in (23, 43))
DEPTHS = RNG.uniform(-1, 1, (2, 128, 128, 1)).astype("float32")
FEATURES = RNG.normal(size=(2, 32, 32, 32)).astype("float32")


class TestTrunk(NetworkChecks):
    batch = DEPTHS

    def build(self):
        return build_trunk(PAPER)


class TestDefaultTrunk(NetworkChecks):
    batch = DEPTHS

    def build(self):
        return build_trunk(ARCHITECTURES["default"])


class TestPosteriorHead(NetworkChecks):
    batch = FEATURES

    def build(self):
        return build_posterior_head(PAPER, SKELETONS["nyu"], 250.0)


class TestDefaultPosteriorHead(NetworkChecks):
    batch = FEATURES

    def build(self):
        return build_posterior_head(ARCHITECTURES["default"], SKELETONS["icvl"], 250.0)


class TestRealnessHead(NetworkChecks):
    batch = FEATURES

    def build(self):
        return build_realness_head()


class TestMetricHead(NetworkChecks):
    batch = FEATURES

    def build(self):
        return build_metric_head(PAPER)


class TestDefaultMetricHead(NetworkChecks):
    batch = FEATURES

    def build(self):
        return build_metric_head(ARCHITECTURES["default"])


class TestGenerator(NetworkChecks):
    batch = LATENTS

    def build(self):
        return build_generator(PAPER, SKELETONS["nyu"], 250.0)


class TestDefaultGenerator(NetworkChecks):
    batch = DEFAULT_LATENTS

    def build(self):
        return build_generator(ARCHITECTURES["default"], SKELETONS["icvl"], 250.0)


class TestMapping(NetworkChecks):
    batch = LATENTS

    def build(self):
        return build_mapping(PAPER)


class TestDefaultMapping(NetworkChecks):
    batch = DEFAULT_LATENTS

    def build(self):
        return build_mapping(ARCHITECTURES["default"])


def _layers(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


def _kernels(count, size=6, filters=32):
    return count * size * size * filters * filters


def _norms(count, channels=32):
    return count * 4 * channels


@pytest.mark.parametrize(
    ("model", "convolutions", "parameters"),
    [
        (build_trunk(PAPER), 2, 6 * 6 * 32 + _kernels(1) + _norms(2)),
        (build_realness_head(), 3, _kernels(3) + _norms(3) + 4 * 4 * 32 + 1),
        (
            build_metric_head(PAPER),
            3,
            _kernels(3) + _norms(3) + 512 * 512 + _norms(1, 512) + 512 * 23 + 23,
        ),
        (
            # mean and log-variance: the second is ours, which makes the depth half a VAE-GAN
            build_posterior_head(PAPER, SKELETONS["nyu"], 250.0),
            3,
            _kernels(3) + _norms(3) + 512 * 23 + _norms(1, 23) + 2 * (23 * 23 + 23),
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_discriminator_sizes(model, convolutions, parameters):
    found = _layers(model, keras.layers.Conv2D)
    assert len(found) == convolutions
    assert {(c.kernel_size, c.strides, c.filters) for c in found} == {((6, 6), (2, 2), 32)}
    assert len(_layers(model, keras.layers.LeakyReLU)) == len(_layers(model, keras.layers.BatchNormalization))
    assert {layer.negative_slope for layer in _layers(model, keras.layers.LeakyReLU)} == {0.2}
    assert model.count_params() == parameters


def test_generator_sizes():
    generator = build_generator(PAPER, SKELETONS["nyu"], 250.0)
    up = _layers(generator, keras.layers.Conv2DTranspose)
    assert [(c.kernel_size, c.strides, c.filters) for c in up] == 4 * [((6, 6), (2, 2), 32)] + [((6, 6), (2, 2), 1)]
    assert generator.get_layer("generator_dense").units == 512
    assert len(_layers(generator, keras.layers.BatchNormalization)) == 5
    assert generator.count_params() == 23 * 512 + _norms(1, 512) + _kernels(4) + _norms(4) + 6 * 6 * 32 + 1
    assert generator.output_shape == (None, 128, 128, 1)
    assert np.abs(keras.ops.convert_to_numpy(generator(LATENTS))).max() <= 1.0


def test_drawn_points_are_those_of_the_hand():
    """After the start, a generator's blobs lie where the joints of a latent are."""
    rng = np.random.default_rng(0)
    skeleton = SKELETONS["nyu"]
    generator = build_generator(ARCHITECTURES["default"], skeleton, 250.0)
    latents = rng.normal(size=(500, 43)).astype("float32")
    poses = (latents @ rng.normal(size=(43, 42)) * 0.1 + 0.3).reshape(-1, 14, 3)
    mapping = build_mapping(ARCHITECTURES["default"])
    initialize_points(mapping, generator, latents, poses, skeleton)
    for training in (False, True):
        np.testing.assert_allclose(mapping(latents, training=training), latents, atol=1e-3)
    points = generator.get_layer("generator_points").output
    found = keras.ops.convert_to_numpy(keras.Model(generator.input, points)(latents)).reshape(500, -1, 3)
    np.testing.assert_allclose(found[:, :14], poses, atol=1e-3)
    parent, child = skeleton.bones[0]
    np.testing.assert_allclose(found[:, 14], (poses[:, parent] + poses[:, child]) / 2, atol=1e-3)
    blobs = next(layer for layer in generator.layers if layer.output.shape[-1] == 2 * found.shape[1])
    drawn = keras.ops.convert_to_numpy(keras.Model(generator.input, blobs.output)(latents))[0, :, :, 0]
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    middle = ((np.array([column, row]) + 0.5) / 32 * 2 - 1) * 2.5
    assert np.abs(middle - poses[0, 0, :2]).max() < 0.1


def test_mapping_is_linear_with_batch_norm():
    mapping = build_mapping(PAPER)
    assert mapping.get_layer("mapping").activation is keras.activations.linear
    assert mapping.count_params() == 23 * 23 + 23 + _norms(1, 23)


def test_dense_joints_follow_the_maps():
    """A map that is sure of one cell puts the joint at that cell's place plus its offset."""
    head = build_posterior_head(ARCHITECTURES["default"], SKELETONS["nyu"], 250.0)
    weights, offsets = head.get_layer("posterior_weights"), head.get_layer("posterior_offsets")
    read = keras.Model([weights.output, offsets.output], head.output["joints"])
    logits = np.zeros((1, 16, 16, 14), "float32")
    logits[0, 3, 12, :] = 50.0
    shift = np.zeros((1, 16, 16, 42), "float32")
    shift[..., 28:] = 0.7  # all joints' forward offsets
    joints = keras.ops.convert_to_numpy(read([logits, shift]))
    right, down = (((cell + 0.5) / 16 * 2 - 1) * 125 / 50 for cell in (12, 3))
    np.testing.assert_allclose(joints[0], np.tile([right, down, 0.7], (14, 1)), atol=1e-4)
