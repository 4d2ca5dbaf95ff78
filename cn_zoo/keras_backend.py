"""Keras, on a backend that is installed. Call `need_keras` before Keras is imported."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from cn_zoo.errors import MissingDependencyError

_BACKENDS = ("tensorflow", "jax", "torch")


def need_keras(who: str) -> None:
    """See that Keras can run; without TensorFlow, which it takes by itself, let it take a backend that is there.

    Args:
        who: what needs it, for the message.

    Raises:
        MissingDependencyError: Keras or its backend is not installed; with the pip line.
    """
    installed = [name for name in _BACKENDS if find_spec(name)]
    if not find_spec("keras") or not installed:
        raise MissingDependencyError(
            f"{who} needs Keras with a backend: pip install 'cn_zoo[tensorflow]' (or [jax], or [torch])"
        )
    wanted = os.environ.get("KERAS_BACKEND") or _configured()
    if not find_spec(wanted) and "KERAS_BACKEND" in os.environ:
        raise MissingDependencyError(
            f"{who} needs Keras, which KERAS_BACKEND lets run on {wanted}, and that is not installed; set it to "
            f"{installed[0]}, or pip install 'cn_zoo[{wanted}]'"
        )
    if not find_spec(wanted):
        os.environ["KERAS_BACKEND"] = installed[0]


def _configured() -> str:
    """The backend that Keras' own file of settings names, or its usual one."""
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    with suppress(OSError, ValueError, KeyError):
        return json.loads((folder / "keras.json").read_text(encoding="utf-8"))["backend"]
    return "tensorflow"
