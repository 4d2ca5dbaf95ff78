"""The people's own depth maps that a run learns from, beside synthetic ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cn_zoo.datasets import ConvertedSet, convert_dataset, find_centers, open_dataset
from cn_zoo.errors import InputError
from cn_zoo.geometry import SKELETONS, Camera
from cn_zoo.inference.localisation.geometric import locate_hand
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.training.recipe import Recipe


@dataclass(frozen=True)
class RunData:
    """Which frames serve what.

    Attributes:
        labelled: the labelled set; None: labelled crops are synthetic.
        trained: its frames whose labels are learned from.
        held_out: its frames that nothing learns from.
        unlabelled: sets with the indices of frames that are learned from without labels.
    """

    labelled: ConvertedSet | None
    trained: np.ndarray
    held_out: np.ndarray
    unlabelled: list[tuple[ConvertedSet, np.ndarray]]

    @classmethod
    def open(cls, recipe: Recipe, folder: Path, data: Path | None, unlabelled: Path | None) -> RunData:
        """Open what ``--data`` and ``--unlabelled`` name; folders of images are converted into the run's folder first.

        Frames of neighbouring times are alike, so the frames held out are the last ones, in one block. Those whose
        labels are used are chosen by the recipe's seed, and a larger fraction takes all frames of a smaller one.

        Raises:
            InputError: a folder is empty, holds no labels or those of another skeleton, or no hand is found in it.
        """
        frames, none = None, np.arange(0)
        trained = held_out = rest = none
        sets = []
        if data:
            frames = _open_set(data, folder / "labelled.h5", recipe)
            _check_labels(frames, data, recipe)
            kept = len(frames) - round(recipe.held_out * len(frames))
            if not kept:
                raise InputError(f"{data}: all of its {len(frames)} frames would be held out; lower held_out")
            order = np.random.default_rng(recipe.seed).permutation(kept)
            count = max(1, round(recipe.labelled_fraction * kept))
            trained, rest, held_out = order[:count], order[count:], np.arange(kept, len(frames))
        if len(rest):
            sets.append((frames, rest))
        if unlabelled:
            more = _open_set(unlabelled, folder / "unlabelled.h5", recipe)
            # Without labels nothing tells which hand it is; frames of one source show one hand.
            more.hand = frames.hand if frames else more.hand
            sets.append((more, np.arange(len(more))))
        return cls(frames, trained, held_out, sets)


def _open_set(path: Path, converted: Path, recipe: Recipe) -> ConvertedSet:
    if path.is_file():
        return ConvertedSet(path)
    if not converted.exists():
        _convert(path, converted, recipe)
    return ConvertedSet(converted)


def _check_labels(frames: ConvertedSet, path: Path, recipe: Recipe) -> None:
    if frames.joints_xyz is None:
        raise InputError(f"{path}: holds no labels; give it as --unlabelled, or add joints.csv")
    if frames.skeleton.name != recipe.dataset:
        raise InputError(
            f"{path}: is labelled with the {frames.skeleton.name} skeleton, and {recipe.name} learns that of "
            f"{recipe.dataset}; choose a recipe or model of {frames.skeleton.name}"
        )


def _convert(path: Path, converted: Path, recipe: Recipe) -> None:
    dataset = open_dataset(path, split="train", skeleton=SKELETONS[recipe.dataset])
    if dataset.joints_xyz is None:
        dataset = dataset.with_centers(find_centers(dataset, _center_finder(recipe.dataset)))
        if not np.isfinite(dataset.centers_uvd).any():
            raise InputError(f"{path}: no hand was found in any of its {len(dataset)} frames; check camera.json")
    convert_dataset(dataset, converted)


def _center_finder(skeleton: str) -> Callable[[np.ndarray, Camera], HandLocation]:
    """What finds the likeliest hand: the hand locator, or geometry where that is not installed."""
    locator = HandLocator.find()
    return (lambda depth_mm, camera: locator.locate(depth_mm, camera, skeleton)[0]) if locator else locate_hand
