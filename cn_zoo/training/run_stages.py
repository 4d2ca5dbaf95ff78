"""Running the stages of a recipe, one after the other."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keras

from cn_zoo.errors import InputError
from cn_zoo.geometry import SKELETONS
from cn_zoo.joint import ConvolutionMuon, CrossingNets
from cn_zoo.models import ARCHITECTURES, initialize_from_poses, initialize_points
from cn_zoo.objective import JointObjective
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.checkpoint import Checkpoint, checkpoint_path
from cn_zoo.training.curves import Curves, curves_path
from cn_zoo.training.devices import ALONE, Host
from cn_zoo.training.learning_rate import warm_cosine
from cn_zoo.training.loss_guard import LossGuard
from cn_zoo.training.poses import training_poses
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.rich_progress import RichProgress
from cn_zoo.training.run_data import RunData
from cn_zoo.training.sample_sheets import SampleSheets
from cn_zoo.training.sources import LabelledSource, PoseSource, Source, SyntheticSource, UnlabelledSource, batches
from cn_zoo.training.stage import Stage
from cn_zoo.training.warm_start import known_networks, start_from

#: First and last layers, which Muon leaves to AdamW.
_NOT_BY_MUON = [
    "posterior_mean",
    "log_variance",
    "posterior_weights",
    "posterior_offsets",
    "trunk_conv1",
    "side_head_odds",
]

#: How many poses tell what poses are like before a network learns.
_FIRST_POSES = 4_000


def run_stages(recipe: Recipe, nets: CrossingNets, data: RunData, folder: Path, host: Host = ALONE) -> None:
    """Train nets stage by stage; go on from the last checkpoint in the folder, if there is one.

    A stage's checkpoint holds all networks, so that the last one tells all that went before.

    Raises:
        InputError: a stage's stream is missing, a stage has nothing to learn, a checkpoint does not fit, or a loss is
            no number any more.
    """
    for name, stage in recipe.schedule.items():
        _check_streams(name, stage, data)
        _check_learns(name, stage, nets)
    reached = [name for name in recipe.schedule if checkpoint_path(folder, name).exists()]
    if recipe.start and not reached:
        start_from(nets, recipe.start, recipe.trained())
    known = known_networks(nets, recipe.start) if recipe.start else set()
    names = list(recipe.schedule)
    first = names.index(reached[-1]) if reached else 0
    for number, name in enumerate(names):
        if number >= first:
            _run_stage(recipe, name, nets, data, folder, known, host)
        known = known.union(recipe.schedule[name].trains)


def _run_stage(
    recipe: Recipe, name: str, nets: CrossingNets, data: RunData, folder: Path, known: Collection[str], host: Host
) -> None:
    """Train one stage; the networks that are not ``known`` have learned nothing yet."""
    stage = recipe.schedule[name]
    compile_for(nets, stage)
    checkpoint = Checkpoint(checkpoint_path(folder, name))
    done = checkpoint.restore(nets)
    if done >= stage.steps:
        return
    if done == 0:
        _initialize(recipe, nets, data, set(stage.trains).difference(known))
    sources = _open_sources(recipe, stage, data)
    names = list(recipe.schedule)
    so_far = [checkpoint_path(folder, each) for each in names[: names.index(name) + 1]]
    callbacks = [LossGuard(name, so_far)]
    if host.is_first:
        callbacks += _curves(folder, name, done // stage.epoch_steps)
    # All hosts save, and draw, the same: what they hold together they can only touch together.
    if "generator" in stage.trains:
        callbacks.append(SampleSheets(folder / "samples", name))
    callbacks.append(checkpoint)
    with RichProgress(name, stage.steps, done, stage.batch_size) as progress:
        learn(nets, stage, sources, done, [*callbacks, progress], host)


def _curves(folder: Path, name: str, done: int) -> list[keras.callbacks.Callback]:
    curves: list[keras.callbacks.Callback] = [Curves(curves_path(folder, name), done)]
    # Keras writes them by TensorFlow, which comes without TensorBoard itself.
    if find_spec("tensorflow") and find_spec("tensorboard"):
        curves.append(keras.callbacks.TensorBoard(folder / "tensorboard" / name, write_graph=False))
    return curves


def learn(
    nets: CrossingNets,
    stage: Stage,
    sources: list[Source],
    done: int,
    callbacks: list[keras.callbacks.Callback],
    host: Host = ALONE,
) -> None:
    """Do the steps of a stage that are not ``done``, on nets compiled for it; then end the sources."""
    try:
        nets.fit(
            batches(sources, done, host),
            initial_epoch=done // stage.epoch_steps,
            epochs=stage.epochs,
            steps_per_epoch=stage.epoch_steps,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )
    finally:
        for source in sources:
            source.close()


def compile_for(nets: CrossingNets, stage: Stage) -> None:
    """Let a stage's networks learn by the stage's terms, and no others."""
    for name, network in nets.networks.items():
        network.trainable = name in stage.trains
        # Each by itself: a network that is told what it is already tells its layers nothing, and another stage may have
        # left them otherwise. A batch norm that cannot be trained uses its moving statistics, and leaves them.
        for layer in network.layers:
            is_kept = stage.keeps_norms and isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = network.trainable and not is_kept
    nets.compile(_optimizer(stage), JointObjective.of(stage.terms))


def _optimizer(stage: Stage) -> keras.optimizers.Optimizer:
    learning_rate = warm_cosine(stage.learning_rate, stage.steps)
    if stage.optimizer == "muon":
        return ConvolutionMuon(
            learning_rate, weight_decay=0.01, adam_weight_decay=stage.weight_decay, exclude_layers=_NOT_BY_MUON
        )
    return keras.optimizers.AdamW(
        learning_rate, beta_1=stage.beta_1, weight_decay=stage.weight_decay, clipnorm=stage.clip_norm or None
    )


def _open_sources(recipe: Recipe, stage: Stage, data: RunData) -> list[Source]:
    if stage.stream == "poses":
        return [PoseSource(training_poses(recipe, data), stage.batch_size, recipe.seed)]
    sources: list[Source] = []
    preset, synthetic = PRESETS[recipe.dataset], stage.synthetic_batch_size
    if stage.stream == "hands":
        preset = preset.bare()
    if data.labelled is None:
        synthetic += stage.batch_size
    else:
        sources.append(LabelledSource(data.labelled, data.trained, stage.batch_size, recipe.seed, recipe.augmentation))
    if synthetic:
        sources.append(SyntheticSource(preset, synthetic, recipe.seed))
    if stage.unlabelled_batch_size:
        sources.append(UnlabelledSource(data.unlabelled, stage.unlabelled_batch_size, recipe.seed, recipe.augmentation))
    return sources


def _initialize(recipe: Recipe, nets: CrossingNets, data: RunData, fresh: Collection[str]) -> None:
    """Tell networks that have learned nothing yet what a few poses look like."""
    pose_vae = {"pose_encoder", "pose_decoder"}.issubset(fresh)
    points = "generator" in fresh and not ARCHITECTURES[recipe.architecture].paper
    if not pose_vae and not points:
        return
    skeleton = SKELETONS[recipe.dataset]
    poses = training_poses(replace(recipe, poses=min(recipe.poses, _FIRST_POSES)), data)
    if pose_vae:
        initialize_from_poses(nets.pose_encoder, nets.pose_decoder, skeleton, poses)
    if points:
        latents = keras.ops.convert_to_numpy(nets.encode_pose(poses)["mean"])
        initialize_points(nets.mapping, nets.generator, latents, poses, skeleton)


def _check_streams(name: str, stage: Stage, data: RunData) -> None:
    if stage.unlabelled_batch_size and not data.unlabelled:
        raise InputError(
            f"stage {name} learns from unlabelled depth maps, and there are none; give --unlabelled DIR, or a "
            f"labelled_fraction below 1 with --data, or do without: --set {name}.unlabelled_batch_size=0"
        )


def _check_learns(name: str, stage: Stage, nets: CrossingNets) -> None:
    """See that a stage can begin, before those that come before it take their time."""
    try:
        compile_for(nets, stage)
    except ValueError as reason:
        raise InputError(f"stage {name}, which trains {', '.join(stage.trains)}: {reason}") from None
