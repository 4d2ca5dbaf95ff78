"""The networks of one recipe, made together."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from cn_zoo.geometry import SKELETONS, Skeleton
from cn_zoo.models import (
    ARCHITECTURES,
    build_pose_decoder,
    build_pose_encoder,
    build_pose_estimator,
    build_posterior_head,
    build_trunk,
)
from cn_zoo.models.dtype_policy import dtype_policy
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.recipe import Recipe


@dataclass(frozen=True)
class Parts:
    """The networks that a recipe trains, sharing one skeleton and one latent space."""

    skeleton: Skeleton
    pose_encoder: keras.Model
    pose_decoder: keras.Model
    trunk: keras.Model
    posterior_head: keras.Model

    @classmethod
    def build(cls, recipe: Recipe, policy: str = "float32") -> Parts:
        """Make the networks with seeded weights.

        Args:
            recipe: says the architecture, the skeleton and the seed.
            policy: Keras dtype policy of the convolutional networks. The pose VAE is always float32: it is
                small, and a tenth of a millimetre in its unit is more than bfloat16 resolves.
        """
        keras.utils.set_random_seed(recipe.seed)
        architecture, skeleton = ARCHITECTURES[recipe.architecture], SKELETONS[recipe.dataset]
        pose_encoder = build_pose_encoder(architecture, skeleton)
        pose_decoder = build_pose_decoder(architecture, skeleton)
        with dtype_policy(policy):
            trunk = build_trunk(architecture)
            posterior_head = build_posterior_head(architecture, skeleton, PRESETS[recipe.dataset].cube_mm)
        return cls(skeleton, pose_encoder, pose_decoder, trunk, posterior_head)

    def networks(self) -> tuple[keras.Model, ...]:
        """All networks, in a fixed order."""
        return self.pose_encoder, self.pose_decoder, self.trunk, self.posterior_head

    def take_weights(self, other: Parts) -> None:
        """Copy the weights of the same networks built under another dtype policy."""
        for mine, theirs in zip(self.networks(), other.networks(), strict=True):
            mine.set_weights(theirs.get_weights())

    def warm_start(self, estimator: keras.Model) -> None:
        """Copy trunk and posterior weights of a trained estimator, wherever name and shape agree."""
        for network in (self.trunk, self.posterior_head):
            source = {layer.name: layer.get_weights() for layer in estimator.get_layer(network.name).layers}
            for layer in network.layers:
                weights = source.get(layer.name, [])
                if [w.shape for w in weights] == [w.shape for w in layer.get_weights()]:
                    layer.set_weights(weights)

    def estimator(self) -> keras.Model:
        """Trunk, posterior and pose decoder as one model, sharing these weights."""
        return build_pose_estimator(self.trunk, self.posterior_head, self.pose_decoder, self.skeleton)
