"""The joint objective of Crossing Nets: every term, whom it trains, and what it weighs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import keras
from keras import KerasTensor, ops

from cn_zoo.objective.adversarial_terms import feature_matching, realness_error
from cn_zoo.objective.depth_terms import clipped_reconstruction
from cn_zoo.objective.gradient_routing import call_frozen
from cn_zoo.objective.latent_sampling import MIXED_LATENTS, convex_combinations, sample_latent
from cn_zoo.objective.metric_terms import difference_error
from cn_zoo.objective.pose_vae_terms import kl_divergence, pose_reconstruction
from cn_zoo.objective.posterior_terms import joint_error, latent_likelihood

if TYPE_CHECKING:
    from cn_zoo.models import CrossingNets


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        depth: (B, 128, 128, 1) in [-1, 1], labelled depth maps.
        pose: (B, J, 3), their poses in crop coordinates of 50 mm.
        unlabelled: (U, 128, 128, 1), depth maps without poses, or None.
        training: whether batch norm and noise are those of training.
    """

    depth: KerasTensor
    pose: KerasTensor
    unlabelled: KerasTensor | None
    training: bool


@keras.saving.register_keras_serializable(package="cn_zoo")
@dataclass(frozen=True)
class JointObjective:
    """The weights of all terms; a weight of 0 leaves a term out. Each term trains the one player that it stands under.

    The players step in turn, and see each other frozen: gradients may pass through another player, but only the own
    weights learn. The pose VAE alone shapes the latent space; the depth half follows it there. Real depth maps, with
    and without labels, set the discriminator's batch norm, as they are what it meets when it estimates poses;
    generated ones are normalised by the same moving statistics, so that their features compare.

    Attributes:
        pose_kl: the pose VAE: its latents are unit Gaussian.
        pose_reconstruction: the pose VAE: half the squared error. A weight of 1 assumes decoded coordinates to be
            off by 50 mm, (50 / s) ** 2 by s mm.
        pose: the discriminator: distance of the joints of the decoded posterior mean, in 50 mm, mean over joints.
        dense_pose: the same for the joints that a dense posterior reads off its maps; 0 without one.
        posterior: the discriminator: likelihood of the pose's latent under the posterior of its depth map.
        synthetic_posterior: the same for random latents and the depth maps generated from them.
        realness: the discriminator: real depth maps against reconstructions and random syntheses.
        metric: the discriminator: differences of embeddings are those of latents, among real depth maps and
            between these and random syntheses.
        unlabelled_cycle: the discriminator: an unlabelled depth map's posterior mean generates that depth map.
        depth_reconstruction: the generator: it generates the depth map of a pose's latent.
        unlabelled_reconstruction: the generator: it generates an unlabelled depth map from its posterior mean.
        feature_matching: the generator: generated and real depth maps, unlabelled ones included, have the same mean
            features.
        generator_metric: the generator: random syntheses differ from real depth maps as their latents do.
    """

    pose_kl: float = 1.0
    pose_reconstruction: float = 1000.0
    pose: float = 1.0
    dense_pose: float = 1.0
    posterior: float = 0.1
    synthetic_posterior: float = 0.1
    realness: float = 0.1
    metric: float = 0.1
    unlabelled_cycle: float = 1.0
    depth_reconstruction: float = 10.0
    unlabelled_reconstruction: float = 10.0
    feature_matching: float = 1.0
    generator_metric: float = 0.1

    def terms(self, nets: CrossingNets, player: str, batch: Batch) -> dict[str, KerasTensor]:
        """All terms () that train a player, by name and not weighted; those without data in the batch are absent.

        Raises:
            KeyError: no such player.
        """
        return _TERMS[player](nets, batch)

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


def _pose_vae_terms(nets: CrossingNets, batch: Batch) -> dict[str, KerasTensor]:
    code = nets.pose_encoder(batch.pose)
    mean, log_variance = code["mean"], code["log_variance"]
    latent = mean
    if batch.training:
        noise = keras.random.normal(ops.shape(log_variance), seed=nets.seed_generator)
        latent = sample_latent(mean, log_variance, noise)
    return {
        "pose_kl": ops.mean(kl_divergence(mean[:, : log_variance.shape[-1]], log_variance)),
        "pose_reconstruction": ops.mean(pose_reconstruction(batch.pose, nets.pose_decoder(latent))),
    }


def _discriminator_terms(nets: CrossingNets, batch: Batch) -> dict[str, KerasTensor]:
    count, training = ops.shape(batch.depth)[0], batch.training
    latent, random_latent = _latents(nets, batch)
    generated = ops.stop_gradient(_generate_frozen(nets, ops.concatenate([latent, random_latent]), training))

    # The real depth maps come first: their pass moves the batch statistics that the generated ones' pass reads.
    real = nets.trunk(_real_depth(batch), training=training)
    posterior = nets.posterior_head(real, training=training)
    real_embedding = nets.metric_head(real[:count], training=training)
    realness = nets.realness_head(real, training=training)["real"]

    fake = nets.trunk(generated, training=False)
    random_posterior = nets.posterior_head(fake[count:], training=False)
    random_embedding = nets.metric_head(fake[count:], training=False)
    fakeness = nets.realness_head(fake, training=False)["real"]

    mean, log_variance = posterior["mean"][:count], posterior["log_variance"][:count]
    terms = {
        "pose": ops.mean(joint_error(batch.pose, call_frozen(nets.pose_decoder, mean))),
        "posterior": ops.mean(latent_likelihood(latent, mean, log_variance)),
        "synthetic_posterior": ops.mean(
            latent_likelihood(random_latent, random_posterior["mean"], random_posterior["log_variance"])
        ),
        "realness": ops.mean(realness_error(realness, True)) + ops.mean(realness_error(fakeness, False)),
        "metric": ops.mean(
            difference_error(real_embedding, ops.roll(real_embedding, 1, 0), latent, ops.roll(latent, 1, 0))
            + difference_error(random_embedding, real_embedding, random_latent, latent)
        ),
    }
    if "joints" in posterior:
        terms["dense_pose"] = ops.mean(joint_error(batch.pose, posterior["joints"][:count]))
    if batch.unlabelled is not None:
        cycled = _generate_frozen(nets, posterior["mean"][count:], training)
        terms["unlabelled_cycle"] = ops.mean(clipped_reconstruction(batch.unlabelled, cycled))
    return terms


def _generator_terms(nets: CrossingNets, batch: Batch) -> dict[str, KerasTensor]:
    count, training = ops.shape(batch.depth)[0], batch.training
    latent, random_latent = _latents(nets, batch)
    real = call_frozen(nets.trunk, _real_depth(batch))
    latents = [latent, random_latent]
    if batch.unlabelled is not None:
        latents.append(ops.stop_gradient(call_frozen(nets.posterior_head, real[count:])["mean"]))
    generated = nets.generator(nets.mapping(ops.concatenate(latents), training=training), training=training)
    fake = call_frozen(nets.trunk, generated[: 2 * count])

    terms = {
        "depth_reconstruction": ops.mean(clipped_reconstruction(batch.depth, generated[:count])),
        "feature_matching": feature_matching(
            call_frozen(nets.realness_head, real)["features"], call_frozen(nets.realness_head, fake)["features"]
        ),
        "generator_metric": ops.mean(
            difference_error(
                call_frozen(nets.metric_head, fake[count:]),
                call_frozen(nets.metric_head, real[:count]),
                random_latent,
                latent,
            )
        ),
    }
    if batch.unlabelled is not None:
        terms["unlabelled_reconstruction"] = ops.mean(clipped_reconstruction(batch.unlabelled, generated[2 * count :]))
    return terms


_TERMS: dict[str, Callable[[CrossingNets, Batch], dict[str, KerasTensor]]] = {
    "pose_vae": _pose_vae_terms,
    "discriminator": _discriminator_terms,
    "generator": _generator_terms,
}


def _latents(nets: CrossingNets, batch: Batch) -> tuple[KerasTensor, KerasTensor]:
    """The latents (B, L + 3) of the batch's poses, and as many random ones between them; no gradient goes back."""
    latent = ops.stop_gradient(nets.pose_encoder(batch.pose)["mean"])
    shape = (ops.shape(latent)[0], MIXED_LATENTS)
    weights = ops.ones(shape)
    if batch.training:
        # Minus the logarithm of uniform numbers, scaled to sum to one, is uniform over all ways of mixing.
        weights = -ops.log(keras.random.uniform(shape, 1e-6, 1.0 - 1e-6, seed=nets.seed_generator))
    return latent, convex_combinations(latent, weights)


def _generate_frozen(nets: CrossingNets, latent: KerasTensor, training: bool) -> KerasTensor:
    return call_frozen(nets.generator, call_frozen(nets.mapping, latent, training), training)


def _real_depth(batch: Batch) -> KerasTensor:
    return batch.depth if batch.unlabelled is None else ops.concatenate([batch.depth, batch.unlabelled])
