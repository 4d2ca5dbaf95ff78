"""Keras, on a backend that is installed. Call `need_keras` before Keras is imported."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from cn_zoo.errors import MissingDependencyError

_BACKENDS = ("tensorflow", "jax", "torch")


#: The pip line for who needs nothing else beside.
_ANY_BACKEND = "pip install 'cn_zoo[tensorflow]' (or [jax], or [torch])"


def need_keras(who: str, install: str = _ANY_BACKEND) -> None:
    """See that Keras can run; without TensorFlow, which it takes by itself, let it take a backend that is there.

    Args:
        who: what needs it, for the message.
        install: the pip line that gives all that it needs.

    Raises:
        MissingDependencyError: Keras or its backend is not installed; with the pip line.
    """
    installed = [name for name in _BACKENDS if find_spec(name)]
    if not find_spec("keras") or not installed:
        raise MissingDependencyError(f"{who} needs Keras with a backend: {install}")
    asked = os.environ.get("KERAS_BACKEND", "")
    if asked and asked not in _BACKENDS:
        raise MissingDependencyError(
            f"{who} needs Keras on {', '.join(_BACKENDS)}, and KERAS_BACKEND is {asked}; set it to {installed[0]}"
        )
    if asked and asked not in installed:
        raise MissingDependencyError(
            f"{who} needs Keras, which KERAS_BACKEND lets run on {asked}, and that is not installed; set it to "
            f"{installed[0]}, or pip install 'cn_zoo[{asked}]'"
        )
    if not asked and _configured() not in installed:
        os.environ["KERAS_BACKEND"] = installed[0]


def need_later_keras(who: str) -> None:
    """See that Keras is one of those that Python 3.11 and later can have; 3.10 must do with 3.12.

    Args:
        who: what needs it, for the message.

    Raises:
        MissingDependencyError: it is older; with the pip line.
    """
    found = version("keras")
    if tuple(map(int, found.split(".")[:2])) < (3, 13):
        raise MissingDependencyError(
            f"{who} needs Keras 3.13, and {found} is installed: pip install 'keras>=3.13', on Python 3.11 or later"
        )


def _configured() -> object:
    """What Keras' own file of settings names as the backend, or its usual one."""
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras"))
    with suppress(OSError, ValueError, RuntimeError):  # the last: no such user's folder
        settings = json.loads((folder.expanduser() / "keras.json").read_text(encoding="utf-8"))
        if isinstance(settings, dict) and "backend" in settings:
            return settings["backend"]
    return "tensorflow"
