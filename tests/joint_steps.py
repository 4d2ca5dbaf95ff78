"""Train saved nets for a few steps in a process of its own: MODEL DATA OUTPUT [noise-free].

Writes each term's value and all weights; the tests compare them between backends and between runs.
"""

import sys

import keras
import numpy as np

import cn_zoo


def joint_steps(nets, data):
    """One epoch over the arrays of ``data``; its terms and the weights after it, as one flat dict."""
    batches = {"depth": data["depth"], "unlabelled": data["unlabelled"]}
    terms = nets.fit(batches, data["pose"], batch_size=len(data["pose"]) // 5, shuffle=False, verbose=0).history
    weights = {f"weight {index}": keras.ops.convert_to_numpy(weight) for index, weight in enumerate(nets.weights)}
    return {**{name: np.array(value) for name, value in terms.items()}, **weights}


def without_noise():
    """Random numbers that are the same on every backend."""
    keras.random.normal = lambda shape, seed: keras.ops.zeros(shape)
    keras.random.uniform = lambda shape, low, high, seed: keras.ops.full(shape, 0.5)


if __name__ == "__main__":
    model, data, output, *options = sys.argv[1:]
    if options:
        without_noise()
    nets = cn_zoo.CrossingNets.from_pretrained(model)
    np.savez(output, **joint_steps(nets, np.load(data)))
