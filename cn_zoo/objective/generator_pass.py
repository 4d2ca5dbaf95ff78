"""What the generator, the mapping layer included, learns from one batch."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from keras import KerasTensor, ops

from cn_zoo.models import Networks
from cn_zoo.objective.adversarial_terms import feature_matching
from cn_zoo.objective.batch import Batch
from cn_zoo.objective.depth_terms import clipped_reconstruction
from cn_zoo.objective.gradient_routing import call_frozen
from cn_zoo.objective.latent_sampling import pose_latents
from cn_zoo.objective.metric_terms import difference_error
from cn_zoo.objective.posterior_terms import joint_error
from cn_zoo.objective.rows import rows

#: The terms that learn from random syntheses too.
_ON_RANDOM = {"feature_matching", "generator_metric", "generated_pose"}


class GeneratorPass:
    """Each method is the term () of its name in `JointObjective`, or None where the batch has no data for it.

    What terms share is computed once. All depth maps are generated together, as batch norm looks at them together;
    random syntheses and unlabelled depth maps only where one of the ``wanted`` terms learns from them.
    """

    def __init__(self, nets: Networks, batch: Batch, wanted: Collection[str]) -> None:
        self.nets = nets
        self.batch = batch
        self.count = ops.shape(batch.depth)[0]
        self._random = bool(_ON_RANDOM & set(wanted))
        self._unlabelled = batch.unlabelled is not None and "unlabelled_reconstruction" in wanted

    def depth_reconstruction(self) -> KerasTensor:
        """The depth map of a pose's latent is generated."""
        return ops.mean(clipped_reconstruction(self.batch.depth, rows(self._generated, 0, self.count)))

    def unlabelled_reconstruction(self) -> KerasTensor | None:
        """An unlabelled depth map is generated from its posterior's mean."""
        if not self._unlabelled:
            return None
        first = 2 * self.count if self._random else self.count
        generated = rows(self._generated, first, ops.shape(self.batch.unlabelled)[0])
        return ops.mean(clipped_reconstruction(self.batch.unlabelled, generated))

    def feature_matching(self) -> KerasTensor:
        """Generated and real depth maps, unlabelled ones included, have the same mean features."""
        real = self._real if self.batch.unlabelled is None else ops.concatenate([self._real, self._real_unlabelled])
        real, fake = (call_frozen(self.nets.realness_head, each)["features"] for each in (real, self._fake))
        return feature_matching(real, fake)

    def generator_metric(self) -> KerasTensor:
        """Random syntheses differ from real depth maps as their latents do."""
        latent, random_latent = self._latents
        real = call_frozen(self.nets.metric_head, self._real)
        fake = call_frozen(self.nets.metric_head, rows(self._fake, self.count, self.count))
        return ops.mean(difference_error(fake, real, random_latent, latent))

    def generated_pose(self) -> KerasTensor:
        """The posterior reads a generated depth map's own pose off it."""
        posterior = call_frozen(self.nets.posterior_head, self._fake)
        latents = [*self._latents, posterior["mean"]]
        poses = call_frozen(self.nets.pose_decoder, ops.concatenate(latents))
        return ops.mean(joint_error(poses[: 2 * self.count], poses[2 * self.count :]))

    @cached_property
    def _latents(self) -> tuple[KerasTensor, KerasTensor]:
        return pose_latents(self.nets, self.batch)

    @cached_property
    def _real(self) -> KerasTensor:
        """The trunk's features of labelled depth maps."""
        return call_frozen(self.nets.trunk, self.batch.depth)

    @cached_property
    def _real_unlabelled(self) -> KerasTensor:
        return call_frozen(self.nets.trunk, self.batch.unlabelled)

    @cached_property
    def _fake(self) -> KerasTensor:
        """The trunk's features of reconstructions, then of random syntheses."""
        return call_frozen(self.nets.trunk, rows(self._generated, 0, 2 * self.count))

    @cached_property
    def _generated(self) -> KerasTensor:
        """Depth maps of the poses' latents, then of random ones, then of unlabelled depth maps' posteriors."""
        latent, random_latent = self._latents
        latents = [latent]
        if self._random:
            latents.append(random_latent)
        if self._unlabelled:
            posterior = call_frozen(self.nets.posterior_head, self._real_unlabelled)
            latents.append(ops.stop_gradient(posterior["mean"]))
        mapped = self.nets.mapping(ops.concatenate(latents), training=self.batch.training)
        return self.nets.generator(mapped, training=self.batch.training)
