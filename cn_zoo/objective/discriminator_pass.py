"""What the discriminator, the posterior included, learns from one batch."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import keras
from keras import KerasTensor, ops

from cn_zoo.models import Networks, posterior_evidence
from cn_zoo.objective.adversarial_terms import realness_error
from cn_zoo.objective.batch import Batch
from cn_zoo.objective.depth_terms import clipped_reconstruction
from cn_zoo.objective.gradient_routing import call_frozen
from cn_zoo.objective.latent_sampling import pose_latents
from cn_zoo.objective.metric_terms import difference_error
from cn_zoo.objective.posterior_terms import joint_error, latent_error, latent_likelihood, turn_pose
from cn_zoo.objective.rows import rows
from cn_zoo.objective.side_terms import side_error


class DiscriminatorPass:
    """Each method is the term () of its name in `JointObjective`, or None where the batch has no data for it.

    What terms share is computed once, and nothing that no term asks for. All real depth maps, with and without
    labels and mirror images too, go through the trunk together and set its batch norm, as they are what it meets when
    it estimates poses; generated ones are normalised by the moving statistics. So are real ones where they are compared
    with generated ones: a batch's own statistics would tell the two apart without a look at the depth maps.
    """

    def __init__(self, nets: Networks, batch: Batch, wanted: Collection[str]) -> None:
        self.nets = nets
        self.batch = batch
        self.count = ops.shape(batch.depth)[0]
        self.unlabelled_count = 0 if batch.unlabelled is None else ops.shape(batch.unlabelled)[0]
        self.twin_count = 0 if batch.twin is None else self.unlabelled_count
        self._mirrored = "side" in wanted

    def pose(self) -> KerasTensor:
        """The posterior's mean decodes to the pose."""
        return ops.mean(joint_error(self.batch.pose, self._decoded[: self.count]))

    def dense_pose(self) -> KerasTensor | None:
        """The joints read off dense maps are those of the pose."""
        if "joints" not in self._posterior:
            return None
        return ops.mean(joint_error(self.batch.pose, self._posterior["joints"][: self.count]))

    def posterior(self) -> KerasTensor:
        """The pose's latent is likely; trains the variance alone, as the mean learns from the pose, in millimetres."""
        mean, log_variance = (self._posterior[name][: self.count] for name in ("mean", "log_variance"))
        return ops.mean(latent_likelihood(self._latents[0], ops.stop_gradient(mean), log_variance))

    def latent(self) -> KerasTensor:
        """The posterior's mean is the pose's latent."""
        return ops.mean(latent_error(self._latents[0], self._posterior["mean"][: self.count]))

    def synthetic_posterior(self) -> KerasTensor:
        """Random latents are likely under the posteriors of the depth maps generated from them."""
        posterior = self.nets.posterior_head(self._random_fake, training=False)
        return ops.mean(latent_likelihood(self._latents[1], posterior["mean"], posterior["log_variance"]))

    def realness(self) -> KerasTensor:
        """Real depth maps are told from reconstructions and random syntheses."""
        self._set_statistics(self.nets.realness_head)
        real = self.nets.realness_head(self._compared, training=False)["real"]
        fake = self.nets.realness_head(self._fake, training=False)["real"]
        return ops.mean(realness_error(real, True)) + ops.mean(realness_error(fake, False))

    def metric(self) -> KerasTensor:
        """Embeddings differ as latents do: real from real, and random syntheses from real."""
        latent, random_latent = self._latents
        self._set_statistics(self.nets.metric_head)
        real = self.nets.metric_head(rows(self._compared, 0, self.count), training=False)
        fake = self.nets.metric_head(self._random_fake, training=False)
        return ops.mean(
            difference_error(real, ops.roll(real, 1, 0), latent, ops.roll(latent, 1, 0))
            + difference_error(fake, real, random_latent, latent)
        )

    def unlabelled_cycle(self) -> KerasTensor | None:
        """The posterior's mean of an unlabelled depth map generates that depth map."""
        if self.batch.unlabelled is None:
            return None
        latent = self._posterior["mean"][self.count : self.count + self.unlabelled_count]
        return ops.mean(clipped_reconstruction(self.batch.unlabelled, self._generate(latent)))

    def consistency(self) -> KerasTensor | None:
        """The pose of a twin is that of its unlabelled depth map, turned alike."""
        if self.batch.twin is None:
            return None
        first, end = self.count + self.unlabelled_count, self._unmirrored_count
        expected = ops.stop_gradient(turn_pose(self._decoded[self.count : first], self.batch.turn))
        error = joint_error(expected, self._decoded[first:end])
        if "joints" in self._posterior:
            error = error + joint_error(expected, self._posterior["joints"][first:end])
        return ops.mean(error)

    def side(self) -> KerasTensor:
        """Labelled depth maps are told from their mirror images by the posterior's features; doubts learn nothing."""
        posterior = {
            name: value if name == "features" else ops.stop_gradient(value) for name, value in self._posterior.items()
        }
        evidence = posterior_evidence(posterior)
        known, mirrored = evidence[: self.count], evidence[self._unmirrored_count :]
        odds = self.nets.side_head(ops.concatenate([known, mirrored]), training=self.batch.training)[:, 0]
        return ops.mean(side_error(odds[: self.count], odds[self.count :]))

    @property
    def _unmirrored(self) -> list[KerasTensor]:
        """Labelled, unlabelled and twin depth maps, as far as there are any."""
        every = (self.batch.depth, self.batch.unlabelled, self.batch.twin)
        return [each for each in every if each is not None]

    @property
    def _unmirrored_count(self) -> int | KerasTensor:
        return self.count + self.unlabelled_count + self.twin_count

    @cached_property
    def _latents(self) -> tuple[KerasTensor, KerasTensor]:
        return pose_latents(self.nets, self.batch)

    @cached_property
    def _real(self) -> KerasTensor:
        """The trunk's features of labelled, unlabelled, twin and mirrored labelled depth maps, in this order."""
        mirrored = [ops.flip(self.batch.depth, axis=2)] if self._mirrored else []
        return self.nets.trunk(ops.concatenate([*self._unmirrored, *mirrored]), training=self.batch.training)

    @cached_property
    def _compared(self) -> KerasTensor:
        """The trunk's features of labelled, unlabelled and twin depth maps, normalised as those of generated ones."""
        if not (self.batch.training and self.nets.trunk.trainable):
            # By the moving statistics, all of them.
            return rows(self._real, 0, self._unmirrored_count)
        return self.nets.trunk(ops.concatenate(self._unmirrored), training=False)

    def _set_statistics(self, head: keras.Model) -> None:
        """The moving statistics of a head follow real depth maps."""
        if self.batch.training:
            head(rows(self._real, 0, self._unmirrored_count), training=True)

    @cached_property
    def _posterior(self) -> dict[str, KerasTensor]:
        return self.nets.posterior_head(self._real, training=self.batch.training)

    @cached_property
    def _decoded(self) -> KerasTensor:
        return call_frozen(self.nets.pose_decoder, self._posterior["mean"])

    @cached_property
    def _fake(self) -> KerasTensor:
        """The trunk's features of reconstructions, then of random syntheses."""
        generated = ops.stop_gradient(self._generate(ops.concatenate(self._latents)))
        return self.nets.trunk(generated, training=False)

    @cached_property
    def _random_fake(self) -> KerasTensor:
        return rows(self._fake, self.count, self.count)

    def _generate(self, latent: KerasTensor) -> KerasTensor:
        mapped = call_frozen(self.nets.mapping, latent, self.batch.training)
        return call_frozen(self.nets.generator, mapped, self.batch.training)
