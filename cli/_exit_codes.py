"""How errors become exit codes."""

from __future__ import annotations

from cn_zoo.errors import CnZooError, InputError, MissingDependencyError, NoHandError, RecipeError, WeightsError

EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_WEIGHTS = 4
EXIT_NO_HAND = 5
EXIT_MISSING_DEPENDENCY = 6

_EXIT_CODES: dict[type[CnZooError], int] = {
    RecipeError: EXIT_USAGE,
    InputError: EXIT_INPUT,
    WeightsError: EXIT_WEIGHTS,
    NoHandError: EXIT_NO_HAND,
    MissingDependencyError: EXIT_MISSING_DEPENDENCY,
}


def exit_code(error: CnZooError) -> int:
    """The process exit code that stands for an error (contract: 2 usage, 3 input, 4 weights, 5 no hand, 6 missing)."""
    return next((code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), EXIT_USAGE)
