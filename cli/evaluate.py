"""``cn-zoo evaluate``: measure predictions, or a model, on a benchmark dataset."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from cn_zoo.cli._check_target import check_target
from cn_zoo.cli._evaluation_text import evaluation_lines
from cn_zoo.cli._frame_progress import FrameProgress
from cn_zoo.cli._refuse_overwriting import refuse_overwriting
from cn_zoo.datasets import DATASETS, HandDataset, open_dataset, read_centers
from cn_zoo.errors import InputError
from cn_zoo.evaluation import (
    PROTOCOLS,
    Evaluation,
    check_plot,
    evaluate_files,
    evaluate_predictions,
    plot_evaluation,
    predict_dataset,
    published_results,
    write_joints,
)


@click.command()
@click.option("--dataset", type=click.Choice(list(DATASETS)), help="[default with --data: told by its files]")
@click.option("--predictions", type=click.Path(path_type=Path), help="Text: a frame a line, u v d of each joint.")
@click.option("--labels", type=click.Path(path_type=Path), help="The truth, in the same format.")
@click.option("--model", help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of original dataset files, or a labelled folder.")
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
    centers_file = None if centers in ("labels", "auto") else Path(centers)
    sources = filter(None, (predictions, labels, data and data / "joints.csv", centers_file))
    refuse_overwriting(sources, {"--save-predictions": [save_predictions], "--plot": [plot]})
    for target in filter(None, (save_predictions, plot)):
        check_target(target)
        _refuse_within(data, target)
    if plot:
        check_plot(plot)
    if predictions and labels and dataset in PROTOCOLS and not (model or data):
        if split or save_predictions or centers != "labels":
            raise click.UsageError("--split, --centers and --save-predictions go with --model and --data")
        evaluation, subject = evaluate_files(dataset, predictions, labels), str(predictions)
    elif model and data and not (predictions or labels):
        dataset, evaluation = _evaluate_model(model, data, dataset, split, centers, save_predictions)
        subject = f"model {model}"
    else:
        raise click.UsageError(
            f"give --dataset ({', '.join(PROTOCOLS)}), --predictions and --labels; or --model and --data"
        )
    if evaluation.missed:
        frames = evaluation.whole.frames + evaluation.missed
        click.echo(f"no hand was found in {evaluation.missed} of {frames} frames; they are not scored", err=True)
    _report(dataset, evaluation, subject, as_json, plot)


def _refuse_within(data: Path | None, target: Path) -> None:
    """No file of the dataset may be written over, whatever it is called there."""
    if data and target.exists() and target.resolve().is_relative_to(data.resolve()):
        raise click.UsageError(f"{target} is a file of {data}, which is measured on; write to another path")


def _evaluate_model(
    model: str, data: Path, name: str | None, split: str | None, centers: str, save_predictions: Path | None
) -> tuple[str, Evaluation]:
    """The dataset's name and the model's score on it."""
    # Here, so that measuring text files does not load the inference runtime.
    from cn_zoo.inference import HandPoseEstimator

    estimator = HandPoseEstimator.from_pretrained(model)
    dataset = open_dataset(data, name, split, estimator.skeleton)
    if dataset.joints_xyz is None:
        raise InputError(f"{data}: has no labels to measure against; add joints.csv")
    dataset = _with_centers(dataset, centers)
    with FrameProgress(len(dataset)) as advance:
        predictions = predict_dataset(estimator, dataset, lambda done, total: advance())
    if save_predictions:
        write_joints(save_predictions, predictions.uvd)
    evaluation = evaluate_predictions(dataset, predictions)
    return dataset.name, evaluation


def _with_centers(dataset: HandDataset, centers: str) -> HandDataset:
    if centers == "labels":
        return dataset
    if centers == "auto":
        return dataset.with_centers(np.full((len(dataset), 3), np.nan))
    return dataset.with_centers(read_centers(centers, dataset))


def _report(dataset: str, evaluation: Evaluation, subject: str, as_json: bool, plot: Path | None) -> None:
    frames, protocol = evaluation.whole.frames, PROTOCOLS.get(dataset)
    if protocol and frames != protocol.benchmark.test_frames:
        click.echo(
            f"{frames} frames are not {dataset}'s {protocol.benchmark.test_frames} test frames: "
            "the figures do not compare with published ones",
            err=True,
        )
    published = published_results(dataset) if protocol else []
    if as_json:
        record = {"dataset": dataset, "subject": subject, **evaluation.to_json()}
        click.echo(json.dumps({**record, "published": [asdict(result) for result in published]}, indent=2))
    else:
        click.echo("\n".join(evaluation_lines(dataset, evaluation, subject, published)))
    # After the report, which then is there whatever becomes of the figure.
    if plot:
        plot_evaluation(evaluation, f"{Path(subject).name} on {dataset}", plot)
