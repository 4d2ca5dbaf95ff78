"""numba's compiler as the synthetic hands use it: cached on disk where that is possible."""

from __future__ import annotations

from collections.abc import Callable

from cn_zoo.errors import MissingDependencyError

try:
    from numba import njit
except ImportError as error:
    raise MissingDependencyError(
        "synthetic hands need numba, which is not installed; try: pip install 'cn_zoo[training]'"
    ) from error


def jit(**options: object) -> Callable[[Callable], Callable]:
    """``numba.njit`` with a cache on disk; where no folder can be written, each process compiles for itself."""

    def compiled(function: Callable) -> Callable:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "cannot cache function": neither the package's nor the user's folder is writable
            return njit(**options)(function)

    return compiled
