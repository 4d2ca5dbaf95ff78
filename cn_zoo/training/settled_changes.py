"""What of a recipe may still change when its run goes on, and what may not any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cn_zoo.training.checkpoint import checkpoint_path
from cn_zoo.training.curves import count_epochs, curves_path
from cn_zoo.training.recipe import Recipe
from cn_zoo.training.run_folder import changed_keys
from cn_zoo.zoo.preset import PRESET_FILE

#: What a stage may change under way: what makes of a loss that has become NaN one that does not.
_EASED = ("learning_rate", "clip_norm", "terms")


def settled_changes(recipe: Recipe, earlier: dict[str, Any], wanted: dict[str, Any], folder: Path) -> list[str]:
    """Keys in which a recipe differs from what its run was begun with, although that has had its effect already.

    Stages without a checkpoint may be others; the one that is under way may go on with another learning rate, other
    weights of its terms, or gradients clipped otherwise. What ends a run may change until it has ended.

    Args:
        recipe: what is wanted.
        earlier, wanted: both as plain values, sources of data included.
        folder: of the run.
    """
    ended = (folder / PRESET_FILE).exists()
    settled = [key for key in changed_keys(earlier, wanted) if key != "schedule" and (ended or key != "finish")]
    was, will = earlier.get("schedule", {}), wanted["schedule"]
    reached = [index for index, name in enumerate(was, 1) if ended or checkpoint_path(folder, name).exists()]
    begun = list(was)[: max(reached, default=0)]
    if list(will)[: len(begun)] != begun or (ended and len(will) > len(begun)):
        return [*settled, "stages"]
    for name in begun:
        under_way = name == begun[-1] and not _is_done(recipe, name, folder)
        free = _EASED if under_way else ()
        settled += [f"{name}.{key}" for key in changed_keys(was[name], will[name]) if key not in free]
    return settled


def _is_done(recipe: Recipe, name: str, folder: Path) -> bool:
    return count_epochs(curves_path(folder, name)) >= recipe.schedule[name].epochs
