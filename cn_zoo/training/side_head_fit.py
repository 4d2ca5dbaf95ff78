"""The estimator's word on which hand it sees, learned from crops of right hands and their mirror images."""

from __future__ import annotations

from contextlib import closing

import keras
import numpy as np
from keras import KerasTensor

from cn_zoo.models import build_side_head, evidence_of, set_head
from cn_zoo.objective import side_error
from cn_zoo.synthesis.crop_stream import CropStream
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.head_fit import fit_head

_BATCH = 100


def fit_side_head(estimator: keras.Model, name: str, crops: int, seed: int) -> None:
    """Train an estimator's side head, and nothing else of it.

    Args:
        estimator: as of ``cn_zoo.models.build_pose_estimator``, otherwise finished.
        name: of the preset of the synthetic hands that it knows.
        crops: how many, to the next whole batch; each is seen twice, the second time in a mirror.
        seed: of crops and weights.
    """
    evidence = _seen_both_ways(evidence_of(estimator), name, crops, seed)
    head = build_side_head(evidence.shape[-1])
    fit_head(head, evidence, np.zeros((len(evidence), 1)), _entropies, seed)
    set_head(estimator, head)


def _seen_both_ways(network: keras.Model, name: str, crops: int, seed: int) -> np.ndarray:
    """Evidence (N, 2, E) about hands of the side that the estimator knows, and their mirror images."""
    length = -(-crops // _BATCH)
    seen = []
    with closing(CropStream(PRESETS[name], _BATCH, seed, length=length)) as stream:
        for index in range(length):
            depth, _ = stream[index]
            views = [network.predict_on_batch(view) for view in (depth, depth[:, :, ::-1])]
            seen.append(np.stack(views, axis=1))
    return np.concatenate(seen)


def _entropies(_: KerasTensor, odds: KerasTensor) -> KerasTensor:
    return side_error(odds[:, 0], odds[:, 1])
