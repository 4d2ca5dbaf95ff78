from cn_zoo.inference.localisation.distinct_hands import distinct_hands


def test_the_first_entry_of_each_hand_stays():
    centers = {"a": (0, 0, 500), "a again": (40, 0, 530), "b": (100, 0, 500), "between": (50, 0, 500), "c": (0, 0, 561)}
    assert distinct_hands(list(centers), centers.get) == ["a", "b", "c"]
    assert distinct_hands(["between", "a", "b"], centers.get) == ["between"]
    assert distinct_hands([], centers.get) == []
