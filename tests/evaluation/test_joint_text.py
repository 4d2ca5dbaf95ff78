import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.evaluation import read_joints, write_joints


def test_written_joints_read_back(tmp_path):
    joints = np.random.default_rng(0).uniform(0, 700, (5, 14, 3))
    write_joints(tmp_path / "new" / "joints.txt", joints)
    np.testing.assert_allclose(read_joints(tmp_path / "new" / "joints.txt", 14), joints, atol=5.01e-4)
    assert len((tmp_path / "new" / "joints.txt").read_text().splitlines()) == 5


def test_another_datasets_joints(tmp_path):
    write_joints(tmp_path / "joints.txt", np.zeros((5, 16, 3)))
    with pytest.raises(InputError, match=r"line 1: 48 numbers, expected 42 \(14 points"):
        read_joints(tmp_path / "joints.txt", 14)
