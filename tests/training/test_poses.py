import numpy as np
import pytest

from cn_zoo.training import load_recipe
from cn_zoo.training.poses import training_poses
from cn_zoo.training.run_data import RunData


@pytest.mark.parametrize(("tilt_deg", "kinds"), [(0, 12), (15, 100)])
def test_own_poses_are_tilted_as_their_crops_will_be(icvl_set_path, tmp_path, tilt_deg, kinds):
    """How far a hand reaches forward, against how far it reaches at all, changes only as it is tilted."""
    recipe = load_recipe("icvl", ("poses=100", f"tilt_deg={tilt_deg}"))
    poses = training_poses(recipe, RunData.open(recipe, tmp_path, icvl_set_path, None))
    size = np.linalg.norm(poses[:, :, None] - poses[:, None], axis=-1).max(axis=(1, 2))
    assert len(np.unique(np.round(np.ptp(poses[..., 2], axis=1) / size, 4))) == kinds
