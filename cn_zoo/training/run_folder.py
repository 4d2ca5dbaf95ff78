"""The folder of a training run, which belongs to one recipe."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import keras

from cn_zoo.errors import InputError
from cn_zoo.io.atomic import atomic_path

_RECIPE_FILE = "recipe.json"


def open_run_folder(folder: Path, recipe: Mapping[str, object], resume: bool) -> None:
    """Write the recipe, with versions and backend, into a new folder; or see that the folder holds the same.

    Args:
        folder: of the run.
        recipe: all that decides the run, as JSON can hold it.
        resume: whether an earlier run of the recipe may be gone on with.

    Raises:
        InputError: the folder holds a run that is not to be resumed, or one of another recipe.
    """
    path = folder / _RECIPE_FILE
    if path.exists() and not resume:
        raise InputError(f"{folder}: holds a run already; resume it (--resume), or give another folder")
    wanted = json.loads(json.dumps(recipe))
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
