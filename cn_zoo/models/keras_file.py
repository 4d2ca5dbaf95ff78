"""Reading Keras files that people give."""

from __future__ import annotations

from pathlib import Path

import keras

from cn_zoo.errors import WeightsError


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
        reason = " ".join(str(error).split())[:200]
        raise WeightsError(f"{path}: cannot be loaded ({reason}); install or train the model again") from error
