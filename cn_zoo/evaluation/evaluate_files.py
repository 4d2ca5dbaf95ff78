"""Published predictions against published labels, both as text."""

from __future__ import annotations

from pathlib import Path

from cn_zoo.errors import InputError
from cn_zoo.evaluation.evaluation import Evaluation, evaluate_joints
from cn_zoo.evaluation.joint_text import read_joints
from cn_zoo.evaluation.protocol import PROTOCOLS


def evaluate_files(dataset: str, predictions: str | Path, labels: str | Path) -> Evaluation:
    """Score a prediction file by a benchmark's protocol.

    Parts of the test set are told apart where the files hold the whole test set.

    Args:
        dataset: a key of ``PROTOCOLS``.
        predictions, labels: text, gzipped or not: a frame a line, u px, v px, d mm of each scored joint.

    Raises:
        InputError: a file is unreadable, a line is bad (named by its number), the files differ in length, or hold
            something else than u v d.
    """
    protocol = PROTOCOLS[dataset]
    true, predicted = (read_joints(path, len(protocol.skeleton)) for path in (labels, predictions))
    protocol.check_uvd(true, str(labels))
    protocol.check_uvd(predicted, str(predictions))
    if len(predicted) != len(true):
        raise InputError(
            f"{predictions}: {len(predicted)} frames, but {labels} has {len(true)}; every labelled frame needs a line"
        )
    whole_set = len(true) == protocol.test_frames
    parts = {name: slice(*frames) for name, frames in protocol.parts.items()} if whole_set else None
    return evaluate_joints(predicted, true, protocol.camera, protocol.skeleton, parts, viewpoint=protocol.viewpoint)
