"""Train the hand locator from nothing, and put it into ``pretrained/``.

    python tools/train_locator.py runs/locator [--resume] [--frames N] [--release]
    python tools/train_locator.py runs/more --start runs/locator --learning-rate 3e-3 --seed 4 --frames 160000

A run that starts from another learns where there is no hand from what that one takes for hands.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from cn_zoo.inference.localisation_record import LocatorRecord
from cn_zoo.training.locator_run import LocatorRecipe, train_locator

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
    parser.add_argument("--release", action="store_true", help="copy the result into pretrained/locator")
    options = parser.parse_args()
    recipe = LocatorRecipe(
        frames=options.frames, learning_rate=options.learning_rate, seed=options.seed, start=options.start
    )
    run = train_locator(recipe, options.folder, options.resume)
    if options.release:
        release(run)


def release(run: Path) -> None:
    """Copy a finished run's networks, record and card."""
    record = LocatorRecord.load(run)
    _PRETRAINED.mkdir(exist_ok=True)
    for kind, file in record.files.items():
        shutil.copyfile(record.path(kind), _PRETRAINED / file.path)
    record.save(_PRETRAINED)


if __name__ == "__main__":
    main()
