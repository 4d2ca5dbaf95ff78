"""The parts of the synthetic world: what networks learn from, and what they are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Split:
    """A part of the synthetic world that shares nothing with the others.

    Attributes:
        code: its number in the seeds.
        subjects: how many people it has.
        mesh: whose hands, a name for `HandModel.load`.
        trains: whether networks learn from it.
    """

    code: int
    subjects: int
    mesh: str = "hand"
    trains: bool = False


#: ``test-webxr`` is the cross-mesh test: hands of another artist, which nothing trains on.
SPLITS: dict[str, Split] = {
    "train": Split(0, 600, trains=True),
    "validation": Split(1, 60),
    "test": Split(2, 60),
    "test-webxr": Split(3, 60, "webxr_hand"),
}


def sample_generator(seed: int, index: int, split: str) -> np.random.Generator:
    """The randomness of one sample.

    Raises:
        ValueError: an unknown split, or a negative number.
    """
    if split not in SPLITS:
        raise ValueError(f"split is one of {', '.join(SPLITS)}; received {split!r}")
    return np.random.default_rng((seed, SPLITS[split].code, index))
