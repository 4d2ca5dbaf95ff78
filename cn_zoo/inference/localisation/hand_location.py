"""Where a hand is, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass

from cn_zoo.errors import NoHandError


@dataclass(frozen=True)
class HandLocation:
    """Where a hand is.

    Attributes:
        center_uvd: the hand's centre (u px, v px, d mm), an estimate of the mean of its joints.
        confidence: 0..1, the estimated probability that this is a hand and no other place is a better one.
        right: 0..1, the estimated probability that it is a right hand; geometry alone cannot tell.
    """

    center_uvd: tuple[float, float, float]
    confidence: float
    right: float = 0.5


def no_hand_error(likeliest: float) -> NoHandError:
    """What to raise where no place is surely enough a hand; ``likeliest`` is the probability of the best."""
    return NoHandError(
        f"no hand found (the likeliest place is a hand with {likeliest:.0%}); check the depth scale and the camera, or "
        "give the centre"
    )
