"""Probabilities as log odds, which add up, and back."""

from __future__ import annotations

import math

#: What a network can be believed at most, whichever way.
_MOST_BELIEVED = 7.0
#: Surer than this, either way, is as good as sure.
_SURE = 30.0


def log_odds(probability: float) -> float:
    """Log odds of a probability, within what a network can be believed."""
    least = to_probability(-_MOST_BELIEVED)
    probability = min(max(probability, least), 1 - least)
    return math.log(probability / (1 - probability))


def to_probability(odds: float) -> float:
    """The probability that log odds stand for."""
    return 1 / (1 + math.exp(-max(-_SURE, min(_SURE, odds))))
