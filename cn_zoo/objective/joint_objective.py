"""The joint objective of Crossing Nets: every term, whom it trains, and what it weighs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import keras
from keras import KerasTensor

from cn_zoo.models import Networks
from cn_zoo.objective.batch import Batch
from cn_zoo.objective.discriminator_pass import DiscriminatorPass
from cn_zoo.objective.generator_pass import GeneratorPass
from cn_zoo.objective.pose_vae_pass import PoseVAEPass

_POSTERIOR = ("trunk", "posterior_head")
_GENERATOR = ("mapping", "generator")

#: The terms of each player, in the order of their computation, and the networks that learn from each.
TERMS: dict[str, dict[str, tuple[str, ...]]] = {
    "pose_vae": {"pose_kl": ("pose_encoder",), "pose_reconstruction": ("pose_encoder", "pose_decoder")},
    "discriminator": {
        "pose": _POSTERIOR,
        "dense_pose": _POSTERIOR,
        "posterior": _POSTERIOR,
        "latent": _POSTERIOR,
        "unlabelled_cycle": _POSTERIOR,
        "consistency": _POSTERIOR,
        "synthetic_posterior": _POSTERIOR,
        "realness": ("trunk", "realness_head"),
        "metric": ("trunk", "metric_head"),
        "side": (*_POSTERIOR, "side_head"),
    },
    "generator": {
        "depth_reconstruction": _GENERATOR,
        "unlabelled_reconstruction": _GENERATOR,
        "generated_pose": _GENERATOR,
        "feature_matching": _GENERATOR,
        "generator_metric": _GENERATOR,
    },
}
_PASSES = {
    # Its terms share all that they need, whichever are wanted.
    "pose_vae": lambda nets, batch, _: PoseVAEPass(nets, batch),
    "discriminator": DiscriminatorPass,
    "generator": GeneratorPass,
}


@keras.saving.register_keras_serializable(package="cn_zoo")
@dataclass(frozen=True)
class JointObjective:
    """The weights of all terms; a weight of 0 leaves a term out. Each term trains the one player that it stands under.

    The players step in turn, and see each other frozen: gradients may pass through another player, but only the own
    weights learn. The pose VAE alone shapes the latent space; the depth half follows it there. Nothing is computed for
    terms that weigh nothing, so that a stage of the schedule costs what its own terms cost.

    Attributes:
        pose_kl: the pose VAE: its latents are unit Gaussian.
        pose_reconstruction: the pose VAE: half the squared error. A weight of 1 assumes decoded coordinates to be
            off by 50 mm, (50 / s) ** 2 by s mm.
        pose: the discriminator: distance of the joints of the decoded posterior mean, in 50 mm, mean over joints.
        dense_pose: the same for the joints that a dense posterior reads off its maps; 0 without one.
        posterior: the discriminator: likelihood of the pose's latent under the posterior of its depth map; trains the
            variance alone, as the mean learns from the pose, where errors are millimetres.
        latent: the discriminator: squared error of the posterior's mean against the pose's latent.
        synthetic_posterior: the discriminator: likelihood of random latents under the posteriors of the depth maps
            generated from them, mean and variance.
        realness: the discriminator: real depth maps against reconstructions and random syntheses.
        metric: the discriminator: differences of embeddings are those of latents, among real depth maps and
            between these and random syntheses.
        side: the discriminator: a labelled depth map is told from its mirror image, a hand of the other side. Not the
            paper's, and left out if not asked for.
        consistency: the discriminator: the pose of a turned view of an unlabelled depth map is the turned pose.
        unlabelled_cycle: the discriminator: an unlabelled depth map's posterior mean generates that depth map.
        depth_reconstruction: the generator: it generates the depth map of a pose's latent.
        unlabelled_reconstruction: the generator: it generates an unlabelled depth map from its posterior mean.
        generated_pose: the generator: distance of the joints that the posterior reads off a generated depth map from
            its own, in 50 mm, of reconstructions and random syntheses.
        feature_matching: the generator: generated and real depth maps, unlabelled ones included, have the same mean
            features.
        generator_metric: the generator: random syntheses differ from real depth maps as their latents do.
    """

    pose_kl: float = 1.0
    pose_reconstruction: float = 1000.0
    pose: float = 1.0
    dense_pose: float = 1.0
    posterior: float = 0.1
    latent: float = 0.02
    synthetic_posterior: float = 0.1
    realness: float = 0.1
    metric: float = 0.1
    side: float = 0.0
    consistency: float = 1.0
    unlabelled_cycle: float = 1.0
    depth_reconstruction: float = 10.0
    unlabelled_reconstruction: float = 10.0
    generated_pose: float = 1.0
    feature_matching: float = 1.0
    generator_metric: float = 0.1

    @classmethod
    def of(cls, terms: Mapping[str, float]) -> JointObjective:
        """The objective of these terms alone, by name; all others weigh 0.

        Raises:
            TypeError: no such term.
        """
        return cls(**{**{entry.name: 0.0 for entry in fields(cls)}, **terms})

    def terms(self, nets: Networks, player: str, batch: Batch) -> dict[str, KerasTensor]:
        """All terms () that train a player, by name and not weighted.

        Absent are those that weigh 0 and those without data in the batch.

        Raises:
            KeyError: no such player.
        """
        wanted = self._wanted(player)
        if not wanted or batch.pose is None or (batch.depth is None and player != "pose_vae"):
            return {}
        shared = _PASSES[player](nets, batch, wanted)
        terms = {name: getattr(shared, name)() for name in wanted}
        return {name: value for name, value in terms.items() if value is not None}

    def trains(self, player: str) -> set[str]:
        """Names of the networks that learn from any term of a player that weighs something.

        Raises:
            KeyError: no such player.
        """
        return {network for name in self._wanted(player) for network in TERMS[player][name]}

    def weigh(self, terms: dict[str, KerasTensor]) -> KerasTensor:
        """The weighted sum () of terms."""
        return sum(getattr(self, name) * value for name, value in terms.items())

    def get_config(self) -> dict[str, float]:
        """The weights."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, float]) -> JointObjective:
        """The objective of these weights."""
        return cls(**config)

    def _wanted(self, player: str) -> list[str]:
        return [name for name in TERMS[player] if getattr(self, name)]
