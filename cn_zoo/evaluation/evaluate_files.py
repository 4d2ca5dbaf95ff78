"""Published predictions against published labels, both as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, NoHandError
from cn_zoo.evaluation.evaluation import Evaluation, evaluate_joints
from cn_zoo.evaluation.joint_text import read_joints, read_predictions
from cn_zoo.evaluation.protocol import PROTOCOLS, Protocol


def evaluate_files(dataset: str, predictions: str | Path, labels: str | Path) -> Evaluation:
    """Score a prediction file by a benchmark's protocol.

    Parts of the test set are told apart where the files hold the whole test set. Frames in which no hand was found, all
    NaN in the predictions, are not scored.

    Args:
        dataset: a key of ``PROTOCOLS``.
        predictions, labels: text, gzipped or not: a frame a line, u px, v px, d mm of each scored joint.

    Raises:
        InputError: a file is unreadable, a line is bad (named by its number), the files differ in length, or hold
            something else than u v d.
        NoHandError: no hand was found in any frame.
        ValueError: there is no protocol for that dataset.
    """
    if dataset not in PROTOCOLS:
        raise ValueError(f"a dataset with a protocol is one of {', '.join(PROTOCOLS)}; received {dataset!r}")
    protocol = PROTOCOLS[dataset]
    true, predicted = read_joints(labels, len(protocol.skeleton)), read_predictions(predictions, len(protocol.skeleton))
    found = np.isfinite(predicted).all(axis=(1, 2))
    if not found.any():
        raise NoHandError(f"{predictions}: no hand was found in any frame, so there is nothing to score")
    protocol.check_uvd(true, str(labels))
    protocol.check_uvd(predicted[found], str(predictions))
    if len(predicted) != len(true):
        raise InputError(
            f"{predictions}: {len(predicted)} frames, but {labels} has {len(true)}; every labelled frame needs a line"
        )
    parts = _found_parts(protocol, found) if len(true) == protocol.benchmark.test_frames else None
    evaluation = evaluate_joints(predicted[found], true[found], protocol.camera, protocol.skeleton, parts)
    return replace(evaluation, missed=int((~found).sum()))


def _found_parts(protocol: Protocol, found: np.ndarray) -> dict[str, np.ndarray]:
    """The parts of a whole test set, as masks of its found frames; those without any are left out."""
    indices = np.flatnonzero(found)
    parts = {name: (indices >= first) & (indices < end) for name, (first, end) in protocol.benchmark.parts.items()}
    return {name: frames for name, frames in parts.items() if frames.any()}
