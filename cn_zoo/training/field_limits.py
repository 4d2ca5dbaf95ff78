"""What the fields of a record may hold, told beside each of them as its metadata, and checked in one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields

from cn_zoo.errors import InputError


def one_of(choices: Collection[str]) -> dict[str, object]:
    """Metadata of a text, of several, or of a table: it, each of them, or each key is one of the choices."""
    return {"choices": choices}


def numbers(words: str, holds: Callable[[float], bool]) -> dict[str, object]:
    """Metadata of a number, or of a table of numbers, for which ``holds``; ``words`` tell which these are."""
    return {"numbers": (words, holds)}


POSITIVE = numbers("positive", lambda value: 0 < value < math.inf)
ZERO_OR_MORE = numbers("0 or more", lambda value: 0 <= value < math.inf)
ZERO_TO_BELOW_ONE = numbers("0 to below 1", lambda value: 0 <= value < 1)
FINITE = numbers("a finite number", math.isfinite)


def check_fields(record: object, source: str) -> None:
    """See that every field of a dataclass's record holds what its metadata allow.

    Args:
        record: what is checked.
        source: where its values come from, for messages.

    Raises:
        InputError: a value is none that its field may have.
    """
    for entry in fields(record):
        value, where = getattr(record, entry.name), f"{source}: {entry.name}"
        if "choices" in entry.metadata:
            _check_choices(entry.metadata["choices"], [value] if isinstance(value, str) else value, where)
        if "numbers" in entry.metadata:
            _check_numbers(*entry.metadata["numbers"], _named(value, where))


def _named(value: float | Mapping[str, float], where: str) -> dict[str, float]:
    """A number, or those of a table, by the places where they stand."""
    return {f"{where}.{key}": each for key, each in value.items()} if isinstance(value, Mapping) else {where: value}


def _check_choices(choices: Collection[str], values: Iterable[str], where: str) -> None:
    for value in values:
        if value not in choices:
            raise InputError(f"{where} must be {' or '.join(choices)}; received {value!r}")


def _check_numbers(words: str, holds: Callable[[float], bool], named: Mapping[str, float]) -> None:
    for where, value in named.items():
        if not holds(value):
            raise InputError(f"{where} must be {words}; received {value!r}")
