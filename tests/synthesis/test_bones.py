"""The tables agree with each other and with the bones' names."""

from cn_zoo.synthesis.bones import (
    BONES,
    ENDS,
    LANDMARK_HEADS,
    LANDMARK_ROWS,
    LAST,
    METACARPALS,
    NEXT,
    PALM,
    PARENTS,
    TIP_ROWS,
)
from cn_zoo.synthesis.posed_hand import LANDMARKS


def names(bones):
    return [BONES[bone] for bone in bones]


def test_parents_come_first():
    assert all(parent < bone for bone, parent in enumerate(PARENTS))


def test_bones_are_those_that_their_names_say():
    assert names(METACARPALS) == ["index_1", "middle_1", "ring_1", "little_1"]
    assert names(PALM) == ["hand", "index_1", "middle_1", "ring_1", "little_1"]
    assert names(LAST) == ["thumb_3", "index_4", "middle_4", "ring_4", "little_4"]


def test_a_bone_ends_where_the_next_one_begins():
    for bone, parent in enumerate(PARENTS):
        if parent > 0:
            assert NEXT[parent] == bone
    assert NEXT[LAST].tolist() == ENDS.tolist()
    assert ENDS.tolist() == [len(BONES) + finger for finger in range(5)]


def test_every_landmark_is_a_head_or_a_tip():
    assert sorted([*LANDMARK_ROWS, *TIP_ROWS]) == list(range(len(LANDMARKS)))
    assert [LANDMARKS[row] for row in TIP_ROWS] == [
        "thumb_tip", "index_tip", "middle_tip", "ring_tip", "little_tip",
    ]  # fmt: skip
    for bone, row in zip(names(LANDMARK_HEADS), LANDMARK_ROWS, strict=True):
        part, joint = LANDMARKS[row].split("_") if "_" in LANDMARKS[row] else ("hand", "")
        level = {"": "", "cmc": "_1", "mcp": "_2", "pip": "_3", "dip": "_4", "ip": "_3"}[joint]
        assert bone == part + level
