"""What the hand locator's networks say of one place of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PlaceEvidence:
    """What finder and judge say of a place.

    Attributes:
        finder: the finder's log odds that it is a hand's centre.
        judge: the judge's log odds that it is a hand.
        right: probability that it is a right one.
        centers: (3, 3) xyz mm of the hand centres in the order of `LABELLED`.
    """

    finder: float
    judge: float
    right: float
    centers: np.ndarray
