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
from cn_zoo.io.sources import is_hidden

_RECIPE_FILE = "recipe.json"
#: What of the recipe decides nothing about the run: a folder that was moved gives it another name.
_NAME = "name"
#: What a run leaves as soon as it has learned something.
_LEARNED = "*.weights.h5"
#: What a run that was killed while it wrote a checkpoint leaves.
_UNFINISHED = ".*.weights*.h5"
#: The sets that a run has made of people's frames, whole or in part, and what of the recipe decides what is in them.
_CONVERTED, _FRAMES_OF = "*labelled.h5*", {"data", "unlabelled", "dataset"}


def open_run_folder(folder: Path, recipe: Mapping[str, object], resume: bool) -> None:
    """Write the recipe, with versions and backend, into a new folder; or see that the folder holds the same.

    A folder in which nothing has been learned yet is as good as new: its start failed.

    Args:
        folder: of the run.
        recipe: all that decides the run, as JSON can hold it.
        resume: whether an earlier run of the recipe may be gone on with.

    Raises:
        InputError: the folder holds a run that is not to be resumed, or one of another recipe.
    """
    path = folder / _RECIPE_FILE
    wanted = json.loads(json.dumps(recipe))
    earlier = _read_recipe(path) if path.exists() else wanted
    changed = [key for key, value in wanted.items() if key != _NAME and earlier.get(key) != value]
    has_learned = path.exists() and any(not is_hidden(each) for each in folder.glob(_LEARNED))
    if has_learned and not resume:
        raise InputError(f"{folder}: holds a run already; resume it (--resume), or give another folder")
    if has_learned and changed:
        raise InputError(f"{folder}: was started with another recipe ({', '.join(changed)} differ)")
    # Not before: who is refused here may have come upon a run that goes on, and is writing just now.
    for unfinished in folder.glob(_UNFINISHED):
        unfinished.unlink()
    if has_learned:
        return
    if not _FRAMES_OF.isdisjoint(changed):
        # Never what people themselves have put there.
        given = {Path(str(each.get(key))).resolve() for each in (earlier, wanted) for key in ("data", "unlabelled")}
        for converted in folder.glob(_CONVERTED):
            if converted.resolve() not in given:
                converted.unlink()
    record = {
        "recipe": wanted,
        "versions": {name: version(name) for name in ("cn_zoo", "keras", "numpy")},
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _read_recipe(path: Path) -> dict[str, object]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["recipe"]
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: is damaged; give another folder, or delete this one") from None
