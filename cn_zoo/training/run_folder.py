"""The folder of a training run, which belongs to one recipe."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from cn_zoo.errors import InputError
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.sources import is_hidden

_RECIPE_FILE = "recipe.json"
#: What of the recipe decides nothing about the run: a folder that was moved gives it another name.
_NAME = "name"
#: What may be another path to the same.
_PLACES = {"data", "unlabelled"}
#: What a run leaves as soon as it has learned something.
_LEARNED = "*.weights.h5"
#: What a run that was killed while it wrote a checkpoint leaves.
_UNFINISHED = ".*.weights*.h5"
#: The sets that a run has made of people's frames, whole or in part, and what of the recipe decides what is in them.
_CONVERTED, _FRAMES_OF = "*labelled.h5*", {*_PLACES, "dataset"}


def changed_keys(earlier: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Keys of what is wanted that the earlier recipe says otherwise; names aside, and however a place is written."""
    return [key for key, value in wanted.items() if key != _NAME and not _are_same(key, earlier.get(key), value)]


def _are_same(key: str, earlier: object, wanted: object) -> bool:
    if key in _PLACES and earlier and wanted:
        return earlier == wanted or Path(str(earlier)).resolve() == Path(str(wanted)).resolve()
    return earlier == wanted


def open_run_folder(
    folder: Path,
    recipe: Mapping[str, object],
    resume: bool,
    settled: Callable[[dict[str, Any], dict[str, Any]], list[str]] = changed_keys,
) -> None:
    """Write the recipe, with versions and backend, into a new folder; or see that the folder's may go on with it.

    Recipes that a run was begun with stay beside the one that it goes on with. A folder in which nothing has been
    learned yet is as good as new: its start failed.

    Args:
        folder: of the run.
        recipe: all that decides the run, as JSON can hold it.
        resume: whether an earlier run of the recipe may be gone on with.
        settled: which keys of the earlier recipe and this one differ, and must not; by default all that differ.

    Raises:
        InputError: the folder holds a run that is not to be resumed, one of another recipe, or one of which nothing is
            known.
    """
    path = folder / _RECIPE_FILE
    wanted = json.loads(json.dumps(recipe))
    *before, earlier = _read_recipes(path) if path.exists() else [wanted]
    changed = changed_keys(earlier, wanted)
    has_learned = any(not is_hidden(each) for each in folder.glob(_LEARNED))
    if has_learned and not path.exists():
        raise InputError(
            f"{folder}: holds checkpoints, but no {_RECIPE_FILE} for them; delete them, or give another folder"
        )
    if has_learned and not resume:
        raise InputError(f"{folder}: holds a run already; resume it (--resume), or give another folder")
    if has_learned and (refused := settled(earlier, wanted)):
        raise InputError(f"{folder}: was started with another recipe ({', '.join(refused)} differ)")
    # Not before: who is refused here may have come upon a run that goes on, and is writing just now.
    for unfinished in folder.glob(_UNFINISHED):
        unfinished.unlink()
    if has_learned and not changed:
        return
    if not has_learned and not _FRAMES_OF.isdisjoint(changed):
        # Never what people themselves have put there.
        given = {Path(str(each.get(key))).resolve() for each in (earlier, wanted) for key in _PLACES}
        for converted in folder.glob(_CONVERTED):
            if converted.resolve() not in given:
                converted.unlink()
    record = {
        "recipe": wanted,
        "earlier_recipes": [*before, earlier] if has_learned else [],
        "versions": {name: version(name) for name in ("cn_zoo", "keras", "numpy")},
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _read_recipes(path: Path) -> list[dict[str, Any]]:
    """The recipes that a run has had, the last one last."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return [*record.get("earlier_recipes", []), record["recipe"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{path}: is damaged; give another folder, or delete this one") from None
