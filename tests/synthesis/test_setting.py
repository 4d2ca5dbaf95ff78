from cn_zoo.synthesis.setting import _subject
from cn_zoo.synthesis.split import SPLITS


def test_splits_share_no_subject():
    people = {name: {_subject(name, number).vertices.tobytes() for number in range(5)} for name in SPLITS}
    assert len(set.union(*people.values())) == 5 * len(SPLITS)
    assert len({split.code for split in SPLITS.values()}) == len(SPLITS)
