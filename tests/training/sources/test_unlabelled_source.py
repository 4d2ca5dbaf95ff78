import numpy as np

from cn_zoo.datasets import CropAugmentation
from cn_zoo.objective import turn_pose
from cn_zoo.training.sources import UnlabelledSource
from cn_zoo.training.sources._views import FIRST_VIEW, SECOND_VIEW


def test_turns_take_one_view_to_the_other(icvl_set):
    """The labels, seen as the crops are seen, agree with the turn that unlabelled crops come with."""
    labels = icvl_set.poses(np.arange(len(icvl_set)))
    source = _tilted_source(icvl_set, 6)
    batch, chosen = source.batch(2), source._order.batch(2)
    first, second = (_seen(source, labels[chosen], 2, view) for view in (FIRST_VIEW, SECOND_VIEW))
    assert np.abs(first - second).max() > 0.5
    turned = np.array(turn_pose(first.astype("float32"), batch["turn"]))
    np.testing.assert_allclose(turned, second, atol=1e-4)


def test_views_are_those_that_the_turns_tell(icvl_set):
    """A crop's own pixels at its joints: the hand is where the moved labels say, in both views."""
    source = _tilted_source(icvl_set, 12)
    batch, chosen = source.batch(0), source._order.batch(0)
    poses = _seen(source, icvl_set.poses(chosen), 0, SECOND_VIEW)
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
