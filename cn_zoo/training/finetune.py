"""Adapting a trained model to people's own camera and hands."""

from __future__ import annotations

import json
from pathlib import Path

from cn_zoo.training.recipe import load_recipe
from cn_zoo.training.run import train
from cn_zoo.training.warm_start import has_nets
from cn_zoo.zoo import get_preset, list_models


def finetune(
    model: str,
    labelled: Path,
    unlabelled: Path | None,
    folder: Path,
    resume: bool = False,
    overrides: tuple[str, ...] = (),
) -> Path:
    """Train a model on, by the packaged recipe ``finetune``.

    The estimator learns by the stage ``adapt``, from labels and by consistency on unlabelled frames; synthetic crops
    run beside them, so that poses which the frames do not show are not forgotten. The latent space and the generator
    stay as they are: the generator draws hands, and people's frames show what stands around them as well.

    Args:
        model: a name, path or URL.
        labelled: a labelled folder, a known dataset's folder, or a converted set.
        unlabelled: the same, without labels; None: labelled frames alone.
        folder: becomes a model for ``cn-zoo predict``, as after `train`.
        resume: go on where an earlier run stopped.
        overrides: changes of the recipe, as for `load_recipe`.

    Returns:
        The folder.

    Raises:
        InputError: as `train`; or the labels are of another skeleton than the model's.
        UnknownModelError, WeightsError: the model is not there.
    """
    preset = get_preset(model)
    # Released without its nets, a model's pose encoder has to be made anew.
    stages = ["adapt"] if has_nets(model) else ["pose_encoder", "adapt"]
    facts = {
        "name": folder.resolve().name,
        "dataset": preset.skeleton,
        "architecture": preset.architecture,
        "start": _lasting(model),
        "stages": stages,
    }
    if unlabelled is None:
        facts["adapt.unlabelled_batch_size"] = 0
    # A TOML value of these kinds is written as JSON writes it.
    own = tuple(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in facts.items())
    return train(load_recipe("finetune", (*own, *overrides)), folder, resume, labelled, unlabelled)


def _lasting(model: str) -> str:
    """What names the model from every folder. A name of the zoo is one wherever something else is called the same."""
    return str(Path(model).resolve()) if model not in list_models() and Path(model).exists() else model
