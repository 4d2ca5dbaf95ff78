"""Losses of three steps on one device, then on all: OUTPUT. Started with several virtual devices, on JAX.

The posterior and the generator step in turn; the adversarial terms are left out: they take a minute to compile.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np

import cn_zoo
from cn_zoo.objective import JointObjective
from cn_zoo.training import load_recipe
from cn_zoo.training.devices import use_devices


def losses():
    """The terms of every step of one epoch."""
    rng = np.random.default_rng(0)
    depth, unlabelled = rng.uniform(-1, 1, (2, 24, 128, 128, 1)).astype("float32")
    pose = rng.normal(size=(24, 14, 3)).astype("float32")
    keras.utils.set_random_seed(1)
    nets = cn_zoo.CrossingNets("paper", "nyu")
    terms = {"pose": 1.0, "posterior": 0.1, "consistency": 1.0, "depth_reconstruction": 1.0}
    nets.compile(keras.optimizers.Adam(3e-4, epsilon=1e-3), JointObjective.of(terms))
    every = []
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: every.append(dict(logs)))
    turn = rng.normal(size=(24, 4, 3)).astype("float32")
    x = {"depth": depth, "unlabelled": unlabelled, "twin": unlabelled[::-1].copy(), "turn": turn}
    nets.fit(x, pose, batch_size=8, shuffle=False, verbose=0, callbacks=[keep])
    return [{name: float(value) for name, value in logs.items()} for logs in every]


if __name__ == "__main__":
    one = losses()
    use_devices(load_recipe("nyu", ("devices=all",)))
    rows = {"devices": len(keras.distribution.list_devices()), "one": one, "all": losses()}
    Path(sys.argv[1]).write_text(json.dumps(rows))
