"""Commands that need Keras say so in one line where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from cn_zoo.errors import MissingDependencyError


def require_keras() -> None:
    """Raise unless Keras and one of its backends are installed.

    Raises:
        MissingDependencyError: with the pip line.
    """
    if find_spec("keras") is None or not any(find_spec(name) for name in ("tensorflow", "jax", "torch")):
        raise MissingDependencyError(
            "this command needs Keras with a backend: pip install 'cn_zoo[tensorflow]' (or [jax], or [torch])"
        )
