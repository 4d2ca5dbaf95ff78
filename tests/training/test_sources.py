import itertools
from contextlib import closing

import numpy as np
import pytest

from cn_zoo.datasets import CropAugmentation
from cn_zoo.objective import turn_pose
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.training import sources
from cn_zoo.training.sources import LabelledSource, PoseSource, SyntheticSource, UnlabelledSource, batches


def _same(left, right):
    return all(np.array_equal(left[name], right[name]) for name in left)


def test_a_batch_depends_on_its_number_alone(icvl_set):
    every = np.arange(len(icvl_set))
    for make in (
        lambda: LabelledSource(icvl_set, every, 3, seed=1),
        lambda: UnlabelledSource([(icvl_set, every)], 3, seed=1),
        lambda: PoseSource(icvl_set.poses(every), 5, seed=1),
    ):
        in_turn = [make().batch(index) for index in range(7)]
        source = make()
        assert all(_same(source.batch(index), in_turn[index]) for index in (6, 0, 3))
        assert not _same(in_turn[0], in_turn[1])


def test_all_samples_come_before_any_comes_again(icvl_set):
    poses = np.arange(12, dtype="float32").reshape(12, 1, 1)
    source = PoseSource(poses, 8, seed=0)
    drawn = np.concatenate([source.batch(index)["pose"].ravel() for index in range(3)])
    assert set(drawn[:12]) == set(drawn[12:]) == set(range(12))
    assert not np.array_equal(drawn[:12], drawn[12:])


def test_synthetic_batches_are_numbered_from_the_first():
    """A run that goes on asks for a later one first."""
    with closing(SyntheticSource(PRESETS["icvl"], 2, seed=4)) as source:
        found = [source.batch(index) for index in (3, 4)]
    for number, batch in zip((3, 4), found, strict=True):
        expected = draw_crop_batch(PRESETS["icvl"], 4, 2 * number, 2)
        assert _same(batch, {"depth": expected.depth, "pose": expected.poses["icvl"]})


def test_turns_take_one_view_to_the_other(icvl_set):
    """The labels, seen as the crops are seen, agree with the turn that unlabelled crops come with."""
    labels = icvl_set.poses(np.arange(len(icvl_set)))
    source = _tilted_source(icvl_set, 6)
    batch, chosen = source.batch(2), source._order.batch(2)
    first, second = (_seen(source, labels[chosen], 2, view) for view in (sources._FIRST_VIEW, sources._SECOND_VIEW))
    assert np.abs(first - second).max() > 0.5
    turned = np.array(turn_pose(first.astype("float32"), batch["turn"]))
    np.testing.assert_allclose(turned, second, atol=1e-4)


def test_views_are_those_that_the_turns_tell(icvl_set):
    """A crop's own pixels at its joints: the hand is where the moved labels say, in both views."""
    source = _tilted_source(icvl_set, 12)
    batch, chosen = source.batch(0), source._order.batch(0)
    poses = _seen(source, icvl_set.poses(chosen), 0, sources._SECOND_VIEW)
    steps = np.rint((poses[..., :2] * 50 / 250 + 0.5) * 128 - 0.5).astype(int).clip(0, 127)
    on_hand = [
        crop[rows, columns, 0] < 1
        for crop, (columns, rows) in zip(batch["twin"], steps.transpose(0, 2, 1), strict=True)
    ]
    assert np.mean(on_hand) > 0.8


def _tilted_source(frames, batch_size):
    every = np.arange(len(frames))
    return UnlabelledSource([(frames, every)], batch_size, seed=5, augmentation=CropAugmentation(tilt_deg=15))


def _seen(source, poses, index, view):
    """Poses (B, J, 3) as the batch's views show them."""
    jitters = source._augmentation.draw_several(np.random.default_rng((5, index, view)), len(poses))
    return np.stack([jitter.move(pose, 50.0) for jitter, pose in zip(jitters, poses, strict=True)])


def test_streams_of_different_sizes_run_side_by_side(icvl_set):
    every = np.arange(len(icvl_set))
    labelled = [LabelledSource(icvl_set, every[:2], size, seed=0) for size in (2, 3)]
    stream = batches([*labelled, UnlabelledSource([(icvl_set, every)], 4, seed=0)], first=9)
    for x, y in itertools.islice(stream, 2):
        shapes = {name: value.shape for name, value in {**x, "y": y}.items()}
        assert shapes == {
            "depth": (5, 128, 128, 1),
            "unlabelled": (4, 128, 128, 1),
            "twin": (4, 128, 128, 1),
            "turn": (4, 4, 3),
            "y": (5, 16, 3),
        }


def test_poses_alone_are_a_batch_without_targets(icvl_set):
    (x,) = next(batches([PoseSource(icvl_set.poses(np.arange(4)), 2, seed=0)], first=0))
    assert list(x) == ["pose"]


@pytest.mark.parametrize("fraction", [0.25, 1.0])
def test_run_data_divides_the_frames(icvl_set, icvl_set_path, fraction, tmp_path):
    from cn_zoo.training import load_recipe
    from cn_zoo.training.run_data import RunData

    whole = load_recipe("icvl", ("held_out=0.33",))
    part = load_recipe("icvl", ("held_out=0.33", f"labelled_fraction={fraction}"))
    every, some = (RunData.open(recipe, tmp_path, icvl_set_path, None) for recipe in (whole, part))
    assert list(every.held_out) == list(some.held_out) == [8, 9, 10, 11]
    assert len(some.trained) == round(8 * fraction) and set(some.trained) <= set(every.trained)
    rest = [index for _, indices in some.unlabelled for index in indices]
    assert sorted([*some.trained, *rest]) == list(range(8))
