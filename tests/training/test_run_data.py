import json
import shutil

import h5py
import numpy as np
import pytest

from cn_zoo.datasets import ConvertedSet
from cn_zoo.training import load_recipe
from cn_zoo.training.run_data import RunData


@pytest.mark.parametrize("fraction", [0.25, 1.0])
def test_run_data_divides_the_frames(icvl_set, icvl_set_path, fraction, tmp_path):
    whole = load_recipe("icvl", ("held_out=0.33",))
    part = load_recipe("icvl", ("held_out=0.33", f"labelled_fraction={fraction}"))
    every, some = (RunData.open(recipe, tmp_path, icvl_set_path, None) for recipe in (whole, part))
    assert list(every.held_out) == list(some.held_out) == [8, 9, 10, 11]
    assert len(some.trained) == round(8 * fraction) and set(some.trained) <= set(every.trained)
    rest = [index for _, indices in some.unlabelled for index in indices]
    assert sorted([*some.trained, *rest]) == list(range(8))


def test_unlabelled_frames_are_mirrored_as_the_labelled_ones_are(icvl_set_path, tmp_path):
    left = shutil.copyfile(icvl_set_path, tmp_path / "left.h5")
    with h5py.File(left, "a") as file:
        file.attrs["header"] = json.dumps({**json.loads(file.attrs["header"]), "hand": "left"})
    recipe = load_recipe("icvl")
    for labelled, hand, mirrored in ((left, "left", True), (icvl_set_path, "right", False), (None, "right", False)):
        ((frames, _),) = RunData.open(recipe, tmp_path, labelled, icvl_set_path).unlabelled
        assert frames.hand == hand
        expected = ConvertedSet(left if mirrored else icvl_set_path).crops([0])[0]
        np.testing.assert_array_equal(frames.crops([0])[0], expected)
