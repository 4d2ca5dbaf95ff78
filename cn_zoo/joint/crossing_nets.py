"""Crossing Nets: the pose VAE and the depth VAE-GAN, joined by one latent space, as one Keras model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import keras
from keras import KerasTensor, ops

from cn_zoo.errors import WeightsError
from cn_zoo.geometry import CROP_SIZE, CUBE_MM, POSE_UNIT_MM, SKELETONS
from cn_zoo.joint._make_batch import make_batch
from cn_zoo.joint.routed_optimizer import RoutedOptimizer
from cn_zoo.joint.training_kernels import training_kernels
from cn_zoo.models import (
    ARCHITECTURES,
    NETWORKS,
    SIDE_HEAD,
    build_generator,
    build_mapping,
    build_metric_head,
    build_pose_decoder,
    build_pose_encoder,
    build_pose_estimator,
    build_posterior_head,
    build_realness_head,
    build_trunk,
    load_keras_file,
)
from cn_zoo.models.dtype_policy import dtype_policy
from cn_zoo.objective import TERMS, JointObjective
from cn_zoo.zoo import resolve

#: The paper's joint stage (section 4).
_LEARNING_RATE, _BETA_1 = 1e-3, 0.5


class _NoTermsError(ValueError):
    """A batch has no data for any term of these players."""

    def __init__(self, players: Iterable[str]) -> None:
        names = ", ".join(players)
        super().__init__(f"the batch has no data for any term of {names}; help(CrossingNets) tells what batches hold")


@keras.saving.register_keras_serializable(package="cn_zoo")
class CrossingNets(keras.Model):
    """All networks of Crossing Nets for one skeleton, which estimate, synthesize and train together.

    Training is semi-supervised. A batch is ``({"depth": x, "unlabelled": u}, y)``, or ``(x, y)`` without unlabelled
    depth maps: ``x`` (B, 128, 128, 1) and ``u`` (U, 128, 128, 1) float32 crops in [-1, 1], ``y`` (B, J, 3) poses of
    ``x`` in crop coordinates of 50 mm. U need not be B, but both should stay the same from batch to batch. With
    ``"twin"`` and ``"turn"`` in the dict (see `cn_zoo.objective.Batch`) second views of the unlabelled depth maps are
    learned from too; ``({"pose": y},)`` trains the pose VAE alone. On JAX and PyTorch an epoch's logs are of those
    terms that its last batch has data for: let all batches of a stream hold the same.

    One training step lets each player step once, in the order of `players`, on the same batch: pose VAE,
    discriminator, generator; players without trainable weights that their terms reach, or without terms that the batch
    has data for, are passed over. Losses are those of `cn_zoo.objective.JointObjective`; each of its terms is a metric
    of its own name, so that a term that turns NaN is known by name. The metric ``loss`` is the mean over the players,
    nearly all of it the pose VAE's reconstruction, and ``error_mm`` the term ``pose`` in millimetres, which is what
    callbacks had better watch: ``monitor="val_error_mm", mode="min"``. `evaluate` leaves out terms without data:
    ask it for ``return_dict=True``. Samples cannot be weighted.

    All networks learn but the side head, which is frozen until ``nets.side_head.trainable = True``: only the term
    ``side``, which weighs nothing by default, trains it. A saved file keeps what is frozen, single layers too, or, of
    compiled nets, what was frozen when they were compiled.

    Saved files load with `from_pretrained`; ``keras.models.load_model`` knows the class once ``cn_zoo.CrossingNets``
    has been named, as ``import cn_zoo`` alone imports no framework.

    Args:
        architecture: a key of `ARCHITECTURES`.
        skeleton: a key of `cn_zoo.geometry.SKELETONS`.
        cube_mm: edge of the crop cube.
        seed: of the noise in training.
        **kwargs: ``name``, and ``dtype``: ``"mixed_bfloat16"`` computes the convolutional networks in bfloat16. The
            pose VAE, the losses and all outputs stay float32, as a millimetre is less than bfloat16 resolves.
    """

    def __init__(
        self,
        architecture: str = "default",
        skeleton: str = "nyu",
        cube_mm: float = CUBE_MM,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("name", "crossing_nets")
        super().__init__(**kwargs)
        sizes, joints = ARCHITECTURES[architecture], SKELETONS[skeleton]

        # layers
        with dtype_policy("float32"):
            self.pose_encoder = build_pose_encoder(sizes, joints)
            self.pose_decoder = build_pose_decoder(sizes, joints)
            self.mapping = build_mapping(sizes)
        with dtype_policy(self.dtype_policy):
            self.generator = build_generator(sizes, joints, cube_mm)
            self.trunk = build_trunk(sizes)
            self.posterior_head = build_posterior_head(sizes, joints, cube_mm)
            self.realness_head = build_realness_head()
            self.metric_head = build_metric_head(sizes)
        with dtype_policy("float32"):
            self.estimator = build_pose_estimator(self.trunk, self.posterior_head, self.pose_decoder, joints)
        self.side_head = self.estimator.get_layer(SIDE_HEAD)
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

        # config
        self.architecture = architecture
        self.skeleton = skeleton
        self.cube_mm = cube_mm
        self.seed = seed

        # training
        self.term_metrics: dict[str, keras.metrics.Mean] = {}
        # No set: Keras would wrap it, and a step compiled by PyTorch would not see what is added.
        self._terms_seen: frozenset[str] = frozenset()
        self._turn: str | None = None
        self._stepping: list[str] = []
        self._frozen: list[str] = []

    @classmethod
    def from_pretrained(cls, model: str | Path) -> CrossingNets:
        """Load released or saved nets.

        Args:
            model: a name of ``cn_zoo.list_models()``, a path or an address, as for ``cn_zoo.weights_path``.

        Raises:
            UnknownModelError: ``model`` has none of the accepted forms.
            WeightsError: the model was released without its nets, or the file is damaged or holds something else.
        """
        path = resolve(model, "nets")
        nets = load_keras_file(path, compile=True)
        if not isinstance(nets, cls):
            raise WeightsError(f"{path}: holds no CrossingNets but a {type(nets).__name__}; give a file of kind 'nets'")
        return nets

    def estimate(self, x: KerasTensor) -> dict[str, KerasTensor]:
        """Poses of depth maps.

        Args:
            x: (B, 128, 128, 1) crops in [-1, 1].

        Returns:
            ``pose`` (B, J, 3), crop coordinates in units of 50 mm; ``sigma`` (B, J), the deviation of each joint in
            the same unit; ``latent`` (B, L + 3), the posterior's mean; ``hand`` (B, 2), the probability that this is a
            hand, and that it is one of the side that the posterior knows.
        """
        return self.estimator(x, training=False)

    def encode_pose(self, y: KerasTensor) -> dict[str, KerasTensor]:
        """Latents of poses.

        Args:
            y: (B, J, 3) crop coordinates in units of 50 mm.

        Returns:
            ``mean`` (B, L + 3), the point of the shared latent space with the root's offset last, and
            ``log_variance`` (B, L).
        """
        return self.pose_encoder(y)

    def synthesize(self, z: KerasTensor) -> dict[str, KerasTensor]:
        """The hand at points of the shared latent space, as pose and as depth map.

        Args:
            z: (B, L + 3).

        Returns:
            ``pose`` (B, J, 3), crop coordinates in units of 50 mm, and ``depth`` (B, 128, 128, 1) in [-1, 1].
        """
        depth = self.generator(self.mapping(z, training=False), training=False)
        return {"pose": self.pose_decoder(z), "depth": depth}

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The networks by name, in a fixed order; `estimator` is made of three of them."""
        return {name: getattr(self, name) for name in NETWORKS}

    @property
    def players(self) -> dict[str, tuple[keras.Model, ...]]:
        """The networks that each player owns, in the order in which players step."""
        learners = {player: set().union(*terms.values()) for player, terms in TERMS.items()}
        return {
            player: tuple(network for name, network in self.networks.items() if name in names)
            for player, names in learners.items()
        }

    def call(self, inputs: KerasTensor | Mapping[str, KerasTensor], training: bool = False) -> dict[str, KerasTensor]:
        """As `estimate`, of depth maps or of the ``depth`` in a batch's dict."""
        if self._turn is not None or (isinstance(inputs, Mapping) and "depth" not in inputs):
            return {}  # within a training step the objective calls the networks, each player its own
        depth = inputs["depth"] if isinstance(inputs, Mapping) else inputs
        return self.estimator(depth, training=training)

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer | str | None = None,
        objective: JointObjective | None = None,
        *,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
    ) -> None:
        """Get ready to train.

        Args:
            optimizer: a `RoutedOptimizer` with an optimizer for each player, or any Keras optimizer,
                which every player gets one like: ``nets.optimizer`` has them in ``players``, and the one given is not
                used itself. Default: Adam as in the paper's joint stage.
            objective: what is minimised. Default: `cn_zoo.objective.JointObjective()`.
            run_eagerly, steps_per_execution, jit_compile: as for every Keras model.

        Raises:
            ValueError: there is nothing to train, as no term that weighs something reaches a trainable network; the
                discriminator is to learn the term ``side`` with a frozen side head; or the optimizer is one that
                `RoutedOptimizer` refuses.
        """
        self.objective = objective or JointObjective()
        taught = {player: self.objective.trains(player) for player in self.players}
        weights = {player: self._weights_of(names) for player, names in taught.items() if names}
        self._stepping = [player for player, each in weights.items() if each]
        self._check_trainable(set().union(*taught.values()))
        self._frozen = self._frozen_parts()
        optimizer = keras.optimizers.get(optimizer or keras.optimizers.Adam(_LEARNING_RATE, beta_1=_BETA_1))
        if not isinstance(optimizer, RoutedOptimizer):
            optimizer = RoutedOptimizer.alike(optimizer, list(self.players))
        optimizer.route(weights)
        optimizer.build(self.trainable_variables)
        # One by one, so that Keras forgets them.
        for name in list(self.term_metrics):
            self.term_metrics.pop(name)
        wanted = [name for name, weight in self.objective.get_config().items() if weight]
        if "pose" in wanted:
            wanted.append("error_mm")
        for name in wanted:
            self.term_metrics[name] = keras.metrics.Mean(name=name)
        self._terms_seen = frozenset()
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=False,
        )

    def train_step(self, *args: Any) -> Any:
        """One step of each player that has terms and weights to train, in turn.

        It is Keras' own step of the backend, once per player; what differs is known when the step is traced. On JAX a
        step takes and returns the training state too, which the next player's step goes on with.

        Raises:
            ValueError: the batch has no data for any term of these players.
        """
        *state, batch = args
        result = None
        self._terms_seen = frozenset()
        try:
            with training_kernels(self.networks.values()):
                for player in self._stepping:
                    self._turn = self.optimizer.turn = player
                    # Only the player's own terms know what data they need.
                    with suppress(_NoTermsError):
                        result = super().train_step(*state, batch)
                        state = result[1:] if state else state
        finally:
            self._turn = self.optimizer.turn = None
        if result is None:
            raise _NoTermsError(self._stepping)
        return result

    def test_step(self, *args: Any) -> Any:
        """All players' losses, as Keras' own step of the backend."""
        self._terms_seen = frozenset()
        return super().test_step(*args)

    def compute_loss(
        self,
        x: KerasTensor | Mapping[str, KerasTensor] | None = None,
        y: KerasTensor | None = None,
        y_pred: dict[str, KerasTensor] | None = None,
        sample_weight: KerasTensor | None = None,
        training: bool = True,
    ) -> KerasTensor:
        """The loss of the player whose turn it is; in evaluation, the mean of all players' losses.

        Raises:
            ValueError: samples are weighted, the batch has no data for any term, or holds something unknown, of a shape
                that cannot be, or without what it needs.
        """
        if sample_weight is not None:
            raise ValueError("the terms of CrossingNets weigh all samples alike; give no sample_weight or class_weight")
        batch = make_batch(x, y, len(SKELETONS[self.skeleton]), training)
        players = list(self.players) if self._turn is None else [self._turn]
        losses = []
        for player in players:
            if terms := self.objective.terms(self, player, batch):
                losses.append(self.objective.weigh(terms))
                # No term does without poses.
                self._note(terms, ops.shape(batch.pose)[0])
        if not losses:
            raise _NoTermsError(players)
        return sum(losses) / len(losses)

    def get_metrics_result(self) -> dict[str, KerasTensor]:
        """The loss and its terms; a term that the batch has no data for is left out."""
        absent = self.term_metrics.keys() - self._terms_seen
        return {name: value for name, value in super().get_metrics_result().items() if name not in absent}

    def _note(self, terms: Mapping[str, KerasTensor], count: int | KerasTensor) -> None:
        """Put a batch's terms into their metrics. A smaller batch counts for less, as in Keras's mean of the loss."""
        seen = dict(terms)
        if "pose" in seen:
            seen["error_mm"] = seen["pose"] * POSE_UNIT_MM
        for name, value in seen.items():
            self.term_metrics[name].update_state(value, sample_weight=count)
        self._terms_seen = self._terms_seen.union(seen)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, and what was frozen, when the nets were compiled if they were."""
        own = {name: getattr(self, name) for name in ("architecture", "skeleton", "cube_mm", "seed")}
        frozen = list(self._frozen) if self.compiled else self._frozen_parts()
        return {**super().get_config(), **own, "frozen": frozen}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> CrossingNets:
        """Nets of such a config, with the same parts frozen."""
        arguments = {name: value for name, value in config.items() if name != "frozen"}
        nets = super().from_config(arguments, custom_objects)
        if "frozen" in config:
            for path, part in nets._parts().items():
                part.trainable = path not in config["frozen"]
        return nets

    def export(self, filepath: str | Path, *args: Any, input_signature: Any = None, **kwargs: Any) -> None:
        """Export `estimate`, as ``keras.Model.export`` does, by default for depth maps (B, 128, 128, 1)."""
        depth = keras.InputSpec("float32", (None, CROP_SIZE, CROP_SIZE, 1))
        super().export(filepath, *args, input_signature=input_signature or [depth], **kwargs)

    def get_compile_config(self) -> dict[str, Any] | None:
        """By what the nets are trained, for saving; how steps are run is left to the backend that loads the file."""
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "objective": keras.saving.serialize_keras_object(self.objective),
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with the saved optimizer and objective."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store: Any) -> None:
        """Save where the noise stands, so that a resumed run draws what an uninterrupted one would."""
        store["seed_state"] = self.seed_generator.state

    def load_own_variables(self, store: Any) -> None:
        """Put the noise where it stood."""
        self.seed_generator.state.assign(store["seed_state"])

    def _weights_of(self, names: set[str]) -> list[keras.Variable]:
        """The weights of the networks of these names that can be trained."""
        # A network of a frozen whole is frozen, whatever it says of itself.
        trainable = {id(weight) for weight in self.trainable_variables}
        weights = [weight for name in NETWORKS if name in names for weight in self.networks[name].trainable_variables]
        return [weight for weight in weights if id(weight) in trainable]

    def _check_trainable(self, taught: set[str]) -> None:
        """See that of the networks that the objective's terms reach, the ``taught`` ones, any can learn."""
        if not taught:
            raise ValueError("there is nothing to train: no term of the objective weighs anything")
        if not self._stepping:
            names = ", ".join(name for name in NETWORKS if name in taught)
            raise ValueError(
                f"there is nothing to train: the objective's terms reach {names} only, and these are frozen"
            )
        if self.objective.side and "discriminator" in self._stepping and not self.side_head.trainable:
            raise ValueError(
                "the objective's term side trains the side head, which is frozen; set nets.side_head.trainable = True, "
                "or side=0"
            )

    def _parts(self) -> dict[str, keras.layers.Layer]:
        """What may be frozen, by path: networks, and after each its layers, which freezing it freezes too."""
        parts: dict[str, keras.layers.Layer] = {}
        for name, network in self.networks.items():
            parts[name] = network
            parts |= {f"{name}/{layer.name}": layer for layer in network.layers if layer.weights}
        return parts

    def _frozen_parts(self) -> list[str]:
        return [path for path, part in self._parts().items() if not part.trainable]
