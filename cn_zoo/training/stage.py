"""Stages of training, as data: what trains, on which streams, by which terms, how long."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from cn_zoo.models import NETWORKS
from cn_zoo.objective import TERMS, JointObjective
from cn_zoo.training.field_limits import FINITE, POSITIVE, ZERO_OR_MORE, ZERO_TO_BELOW_ONE, one_of

#: Where a stage's samples come from: poses without pictures; depth maps with poses; synthetic ones with nothing in them
#: but the hand.
STREAMS = ("poses", "crops", "hands")
OPTIMIZERS = ("adamw", "muon")
_TERMS = tuple(term for each in TERMS.values() for term in each)


@dataclass(frozen=True)
class Stage:
    """One stage of the schedule. All networks but those that it names stay as they are.

    Attributes:
        trains: names of networks (`cn_zoo.models.NETWORKS`).
        terms: weights of the terms of `cn_zoo.objective.JointObjective`; those not named weigh 0.
        samples: labelled samples to learn from; as many as make steps that part into equal epochs.
        stream: one of `STREAMS`.
        batch_size: labelled samples a step.
        unlabelled_batch_size: unlabelled depth maps a step beside them; 0: the stage does without.
        synthetic_batch_size: synthetic crops a step in addition to a run's own labelled ones (``--data``), so that the
            networks do not forget them.
        optimizer: ``"adamw"``, or ``"muon"`` (`cn_zoo.joint.ConvolutionMuon`), which learns more from each crop.
        learning_rate: the peak; it rises over the first 2 % of the stage and falls to zero along a cosine.
        beta_1: AdamW's.
        weight_decay: AdamW's; Muon's own is 0.01.
        clip_norm: the longest that a weight's gradient may be under AdamW; 0: any length.
        keeps_norms: batch norms stay as they were trained: statistics of few frames, all alike, would serve no others.
        checkpoint_every: steps between checkpoints (what a killed run loses at most) and between points of the curves,
            or a few less.
    """

    trains: tuple[str, ...] = field(metadata=one_of(NETWORKS))
    terms: dict[str, float] = field(metadata={**one_of(_TERMS), **FINITE})
    samples: int = field(metadata=POSITIVE)
    stream: str = field(default="crops", metadata=one_of(STREAMS))
    batch_size: int = field(default=64, metadata=POSITIVE)
    unlabelled_batch_size: int = field(default=0, metadata=ZERO_OR_MORE)
    synthetic_batch_size: int = field(default=0, metadata=ZERO_OR_MORE)
    optimizer: str = field(default="adamw", metadata=one_of(OPTIMIZERS))
    learning_rate: float = field(default=1e-3, metadata=POSITIVE)
    beta_1: float = field(default=0.9, metadata=ZERO_TO_BELOW_ONE)
    weight_decay: float = field(default=0.0, metadata=ZERO_OR_MORE)
    clip_norm: float = field(default=1.0, metadata=ZERO_OR_MORE)
    keeps_norms: bool = False
    checkpoint_every: int = field(default=250, metadata=POSITIVE)

    @property
    def epochs(self) -> int:
        """How many checkpoints the stage has: an epoch, for Keras, is what lies between two."""
        return math.ceil(self.samples // self.batch_size / self.checkpoint_every)

    @property
    def epoch_steps(self) -> int:
        """Steps between two checkpoints."""
        return self.samples // self.batch_size // self.epochs

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.epochs * self.epoch_steps


def _weights(*names: str, **others: float) -> dict[str, float]:
    """Terms that weigh what they do in `JointObjective` by default, and others, or some of these, that do not."""
    defaults = JointObjective()
    return {name: getattr(defaults, name) for name in names} | others


_POSTERIOR = ("pose", "dense_pose", "posterior", "latent")
_ADVERSARIAL = ("realness", "metric", "depth_reconstruction", "feature_matching", "generator_metric")

#: Section 3.1 of the paper: the pose VAE alone makes the latent space. A tenth of the KL's error is 1.6 mm.
_POSE_VAE = Stage(
    trains=("pose_encoder", "pose_decoder"),
    terms=_weights("pose_kl", "pose_reconstruction"),
    samples=2_000_000,
    stream="poses",
    batch_size=200,
    learning_rate=3e-3,
    beta_1=0.5,
    clip_norm=0.0,
    checkpoint_every=1000,
)

#: What recipes choose from, and may change; a recipe may also define stages of its own.
STAGES: dict[str, Stage] = {
    "pose_vae": _POSE_VAE,
    # The encoder that fits a decoder trained before: released estimators hold only the decoder.
    "pose_encoder": replace(_POSE_VAE, trains=("pose_encoder",), samples=800_000),
    # The network that runs at test time, on labelled depth maps: what makes an estimator accurate.
    "posterior": Stage(
        trains=("trunk", "posterior_head", "side_head"),
        terms=_weights(*_POSTERIOR, side=0.1),
        samples=500_000,
        optimizer="muon",
        learning_rate=2e-3,
        weight_decay=1e-4,
        checkpoint_every=200,
    ),
    # The generator learns what poses look like; fast, as nothing else runs. Scenes and held things are not in the
    # latent: on them it would only blur.
    "generator": Stage(
        trains=("generator",),
        terms=_weights("depth_reconstruction", "generated_pose"),
        samples=40_000,
        stream="hands",
        batch_size=32,
        learning_rate=1e-3,
        clip_norm=0.0,
    ),
    # Generator against discriminator, on a trunk that stays as the posterior needs it: no more haze behind the hands of
    # latents that no pose has. Features matched more strictly than this make surfaces rough.
    "depth_vae_gan": Stage(
        trains=("realness_head", "metric_head", "generator"),
        terms=_weights(*_ADVERSARIAL, "generated_pose", feature_matching=0.3),
        samples=16_000,
        stream="hands",
        batch_size=32,
        learning_rate=5e-4,
        beta_1=0.5,
    ),
    # Section 4, third step: both ways into the shared latent space learn to meet.
    "mapping": Stage(
        trains=("posterior_head", "metric_head", "mapping"),
        terms=_weights(*_POSTERIOR, "metric", "depth_reconstruction"),
        samples=32_000,
        learning_rate=2e-3,
    ),
    # Section 4, last step: the depth half, with unlabelled depth in every term that can use it. A generator that draws
    # points has its mapping from the start, and blurs when that moves.
    "joint": Stage(
        trains=("trunk", "posterior_head", "realness_head", "metric_head", "generator"),
        terms=_weights(
            *_POSTERIOR,
            *_ADVERSARIAL,
            "synthetic_posterior",
            "unlabelled_cycle",
            "unlabelled_reconstruction",
            "consistency",
        ),
        samples=100_000,
        batch_size=32,
        unlabelled_batch_size=32,
        learning_rate=1e-3,
        weight_decay=1e-4,
    ),
    # Fine-tuning: the estimator alone, on people's own frames.
    "adapt": Stage(
        trains=("trunk", "posterior_head"),
        terms=_weights(*_POSTERIOR, "consistency"),
        samples=5_600,
        batch_size=16,
        unlabelled_batch_size=32,
        synthetic_batch_size=16,
        learning_rate=1e-4,
        weight_decay=1e-4,
        keeps_norms=True,
        checkpoint_every=50,
    ),
}
