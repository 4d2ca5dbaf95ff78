import numpy as np
import pytest

from cn_zoo.evaluation import errors_by_viewpoint, palm_angles


@pytest.mark.parametrize(
    ("axis", "yaw", "pitch"),
    [
        ((0, -1, 0), 0, 0),
        ((0, -1, -1), 0, 45),
        ((0, -1, 1), 0, -45),
        ((1, -1, 0), 45, 0),
        ((-1, -np.sqrt(3), 0), -30, 0),
        ((0, 0, -1), 0, 90),
    ],
)
def test_angles_of_known_palms(axis, yaw, pitch):
    wrist = np.array([[30.0, 40.0, 500.0]])
    angles = palm_angles(wrist, wrist + 80 * np.array([axis]))
    assert angles["yaw"][0] == pytest.approx(yaw, abs=1e-6)
    assert angles["pitch"][0] == pytest.approx(pitch, abs=1e-4)


def test_frames_fall_into_their_bins():
    bins = errors_by_viewpoint(
        np.array([1.0, 3, 8]), {"yaw": np.array([-40.0, -31, 99]), "pitch": np.array([0.0, 9, 10])}
    )
    found = {(part.angle, part.from_deg): (part.frames, part.mean_error_mm) for part in bins}
    assert found["yaw", -40] == (2, 2.0)
    assert found["yaw", 0] == (0, None)
    assert found["pitch", 0] == (2, 2.0) and found["pitch", 10] == (1, 8.0)
