import json

import numpy as np
import pytest

from cn_zoo.evaluation import evaluate_joints
from cn_zoo.geometry import CAMERAS, SKELETONS


@pytest.fixture
def true_uvd():
    rng = np.random.default_rng(0)
    return CAMERAS["msra"].xyz_to_uvd(rng.uniform(-60, 60, (40, 21, 3)) + (0, 0, 350))


def test_every_measure_of_a_known_error(true_uvd):
    """Half the frames err by 3 mm in x and 4 mm in z at the index tip, the other half not at all."""
    camera, skeleton = CAMERAS["msra"], SKELETONS["msra"]
    tip = skeleton.joints.index("index_tip")
    xyz = camera.uvd_to_xyz(true_uvd)
    xyz[:20, tip] += (3, 0, 4)
    found = evaluate_joints(
        camera.xyz_to_uvd(xyz), true_uvd, camera, skeleton, {"first": slice(0, 20), "rest": slice(20, 40)}
    )
    assert found.whole.mean_error_mm == pytest.approx(5 / 21 / 2)
    assert found.parts["first"].mean_error_mm == pytest.approx(5 / 21) and found.parts["first"].frames == 20
    assert found.parts["rest"].mean_error_mm == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(found.per_joint_mm, np.where(np.arange(21) == tip, 2.5, 0), atol=1e-9)
    assert found.axis_error["x_mm"] == pytest.approx(1.5 / 21)
    assert found.axis_error["y_mm"] == pytest.approx(0, abs=1e-9)
    assert found.axis_error["z_mm"] == found.axis_error["d_mm"] == pytest.approx(2 / 21)
    assert found.within_worst[4] == 0.5 and found.within_worst[6] == 1
    assert found.within_mean[1] == 1


def test_errors_are_taken_in_camera_space(true_uvd):
    """One pixel is d / f mm."""
    camera = CAMERAS["msra"]
    found = evaluate_joints(true_uvd + (1, 0, 0), true_uvd, camera, SKELETONS["msra"])
    assert found.whole.mean_error_mm == pytest.approx((true_uvd[..., 2] / camera.fx).mean())
    assert found.axis_error["uv_px"] == pytest.approx(1)


def test_json_is_plain_and_complete(true_uvd):
    noisy = true_uvd + np.random.default_rng(1).normal(0, 3, true_uvd.shape)
    found = evaluate_joints(
        noisy,
        true_uvd,
        CAMERAS["msra"],
        SKELETONS["msra"],
        {"all": slice(None)},
        np.full((40, 21), 5.0),
    )
    record = json.loads(json.dumps(found.to_json()))
    assert record["mean_error_mm"] == found.whole.mean_error_mm
    assert record["parts"]["all"]["interval_95_mm"] == record["interval_95_mm"]
    assert list(record["per_joint_mm"]) == list(SKELETONS["msra"].joints)
    assert len(record["within"]["worst_joint"]) == 81
    assert 0 < record["auc"]["worst_joint"] < record["auc"]["mean_joint"] < 1
    assert sum(part["frames"] for part in record["viewpoint"] if part["angle"] == "pitch") <= 40
    assert record["calibration"]["inside_2_sigma"] > record["calibration"]["inside_1_sigma"]


def test_viewpoints_are_told_where_the_joints_tell_them(true_uvd):
    assert evaluate_joints(true_uvd, true_uvd, CAMERAS["msra"], SKELETONS["msra"]).viewpoint
    assert not evaluate_joints(true_uvd[:, :16], true_uvd[:, :16], CAMERAS["icvl"], SKELETONS["icvl"]).viewpoint


def test_sigma_is_compared_frame_by_frame(true_uvd):
    """Errors as large as each frame's and joint's own sigma."""
    camera = CAMERAS["msra"]
    sigma = np.linspace(2, 20, 40)[:, None] + np.linspace(0, 1, 21)
    xyz = camera.uvd_to_xyz(true_uvd)
    xyz[..., 0] += sigma
    found = evaluate_joints(camera.xyz_to_uvd(xyz), true_uvd, camera, SKELETONS["msra"], sigma=sigma).calibration
    assert found.error_over_sigma == pytest.approx(1)
    assert found.inside_2_sigma == 1
    assert found.frame_rank_correlation == pytest.approx(1)


def test_the_palm_points_from_wrist_to_knuckle(true_uvd):
    camera, skeleton = CAMERAS["msra"], SKELETONS["msra"]
    xyz = camera.uvd_to_xyz(true_uvd)
    xyz[:, skeleton.joints.index("wrist")] = (0, 40, 400)
    xyz[:, skeleton.joints.index("middle_mcp")] = (20, -10, 350)  # to the right, up, and towards the camera
    uvd = camera.xyz_to_uvd(xyz)
    viewpoint = evaluate_joints(uvd, uvd, camera, skeleton).viewpoint
    assert {(part.angle, part.from_deg): part.frames for part in viewpoint if part.frames} == {
        ("yaw", 20): 40,
        ("pitch", 40): 40,
    }
