"""The networks of one joint model, by name."""

from __future__ import annotations

from typing import Protocol

import keras

#: Names of the networks, as attributes of `Networks` and as stages of training name them.
NETWORKS = (
    "pose_encoder",
    "pose_decoder",
    "trunk",
    "posterior_head",
    "realness_head",
    "metric_head",
    "side_head",
    "mapping",
    "generator",
)


class Networks(Protocol):
    """Networks that share one latent space, of one skeleton and crop cube.

    Attributes:
        pose_encoder, pose_decoder: the pose VAE.
        trunk, posterior_head, realness_head, metric_head, side_head: the discriminator.
        mapping, generator: from the latent space to depth maps.
        seed_generator: of the noise that training draws.
    """

    pose_encoder: keras.Model
    pose_decoder: keras.Model
    trunk: keras.Model
    posterior_head: keras.Model
    realness_head: keras.Model
    metric_head: keras.Model
    side_head: keras.Model
    mapping: keras.Model
    generator: keras.Model
    seed_generator: keras.random.SeedGenerator
