"""The stages of a run: what each trains, on what, and where it leaves its result."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from cn_zoo.models import initialize_from_poses, set_sigma_calibration
from cn_zoo.synthesis.pose_set import draw_poses
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.synthesis.stream import CropStream
from cn_zoo.training.checkpoint import Checkpoint
from cn_zoo.training.parts import Parts
from cn_zoo.training.pose_vae_task import PoseVAETask
from cn_zoo.training.posterior_task import PosteriorTask
from cn_zoo.training.progress import RichProgress
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.schedule import warm_cosine
from cn_zoo.zoo import resolve


def train_pose_vae(recipe: Recipe, parts: Parts, folder: Path) -> None:
    """Stage 1: the pose VAE alone, on synthetic poses (paper section 3.1). Short, so never resumed half-way."""
    stage = recipe.pose_vae
    task = PoseVAETask(parts.pose_encoder, parts.pose_decoder, stage.pose_weight, recipe.seed)
    steps = stage.epochs * (stage.poses // stage.batch_size)
    optimizer = keras.optimizers.Adam(warm_cosine(stage.learning_rate, steps), beta_1=0.5)
    task.compile(optimizer=optimizer)
    task(np.zeros((1, len(parts.skeleton), 3), "float32"))
    # A checkpoint's optimizer state, its step count included, fits a built optimizer only.
    optimizer.build(task.trainable_variables)
    checkpoint = Checkpoint(folder / "pose_vae.weights.h5", every=steps)
    if checkpoint.restore(task) == steps:
        return
    poses = draw_poses(PRESETS[recipe.dataset], recipe.seed, stage.poses)
    initialize_from_poses(parts.pose_encoder, parts.pose_decoder, parts.skeleton, poses)
    progress = RichProgress("pose VAE", steps, 0, stage.batch_size)
    task.fit(
        poses, poses, batch_size=stage.batch_size, epochs=stage.epochs, callbacks=[checkpoint, progress], verbose=0
    )


def train_posterior(recipe: Recipe, parts: Parts, folder: Path) -> None:
    """Stage 2: the posterior on synthetic crops, with the pose VAE fixed; resumes from its checkpoint."""
    stage = recipe.posterior
    task = PosteriorTask(parts.trunk, parts.posterior_head, parts.pose_encoder, parts.pose_decoder)
    steps = stage.samples // (stage.batch_size * stage.checkpoint_every) * stage.checkpoint_every
    optimizer = keras.optimizers.AdamW(
        warm_cosine(stage.learning_rate, steps), weight_decay=stage.weight_decay, clipnorm=1.0
    )
    task.compile(optimizer=optimizer)
    task(np.ones((1, 128, 128, 1), "float32"))
    optimizer.build(task.trainable_variables)
    if stage.warm_start:
        parts.warm_start(keras.models.load_model(resolve(stage.warm_start, "estimator"), compile=False))
    checkpoint = Checkpoint(folder / "posterior.weights.h5", stage.checkpoint_every)
    done = checkpoint.restore(task)
    if done >= steps:
        return
    # An epoch is what lies between two checkpoints; the stream goes on where the last one ended.
    every = stage.checkpoint_every
    start = done * stage.batch_size
    stream = CropStream(PRESETS[recipe.dataset], stage.batch_size, recipe.seed, start=start, length=every)
    curves = keras.callbacks.CSVLogger(folder / "posterior.csv", append=done > 0)
    progress = RichProgress("posterior", steps, done, stage.batch_size)
    callbacks = [checkpoint, curves, progress]
    task.fit(stream, initial_epoch=done // every, epochs=steps // every, callbacks=callbacks, verbose=0, shuffle=False)
    stream.close()


def calibrate(recipe: Recipe, estimator: keras.Model) -> None:
    """Stage 3: scale each joint's deviation so that 68 % of validation errors lie inside it."""
    stage = recipe.calibration
    stream = CropStream(PRESETS[recipe.dataset], 100, recipe.seed, "validation", length=stage.samples // 100)
    ratios = []
    for index in range(len(stream)):
        depth, pose = stream[index]
        output = estimator.predict_on_batch(depth)
        error = np.linalg.norm(output["pose"] - pose, axis=-1)
        ratios.append(error / output["sigma"])
    stream.close()
    set_sigma_calibration(estimator, np.quantile(np.concatenate(ratios), 0.68, axis=0))
