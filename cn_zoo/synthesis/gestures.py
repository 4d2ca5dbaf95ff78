"""Named hand gestures, as records of anatomical angles in degrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Finger states: flexion of MCP, PIP, DIP.
STRAIGHT = (2.0, 5.0, 3.0)
RELAXED = (20.0, 28.0, 18.0)
CURLED = (80.0, 102.0, 65.0)
HOOKED = (10.0, 85.0, 60.0)
BENT = (70.0, 8.0, 5.0)
ROUND = (42.0, 45.0, 28.0)

#: Sideways angles of index, middle, ring, little.
NATURAL = (2.0, 0.0, 2.0, 4.0)
TOGETHER = (-2.0, 0.0, -2.0, -3.0)
WIDE = (14.0, 1.0, 11.0, 24.0)

#: Thumb states: (radial, palmar, roll, MCP, IP) as in ``kinematics.ANGLES``. Where the thumb touches another part, its
#: angles were solved for that touch on the average hand.
THUMB_OUT = (55.0, 12.0, 0.0, 0.0, -5.0)
THUMB_RELAXED = (32.0, 28.0, 10.0, 12.0, 12.0)
THUMB_BESIDE = (20.0, 18.0, 5.0, 5.0, 5.0)
THUMB_ON_FIST = (16.0, 43.0, 22.0, 38.0, 43.0)
THUMB_ON_RING = (6.0, 40.0, 21.0, 43.0, 43.0)
THUMB_ACROSS = (-3.0, 27.0, 36.0, 54.0, 47.0)
THUMB_TO_INDEX = (16.0, 39.0, 29.0, 11.0, 19.0)


@dataclass(frozen=True)
class Gesture:
    """One gesture, degrees.

    Attributes:
        name: what it is called.
        thumb: radial, palmar, roll, MCP, IP.
        fingers: for index, middle, ring, little: flexion of MCP, PIP, DIP.
        sideways: abduction of index, middle, ring, little.
        arch: cupping of the palm.
    """

    name: str
    thumb: tuple[float, ...]
    fingers: tuple[tuple[float, float, float], ...]
    sideways: tuple[float, ...] = NATURAL
    arch: float = 4.0

    def angles(self) -> np.ndarray:
        """``(24,)`` radians in the order of ``kinematics.ANGLES``, the wrist straight."""
        fingers = [angle for side, state in zip(self.sideways, self.fingers, strict=True) for angle in (side, *state)]
        return np.radians([0.0, 0.0, self.arch, *self.thumb, *fingers])


_S, _C, _H, _B, _R = STRAIGHT, CURLED, HOOKED, BENT, ROUND

GESTURES: dict[str, Gesture] = {
    gesture.name: gesture
    for gesture in (
        Gesture("relaxed", THUMB_RELAXED, (RELAXED,) * 4),
        Gesture("flat", THUMB_BESIDE, (_S,) * 4),
        Gesture("flat_together", (14.0, 16.0, 5.0, 5.0, 5.0), (_S,) * 4, TOGETHER),
        Gesture("flat_tucked", THUMB_ACROSS, (_S,) * 4, TOGETHER),
        Gesture("spread", THUMB_OUT, (_S,) * 4, WIDE),
        Gesture("fist", THUMB_ON_FIST, (_C,) * 4),
        Gesture("fist_side", (16.0, 21.0, 0.0, 11.0, 13.0), (_C,) * 4),
        Gesture("thumb_up", THUMB_OUT, (_C,) * 4),
        Gesture("point", THUMB_ON_FIST, (_S, _C, _C, _C)),
        Gesture("gun", THUMB_OUT, (_S, _C, _C, _C)),
        Gesture("two", THUMB_ON_RING, (_S, _S, _C, _C), (9.0, -7.0, 2.0, 4.0)),
        Gesture("two_together", THUMB_ON_RING, (_S, _S, _C, _C), (-4.0, 1.0, 2.0, 4.0)),
        Gesture("crossed", THUMB_ON_RING, ((0.0, 5.0, 3.0), (26.0, 22.0, 12.0), _C, _C), (-8.0, 9.0, 2.0, 4.0)),
        Gesture("three", (-12.0, 41.0, 21.0, 53.0, 43.0), (_S, _S, _S, (67.0, 94.0, 60.0)), (9.0, 0.0, 8.0, 4.0)),
        Gesture("three_with_thumb", THUMB_OUT, (_S, _S, _C, _C), (9.0, -5.0, 2.0, 4.0)),
        Gesture("four", THUMB_ACROSS, (_S,) * 4, WIDE),
        Gesture("horns", THUMB_ON_FIST, (_S, _C, _C, _S)),
        Gesture("horns_with_thumb", THUMB_OUT, (_S, _C, _C, _S), (6.0, 0.0, 2.0, 14.0)),
        Gesture("little_up", THUMB_ON_FIST, (_C, _C, _C, _S)),
        Gesture("shaka", THUMB_OUT, (_C, _C, _C, _S), (2.0, 0.0, 2.0, 22.0)),
        Gesture("claw", (35.0, 32.0, 15.0, 20.0, 40.0), (_H,) * 4, (8.0, 0.0, 7.0, 14.0)),
        Gesture("bent", THUMB_BESIDE, (_B,) * 4),
        Gesture("bent_tucked", THUMB_TO_INDEX, (_B,) * 4, TOGETHER),
        Gesture("grasp", (28.0, 42.0, 28.0, 12.0, 22.0), (_R,) * 4, (4.0, 0.0, 3.0, 6.0), 9.0),
        Gesture("hook", THUMB_BESIDE, (_H,) * 4),
        Gesture("hooked_index", THUMB_ON_FIST, ((15.0, 80.0, 45.0), _C, _C, _C)),
        Gesture("parallel", (15.0, 31.0, 17.0, 16.0, 10.0), ((50.0, 8.0, 5.0), _C, _C, _C)),
        Gesture("thumb_on_middle", (7.0, 10.0, 20.0, 13.0, 9.0), (_S, (35.0, 8.0, 5.0), _C, _C), (8.0, -4.0, 2.0, 4.0)),
        Gesture(
            "key_grip",
            (16.0, 24.0, 11.0, 11.0, 16.0),
            ((55.0, 70.0, 35.0), (65.0, 80.0, 45.0), (70.0, 85.0, 50.0), (70.0, 85.0, 50.0)),
            TOGETHER,
        ),
        Gesture("pinch_index", THUMB_TO_INDEX, ((49.0, 51.0, 30.0), _S, _S, _S), (0.0, 0.0, 6.0, 14.0)),
        Gesture(
            "pinch_middle",
            (7.0, 42.0, 32.0, 16.0, 23.0),
            ((15.0, 20.0, 12.0), (51.0, 53.0, 35.0), (20.0, 22.0, 14.0), _S),
            (6.0, 0.0, 4.0, 10.0),
        ),
        Gesture(
            "pinch_ring",
            (0.0, 44.0, 35.0, 23.0, 28.0),
            (_S, (15.0, 18.0, 10.0), (52.0, 55.0, 37.0), (25.0, 25.0, 15.0)),
            (6.0, 0.0, 2.0, 8.0),
        ),
        Gesture(
            "pinch_little",
            (-11.0, 49.0, 35.0, 32.0, 31.0),
            (_S, _S, (12.0, 15.0, 10.0), (52.0, 51.0, 33.0)),
            (6.0, 0.0, 2.0, 0.0),
            12.0,
        ),
        Gesture(
            "pinch_curled",
            THUMB_TO_INDEX,
            ((49.0, 51.0, 30.0), (70.0, 85.0, 50.0), (75.0, 92.0, 55.0), (75.0, 90.0, 55.0)),
        ),
        Gesture(
            "pinch_three",
            (4.0, 41.0, 31.0, 15.0, 21.0),
            ((47.0, 48.0, 29.0), (50.0, 53.0, 31.0), _C, _C),
            (-3.0, 0.0, 2.0, 4.0),
        ),
        Gesture(
            "pinch_all",
            (1.0, 47.0, 35.0, 14.0, 17.0),
            ((57.0, 39.0, 24.0), (60.0, 43.0, 26.0), (55.0, 36.0, 23.0), (60.0, 38.0, 25.0)),
            (-5.0, 0.0, -4.0, -6.0),
            10.0,
        ),
        Gesture(
            "round_o",
            (5.0, 39.0, 34.0, 17.0, 22.0),
            ((42.0, 55.0, 37.0), (45.0, 60.0, 41.0), (50.0, 60.0, 40.0), (52.0, 55.0, 38.0)),
            (-3.0, 0.0, -3.0, -5.0),
        ),
        Gesture("round_c", (25.0, 42.0, 30.0, 8.0, 18.0), ((32.0, 45.0, 30.0),) * 4, TOGETHER),
        Gesture(
            "thumb_to_middle",
            (8.0, 41.0, 34.0, 17.0, 24.0),
            (_S, (48.0, 61.0, 42.0), (55.0, 65.0, 42.0), (60.0, 65.0, 42.0)),
            (0.0, 0.0, 0.0, 0.0),
        ),
        Gesture(
            "folded",
            (5.0, 19.0, 33.0, 40.0, 52.0),
            ((35.0, 100.0, 50.0), (38.0, 102.0, 50.0), (40.0, 102.0, 50.0), (42.0, 98.0, 50.0)),
            (0.0, 0.0, 0.0, 0.0),
        ),
        Gesture("thumb_under_one", (16.0, 15.0, 23.0, 19.0, 11.0), ((63.0, 91.0, 45.0), _C, _C, _C)),
        Gesture("thumb_under_two", (9.0, 24.0, 35.0, 40.0, 42.0), ((66.0, 85.0, 40.0), (60.0, 84.0, 40.0), _C, _C)),
        Gesture(
            "thumb_under_three",
            (2.0, 26.0, 35.0, 46.0, 44.0),
            ((66.0, 82.0, 40.0), (62.0, 82.0, 40.0), (62.0, 82.0, 40.0), _C),
        ),
    )
}

#: What people call the gestures: label -> gesture. MSRA's labels are the folder names of its 17 gesture types.
FAMILIES: dict[str, dict[str, str]] = {
    "counting": {
        "0": "round_o", "1": "point", "2": "two", "3": "three_with_thumb", "4": "four", "5": "spread",
        "6": "pinch_little", "7": "pinch_ring", "8": "pinch_middle", "9": "pinch_index", "10": "thumb_up",
    },
    "letters": {
        "A": "fist_side", "B": "flat_tucked", "C": "round_c", "D": "thumb_to_middle", "E": "folded",
        "F": "pinch_index", "G": "parallel", "H": "two_together", "I": "little_up", "K": "thumb_on_middle",
        "L": "gun", "M": "thumb_under_three", "N": "thumb_under_two", "O": "round_o", "P": "thumb_on_middle",
        "Q": "parallel", "R": "crossed", "S": "fist", "T": "thumb_under_one", "U": "two_together", "V": "two",
        "W": "three", "X": "hooked_index", "Y": "shaka",
    },
    "msra": {
        "1": "point", "2": "two", "3": "three", "4": "four", "5": "spread", "6": "pinch_little", "7": "pinch_ring",
        "8": "pinch_middle", "9": "pinch_index", "I": "little_up", "IP": "pinch_curled", "L": "gun",
        "MP": "pinch_three", "RP": "pinch_ring", "T": "thumb_up", "TIP": "pinch_all", "Y": "shaka",
    },
    "everyday": {
        name: name
        for name in (
            "relaxed", "flat", "flat_together", "spread", "fist", "thumb_up", "point", "grasp", "claw", "bent",
            "bent_tucked", "hook", "key_grip", "pinch_index", "horns", "horns_with_thumb",
        )
    },
}  # fmt: skip
