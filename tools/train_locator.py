"""Train the hand locator from nothing, and put it into ``pretrained/``.

    python tools/train_locator.py runs/locator [--resume] [--frames N] [--release]
    python tools/train_locator.py runs/more --start runs/locator --learning-rate 3e-3 --seed 4 --frames 160000
    python tools/train_locator.py runs/mean --average runs/locator --average runs/more [--release]

A run that starts from another learns where there is no hand from what that one takes for hands.
The mean of the weights of both keeps what the first knew, and most of what the second has learned.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import click
import numpy as np

from cn_zoo.geometry import HandCrop
from cn_zoo.geometry.frame_view import JUDGE_CUBE_MM, FrameView
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.locator.locator_run import LocatorRecipe, average_locators, train_locator
from cn_zoo.zoo.locator_record import LOCATOR_FOLDER, LocatorRecord


def _recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each field of the recipe."""
    for entry in reversed(fields(LocatorRecipe)):
        option = click.option(f"--{entry.name.replace('_', '-')}", default=entry.default, show_default=True)
        command = option(command)
    return command


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--resume", is_flag=True, help="Go on where an earlier run stopped.")
@click.option(
    "--average", "runs", type=click.Path(path_type=Path), multiple=True, help="Train nothing: mean weights of runs."
)
@click.option("--release", "to_release", is_flag=True, help="Copy the result into pretrained/locator.")
@_recipe_options
def main(folder: Path, resume: bool, runs: tuple[Path, ...], to_release: bool, **recipe: float | str) -> None:
    """Train by a LocatorRecipe, and copy what the locator consists of, and nothing else of the run."""
    if runs:
        run = average_locators(runs, folder)
    else:
        run = train_locator(LocatorRecipe(**recipe), folder, resume)
    if to_release:
        release(run)


def release(run: Path) -> None:
    """Copy a finished run's networks, record and card; add a golden input and output of each network."""
    record = LocatorRecord.load(run)
    LOCATOR_FOLDER.mkdir(exist_ok=True)
    for kind, file in record.files.items():
        shutil.copyfile(record.path(kind), LOCATOR_FOLDER / file.path)
    write_golden(record.save(LOCATOR_FOLDER))


def write_golden(record: LocatorRecord) -> None:
    """Keep what the networks see of a test frame, and what their Keras files make of it: tests hold all files to that.

    ``golden.npz`` holds the finder's ``planes`` and ``cells``, and the judge's ``crop``, ``hand`` and ``centers``; and
    ``cells_8_bit``, the cells by the finder's ONNX file, whose weights, stored in 8 bit, give others.
    """
    frame = draw_frame(PRESETS["msra"].own(), seed=2, index=0, split="test")
    planes = FrameView.of(frame.depth_mm, frame.camera).planes()
    crop = HandCrop(frame.camera, frame.center_uvd, JUDGE_CUBE_MM).cut(frame.depth_mm)
    # In 16 bit they are small, and an input like any other once they are rounded.
    planes, crop = planes.astype(np.float16), crop.astype(np.float16)
    seen = planes.astype(np.float32)
    cells = {
        "cells": open_runtime(record.path("finder-keras")).run(seen)["cells"],
        "cells_8_bit": open_runtime(record.path("finder")).run(seen)["cells"],
    }
    judged = open_runtime(record.path("judge-keras")).run(crop.astype(np.float32))
    np.savez_compressed(record.folder / "golden.npz", planes=planes, crop=crop, **cells, **judged)


if __name__ == "__main__":
    main()
