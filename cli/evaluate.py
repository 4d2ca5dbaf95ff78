"""``cn-zoo evaluate``: measure predictions, or a model, on a benchmark dataset."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from cn_zoo.datasets import DATASETS, HandDataset, open_dataset, read_centers
from cn_zoo.errors import InputError, NoHandError
from cn_zoo.evaluation import (
    PROTOCOLS,
    Evaluation,
    PublishedResult,
    evaluate_joints,
    plot_evaluation,
    published_results,
    read_joints,
    write_joints,
)
from cn_zoo.evaluation.model_predictions import predict_dataset

_SHOWN_THRESHOLDS_MM = (10, 20, 30, 40, 60, 80)


@click.command()
@click.option("--dataset", type=click.Choice(list(DATASETS)), help="[default with --data: told by its files]")
@click.option("--predictions", type=click.Path(path_type=Path), help="Text: a frame a line, u v d of each joint.")
@click.option("--labels", type=click.Path(path_type=Path), help="The truth, in the same format.")
@click.option("--model", help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the dataset's original files.")
@click.option("--split", type=click.Choice(["test", "train"]), help="[default: test, if it is there]")
@click.option("--centers", default="labels", show_default=True, help="Hand centres: labels, auto, or a text file.")
@click.option("--save-predictions", type=click.Path(path_type=Path), help="Write the model's u v d as text.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw error curve and per-joint bars into this file.")
def evaluate(
    dataset: str | None,
    predictions: Path | None,
    labels: Path | None,
    model: str | None,
    data: Path | None,
    split: str | None,
    centers: str,
    save_predictions: Path | None,
    as_json: bool,
    plot: Path | None,
) -> None:
    """Measure predictions, or a model, on a benchmark dataset.

    Either --dataset, --predictions and --labels (text files, gzipped or not), or --model and --data.
    Distances are taken in camera coordinates.
    """
    if predictions and labels and dataset in PROTOCOLS and not (model or data):
        subject, evaluation = str(predictions), _evaluate_files(dataset, predictions, labels)
    elif model and data and not (predictions or labels):
        subject = f"model {model}"
        dataset, evaluation = _evaluate_model(model, data, dataset, split, centers, save_predictions)
    else:
        raise click.UsageError(
            f"give --dataset ({', '.join(PROTOCOLS)}), --predictions and --labels; or --model and --data"
        )
    if plot:
        plot_evaluation(evaluation, f"{Path(subject).name} on {dataset}", plot)
    published = published_results(dataset) if dataset in PROTOCOLS else []
    if as_json:
        record = {"dataset": dataset, "subject": subject, **evaluation.to_json()}
        click.echo(json.dumps({**record, "published": [asdict(result) for result in published]}, indent=2))
    else:
        click.echo("\n".join(_lines(dataset, evaluation, subject, published)))


def _evaluate_files(dataset: str, predictions: Path, labels: Path) -> Evaluation:
    protocol = PROTOCOLS[dataset]
    true, predicted = (read_joints(path, len(protocol.skeleton)) for path in (labels, predictions))
    protocol.check_uvd(true, str(labels))
    protocol.check_uvd(predicted, str(predictions))
    if len(predicted) != len(true):
        raise InputError(
            f"{predictions}: {len(predicted)} frames, but {labels} has {len(true)}; every labelled frame needs a line"
        )
    whole_set = _is_whole_set(dataset, len(true))
    parts = {name: slice(*frames) for name, frames in protocol.parts.items()} if whole_set else None
    return evaluate_joints(predicted, true, protocol.camera, protocol.skeleton, parts, viewpoint=protocol.viewpoint)


def _evaluate_model(
    model: str, data: Path, dataset_name: str | None, split: str | None, centers: str, save_predictions: Path | None
) -> tuple[str, Evaluation]:
    # Here, so that measuring text files does not load the inference runtime.
    from cn_zoo.inference import HandPoseEstimator

    estimator = HandPoseEstimator.from_pretrained(model)
    dataset = open_dataset(data, dataset_name, split, estimator.skeleton)
    if dataset.joints_xyz is None:
        raise InputError(f"{data}: has no labels to measure against; add joints.csv")
    dataset = _with_centers(dataset, centers)
    with click.progressbar(length=len(dataset), label="frames", file=sys.stderr) as bar:
        predictions = predict_dataset(estimator, dataset, lambda done, total: bar.update(1))
    if save_predictions:
        write_joints(save_predictions, predictions.uvd)
    found = predictions.found
    if not found.any():
        raise NoHandError(f"{data}: no hand was found in any frame; try --centers labels")
    if not found.all():
        click.echo(f"no hand was found in {(~found).sum()} of {len(dataset)} frames; they are not scored", err=True)
    _is_whole_set(dataset.name, int(found.sum()))
    groups = np.array(dataset.groups)[found]
    names = list(dict.fromkeys(groups.tolist()))
    evaluation = evaluate_joints(
        predictions.uvd[found],
        dataset.camera.xyz_to_uvd(dataset.joints_xyz[found]),
        dataset.camera,
        dataset.skeleton,
        {name: groups == name for name in names} if len(names) > 1 else None,
        sigma=predictions.sigma[found],
        viewpoint={"wrist", "middle_mcp"}.issubset(dataset.skeleton.joints),
    )
    return dataset.name, evaluation


def _with_centers(dataset: HandDataset, centers: str) -> HandDataset:
    if centers == "labels":
        return dataset
    if centers == "auto":
        return dataset.with_centers(np.full((len(dataset), 3), np.nan))
    return dataset.with_centers(read_centers(centers, dataset))


def _is_whole_set(dataset: str, frames: int) -> bool:
    protocol = PROTOCOLS.get(dataset)
    whole = protocol is not None and frames == protocol.test_frames
    if protocol and not whole:
        click.echo(
            f"{frames} frames are not {dataset}'s {protocol.test_frames} test frames: "
            "the figures do not compare with published ones",
            err=True,
        )
    return whole


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
    return [
        *lines,
        *_viewpoint_lines(evaluation),
        *_sigma_lines(evaluation),
        *_published_lines(evaluation, subject, published),
    ]


def _viewpoint_lines(evaluation: Evaluation) -> list[str]:
    if not evaluation.viewpoint:
        return []
    lines = ["", "mean error by viewpoint, mm"]
    for part in evaluation.viewpoint:
        error = "-" if part.mean_error_mm is None else f"{part.mean_error_mm:.3f}"
        lines.append(f"  {part.angle:<6}{part.from_deg:>4} to {part.to_deg:>3} deg{error:>9}   {part.frames} frames")
    return lines


def _sigma_lines(evaluation: Evaluation) -> list[str]:
    found = evaluation.calibration
    if found is None:
        return []
    return [
        "",
        "sigma (calibrated: 68.3% inside 1, 95.4% inside 2, error / sigma 1)",
        f"  inside 1 sigma {found.inside_1_sigma:.1%}   inside 2 sigma {found.inside_2_sigma:.1%}   "
        f"error / sigma {found.error_over_sigma:.2f}   rank correlation {found.rank_correlation:.2f}",
    ]


def _published_lines(evaluation: Evaluation, subject: str, published: list[PublishedResult]) -> list[str]:
    if not published:
        return []
    sources = list(dict.fromkeys(result.source for result in published))
    own = evaluation.whole.mean_error_mm
    rows = [(own, f"> {Path(subject).name[:31]:<32}{own:>9.3f}")]
    for result in published:
        mark = f"[{sources.index(result.source) + 1}]"
        rows.append((result.mean_error_mm, f"  {result.method:<28}{result.year}{result.mean_error_mm:>9.3f}   {mark}"))
    ordered = [line for _, line in sorted(rows, key=lambda row: -row[0])]
    notes = [f"[{number}] {text}" for number, text in enumerate(sources, start=1)]
    return ["", "published mean joint errors on the whole real test set, mm", *ordered, *notes]
