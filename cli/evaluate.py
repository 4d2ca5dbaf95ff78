"""``cn-zoo evaluate``: measure predictions, or a model, on a benchmark dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from cn_zoo.errors import InputError
from cn_zoo.evaluation import (
    PROTOCOLS,
    Evaluation,
    PublishedResult,
    evaluate_joints,
    plot_evaluation,
    published_results,
    read_joints,
)

_SHOWN_THRESHOLDS_MM = (10, 20, 30, 40, 60, 80)


@click.command()
@click.option("--dataset", type=click.Choice(list(PROTOCOLS)), help="Whose joints, camera and protocol to use.")
@click.option("--predictions", type=click.Path(path_type=Path), help="Text: a frame a line, u v d of each joint.")
@click.option("--labels", type=click.Path(path_type=Path), help="The truth, in the same format.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw error curve and per-joint bars into this file.")
def evaluate(
    dataset: str | None, predictions: Path | None, labels: Path | None, as_json: bool, plot: Path | None
) -> None:
    """Measure predictions, or a model, on a benchmark dataset.

    Distances are taken in camera coordinates. A .gz file is read as it is.
    """
    if dataset is None or predictions is None or labels is None:
        raise click.UsageError("give --dataset, --predictions and --labels")
    _report(dataset, _evaluate_files(dataset, predictions, labels), str(predictions), as_json, plot)


def _evaluate_files(dataset: str, predictions: Path, labels: Path) -> Evaluation:
    protocol = PROTOCOLS[dataset]
    joints = {}
    for path in (labels, predictions):
        joints[path] = read_joints(path, len(protocol.skeleton))
        protocol.check_uvd(joints[path], str(path))
    predicted, true = joints[predictions], joints[labels]
    if len(predicted) != len(true):
        raise InputError(
            f"{predictions}: {len(predicted)} frames, but {labels} has {len(true)}; every labelled frame needs a line"
        )
    whole_set = len(true) == protocol.test_frames
    if not whole_set:
        click.echo(f"{len(true)} frames are not {dataset}'s {protocol.test_frames} test frames", err=True)
    parts = {name: slice(*frames) for name, frames in protocol.parts.items()} if whole_set else None
    return evaluate_joints(predicted, true, protocol.camera, protocol.skeleton, parts, viewpoint=protocol.viewpoint)


def _report(dataset: str, evaluation: Evaluation, subject: str, as_json: bool, plot: Path | None) -> None:
    if plot:
        plot_evaluation(evaluation, f"{subject} on {dataset}", plot)
    published = published_results(dataset)
    if as_json:
        record = {"dataset": dataset, "subject": subject, **evaluation.to_json()}
        click.echo(json.dumps({**record, "published": [asdict(result) for result in published]}, indent=2))
    else:
        click.echo("\n".join(_lines(dataset, evaluation, subject, published)))


def _lines(dataset: str, evaluation: Evaluation, subject: str, published: list[PublishedResult]) -> list[str]:
    lines = [f"{subject} on {dataset}: {evaluation.whole.frames} frames, {len(evaluation.skeleton)} joints", ""]
    for name, part in {"mean joint error": evaluation.whole, **evaluation.parts}.items():
        low, high = part.interval_95_mm
        lines.append(f"{name:<34}{part.mean_error_mm:>8.3f} mm   95% {low:.2f} to {high:.2f}   {part.frames} frames")
    lines += ["", "mean error by joint, mm"]
    for name, error in zip(evaluation.skeleton.joints, evaluation.per_joint_mm, strict=True):
        lines.append(f"  {name:<20}{error:>8.3f}")
    lines += ["", "frames within D mm         " + "".join(f"{limit:>7}" for limit in _SHOWN_THRESHOLDS_MM) + "     AUC"]
    for name, fractions, area in (
        ("by worst joint", evaluation.within_worst, evaluation.auc_worst),
        ("by mean joint", evaluation.within_mean, evaluation.auc_mean),
    ):
        shown = "".join(f"{fractions[limit]:>7.1%}" for limit in _SHOWN_THRESHOLDS_MM)
        lines.append(f"  {name:<25}{shown}{area:>8.3f}")
    lines += ["", "mean absolute error by axis"]
    lines.append("  " + "   ".join(f"{axis} {value:.2f}" for axis, value in evaluation.axis_error.items()))
    if evaluation.viewpoint:
        lines += ["", "mean error by viewpoint, mm"]
        for part in evaluation.viewpoint:
            error = "       -" if part.mean_error_mm is None else f"{part.mean_error_mm:>8.3f}"
            lines.append(f"  {part.angle:<6}{part.from_deg:>4} to {part.to_deg:>3} deg{error}   {part.frames} frames")
    if evaluation.calibration:
        found = evaluation.calibration
        lines += ["", "sigma (calibrated: 60.8% inside 1, 99.3% inside 2, error / sigma 1)"]
        lines.append(
            f"  inside 1 sigma {found.inside_1_sigma:.1%}   inside 2 sigma {found.inside_2_sigma:.1%}   "
            f"error / sigma {found.error_over_sigma:.2f}   rank correlation {found.rank_correlation:.2f}"
        )
    return lines + ["", *_published_lines(evaluation, subject, published)]


def _published_lines(evaluation: Evaluation, subject: str, published: list[PublishedResult]) -> list[str]:
    sources = list(dict.fromkeys(result.source for result in published))
    rows = [
        (
            result.mean_error_mm,
            f"  {result.method:<28}{result.year}{result.mean_error_mm:>9.3f}   [{sources.index(result.source) + 1}]",
        )
        for result in published
    ]
    rows.append((evaluation.whole.mean_error_mm, f"> {Path(subject).name:<32}{evaluation.whole.mean_error_mm:>9.3f}"))
    ordered = [line for _, line in sorted(rows, key=lambda row: -row[0])]
    return ["published mean joint errors, mm", *ordered, *(f"[{i}] {text}" for i, text in enumerate(sources, start=1))]
