"""Crops a second of ``CrossingNets.fit`` beside the same joint step written plainly in TensorFlow, in one run.

    python benchmarks/joint_step.py [--dtype float32] [--turns 7] [--steps 6]

Paper-scale networks, batches of 32 labelled and 32 unlabelled crops with a second view each, all terms of the stage
``joint``. Both train the same weights on the same batch at first, and the benchmark ends with an error if any term of
the first two steps differs. Then they take turns on one thread, so that a machine's other work meets both; rates are by
processor time, medians over the turns. Batches lie in memory: no time goes into drawing crops.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import keras
import numpy as np
import tensorflow as tf
from _native_joint_step import NativeJointStep, Tensors

from cn_zoo.geometry import SKELETONS
from cn_zoo.joint import CrossingNets
from cn_zoo.objective import JointObjective
from cn_zoo.training.stage import STAGES

_SKELETON = "msra"
#: Largest relative difference of a term, in the first two steps.
_BOUNDS = {"float32": 1e-3, "mixed_bfloat16": 3e-2}
# A larger epsilon than AdamW's own: where a gradient is all rounding, it would make a step of it.
_ADAMW = {"learning_rate": 3e-4, "weight_decay": 1e-4, "epsilon": 1e-3}


@click.command()
@click.option("--dtype", type=click.Choice(list(_BOUNDS)), default="mixed_bfloat16", show_default=True)
@click.option("--turns", default=7, show_default=True, help="How often each of the two runs.")
@click.option("--steps", default=6, show_default=True, help="Steps in a turn.")
def main(dtype: str, turns: int, steps: int) -> None:
    """Check that both compute the same, time them, print rates and ratio."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Without noise both see the same; a step draws 320 random numbers, which cost nothing.
    keras.random.uniform = lambda shape, low, high, seed: keras.ops.full(shape, 0.5)
    keras.utils.set_random_seed(0)
    nets, native = _build(dtype)
    batch = _draw_batch(STAGES["joint"].batch_size)
    _check(nets, native, batch, _BOUNDS[dtype])
    fit = _time(lambda: _fit(nets, batch, steps), steps)
    plain = _time(lambda: _train_natively(native, batch, steps), steps)
    pairs = [(fit(), plain()) for _ in range(turns)]
    rates = [median(rate) for rate in zip(*pairs, strict=True)]
    ratio = median(one / other for one, other in pairs)
    click.echo(f"CrossingNets.fit {rates[0]:.1f}, plain TensorFlow {rates[1]:.1f} labelled crops per processor second")
    click.echo(f"ratio {ratio:.2f}, turns {min(a / b for a, b in pairs):.2f} to {max(a / b for a, b in pairs):.2f}")


def _build(dtype: str) -> tuple[CrossingNets, NativeJointStep]:
    stage = STAGES["joint"]
    nets = CrossingNets("paper", _SKELETON, dtype=dtype)
    nets.pose_encoder.trainable = nets.pose_decoder.trainable = False
    optimizer = keras.optimizers.AdamW(**_ADAMW, clipnorm=stage.clip_norm)
    nets.compile(optimizer, JointObjective.of(stage.terms))
    return nets, NativeJointStep(nets, stage.terms, **_ADAMW, clip_norm=stage.clip_norm)


def _draw_batch(size: int) -> Tensors:
    rng = np.random.default_rng(0)
    depth = rng.uniform(-1, 1, (3, size, 128, 128, 1))
    pose = rng.normal(size=(size, len(SKELETONS[_SKELETON]), 3))
    turn = rng.normal(size=(size, 4, 3))
    arrays = {"depth": depth[0], "unlabelled": depth[1], "twin": depth[2], "pose": pose, "turn": turn}
    return {name: tf.constant(array, "float32") for name, array in arrays.items()}


def _check(nets: CrossingNets, native: NativeJointStep, batch: Tensors, bound: float) -> None:
    for step in (1, 2):
        found, expected = _fit(nets, batch, 1), native(batch)
        differences = {name: abs(found[name] / float(value) - 1) for name, value in expected.items()}
        worst = max(differences, key=differences.get)
        click.echo(f"step {step}: {len(differences)} terms agree to {differences[worst]:.1e} ({worst})")
        if not differences[worst] < bound:
            raise click.ClickException(f"the two steps differ: {worst} is {found[worst]} and {float(expected[worst])}")


def _fit(nets: CrossingNets, batch: Tensors, steps: int) -> dict[str, float]:
    inputs = {name: value for name, value in batch.items() if name != "pose"}
    data = tf.data.Dataset.from_tensors((inputs, batch["pose"])).repeat(steps)
    history = nets.fit(data, shuffle=False, verbose=0).history
    return {name: values[0] for name, values in history.items()}


def _train_natively(native: NativeJointStep, batch: Tensors, steps: int) -> None:
    for each in tf.data.Dataset.from_tensors(batch).repeat(steps):
        native(each)


def _time(run: Callable[[], object], steps: int) -> Callable[[], float]:
    """Runs and returns labelled crops per processor second."""

    def timed() -> float:
        start = time.process_time()
        run()
        return steps * STAGES["joint"].batch_size / (time.process_time() - start)

    return timed


if __name__ == "__main__":
    main()
