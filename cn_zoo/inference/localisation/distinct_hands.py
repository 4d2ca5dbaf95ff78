"""Each hand once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

_Found = TypeVar("_Found")
#: Found hands nearer to one another than this are the same one.
_SAME_HAND_MM = 60.0


def distinct_hands(found: Sequence[_Found], center_of: Callable[[_Found], np.ndarray]) -> list[_Found]:
    """What was found, without hands that were found before.

    Args:
        found: one entry for each time that a hand was found.
        center_of: an entry to the hand's centre, ``(3,)`` xyz mm.

    Returns:
        Of each hand the first entry, in their order.
    """
    kept: list[tuple[_Found, np.ndarray]] = []
    for each in found:
        center = center_of(each)
        if all(math.dist(center, other) > _SAME_HAND_MM for _, other in kept):
            kept.append((each, center))
    return [each for each, _ in kept]
