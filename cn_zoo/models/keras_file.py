"""Reading Keras files that people give, and writing such that every Keras since 3.12 reads."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import keras

from cn_zoo.errors import WeightsError, one_line
from cn_zoo.io.atomic import atomic_path

_CONFIG = "config.json"
#: What layers and initializers say of themselves in later versions of Keras, where it changes nothing. 3.12, the
#: last one for Python 3.10, takes no such arguments.
_LATER = {
    "input_axes": None,
    "output_axes": None,
    "quantization_config": None,
    "renorm": False,
    "renorm_clipping": None,
    "renorm_momentum": 0.99,
}


def load_keras_file(path: Path, compile: bool = False) -> keras.Model:
    """The model in a ``.keras`` file.

    Args:
        path: verified already.
        compile: whether to compile it as it was when it was saved.

    Raises:
        WeightsError: it is no such file, or is damaged.
    """
    if path.suffix != ".keras":
        raise WeightsError(
            f"{path}: is no Keras file, and one is needed here; give the model itself, or its .keras file"
        )
    try:
        return keras.models.load_model(path, compile=compile)
    except Exception as error:  # Keras, HDF5, zip and JSON each have their own
        reason = one_line(error, limit=200)
        raise WeightsError(f"{path}: cannot be loaded ({reason}); install or train the model again") from error


def save_keras_file(model: keras.Model, path: Path) -> None:
    """Write a model of built-in layers as a ``.keras`` file that Keras 3.12 and all later ones load.

    Args:
        model: of built-in layers.
        path: ``.keras``.
    """
    with atomic_path(path) as temporary:
        model.save(temporary)
        _write_for_earlier_keras(temporary)


def _write_for_earlier_keras(path: Path) -> None:
    """Take out of a ``.keras`` file, in place, what Keras 3.12 does not know and what changes nothing."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            if entry.filename == _CONFIG:
                content = json.dumps(_without_later(json.loads(content))).encode()
            archive.writestr(entry, content)


def _without_later(facts: object) -> object:
    if isinstance(facts, list):
        return [_without_later(each) for each in facts]
    if isinstance(facts, dict):
        kept = {key: value for key, value in facts.items() if key not in _LATER or value != _LATER[key]}
        return {key: _without_later(value) for key, value in kept.items()}
    return facts
