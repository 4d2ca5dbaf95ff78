"""Prediction records, and how they are written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from cn_zoo.inference import HandPose

#: What ``--format`` takes.
FORMATS = ("json", "jsonl", "csv", "text")
#: A prediction as plain values, or the error in its place.
Record = dict[str, object]

_JOINT_COLUMNS = ("u", "v", "d", "x", "y", "z", "sigma_mm")


def pose_record(source: str, model: str, pose: HandPose) -> Record:
    """The contract's JSON record of one prediction: pixels to 0.01, mm to 0.01."""
    camera = pose.camera
    values = zip(pose.names, pose.uvd, pose.xyz, pose.sigma, strict=True)
    return {
        "source": source,
        "model": model,
        "hand": pose.hand,
        "camera": {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy},
        "center_uvd": [_rounded(value) for value in pose.center_uvd],
        "confidence": round(pose.confidence, 4),
        "joints": [
            {"name": name, **dict(zip(_JOINT_COLUMNS, map(_rounded, (*uvd, *xyz, sigma)), strict=True))}
            for name, uvd, xyz, sigma in values
        ],
    }


def error_record(source: str, model: str, message: str) -> Record:
    """What stands in for a prediction that could not be made."""
    return {"source": source, "model": model, "error": message}


def format_records(records: Iterable[Record], form: str, joints: int) -> Iterator[str]:
    """Lines of output, without line ends, one record at a time; ``joints`` is how many a prediction has."""
    return _text(records, joints) if form == "text" else _FORMATTERS[form](records)


def _json(records: Iterable[Record]) -> Iterator[str]:
    everything = list(records)
    yield json.dumps(everything[0] if len(everything) == 1 else everything, indent=1)


def _jsonl(records: Iterable[Record]) -> Iterator[str]:
    return (json.dumps(record) for record in records)


def _csv(records: Iterable[Record]) -> Iterator[str]:
    """One line a joint; a record with an error has one line that says it."""
    yield _csv_line(("source", "model", "hand", "confidence", "joint", *_JOINT_COLUMNS, "error"))
    for record in records:
        start = (record["source"], record["model"])
        if "error" in record:
            yield _csv_line((*start, *[""] * (3 + len(_JOINT_COLUMNS)), record["error"]))
            continue
        for joint in record["joints"]:
            numbers = (joint[column] for column in _JOINT_COLUMNS)
            yield _csv_line((*start, record["hand"], record["confidence"], joint["name"], *numbers, ""))


def _csv_line(values: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def _text(records: Iterable[Record], joints: int) -> Iterator[str]:
    """The field's text format: a frame a line, u v d of each joint; NaN where there is no prediction."""
    for record in records:
        if "error" in record:
            yield " ".join(["nan"] * (3 * joints))
        else:
            yield " ".join(f"{joint[axis]:.3f}" for joint in record["joints"] for axis in ("u", "v", "d"))


_FORMATTERS = {"json": _json, "jsonl": _jsonl, "csv": _csv}


def _rounded(value: float) -> float:
    return round(float(value), 2)
