"""Train the hand locator from nothing, and put it into ``pretrained/``.

    python tools/train_locator.py runs/locator [--resume] [--frames N] [--release]
    python tools/train_locator.py runs/more --start runs/locator --learning-rate 3e-3 --seed 4 --frames 160000
    python tools/train_locator.py runs/mean --average runs/locator runs/more [--release]

A run that starts from another learns where there is no hand from what that one takes for hands.
The mean of the weights of both keeps what the first knew, and most of what the second has learned.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np

from cn_zoo.geometry import HandCrop
from cn_zoo.geometry.frame_view import JUDGE_CUBE_MM, FrameView
from cn_zoo.inference.locator_record import LocatorRecord
from cn_zoo.inference.runtimes import open_runtime
from cn_zoo.synthesis.frame import draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.locator_run import LocatorRecipe, average_locators, train_locator

_PRETRAINED = Path(__file__).parent.parent / "pretrained" / "locator"


def main() -> None:
    """Train, and copy what the locator consists of, and nothing else of the run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resume", action="store_true", help="go on where an earlier run stopped")
    parser.add_argument("--frames", type=int, default=LocatorRecipe.frames)
    parser.add_argument("--start", default="", help="folder of an earlier run to start from")
    parser.add_argument("--learning-rate", type=float, default=LocatorRecipe.learning_rate)
    parser.add_argument("--seed", type=int, default=LocatorRecipe.seed)
    parser.add_argument("--average", type=Path, nargs="+", metavar="RUN", help="train nothing: mean weights of runs")
    parser.add_argument("--release", action="store_true", help="copy the result into pretrained/locator")
    options = parser.parse_args()
    recipe = LocatorRecipe(
        frames=options.frames, learning_rate=options.learning_rate, seed=options.seed, start=options.start
    )
    if options.average:
        run = average_locators(options.average, options.folder)
    else:
        run = train_locator(recipe, options.folder, options.resume)
    if options.release:
        release(run)


def release(run: Path) -> None:
    """Copy a finished run's networks, record and card; add a golden input and output of each network."""
    record = LocatorRecord.load(run)
    _PRETRAINED.mkdir(exist_ok=True)
    for kind, file in record.files.items():
        shutil.copyfile(record.path(kind), _PRETRAINED / file.path)
    write_golden(record.save(_PRETRAINED))


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
