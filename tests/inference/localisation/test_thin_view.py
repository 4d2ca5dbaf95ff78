import numpy as np
import pytest

from cn_zoo.geometry import Camera
from cn_zoo.inference.localisation._thin_view import thin


@pytest.mark.parametrize(("width", "height"), [(160, 120), (320, 240), (640, 480), (1280, 720)])
def test_what_is_left_stays_where_it_was(width, height):
    camera = Camera(0.9 * width, 0.8 * width, 0.45 * width, 0.55 * height)
    rows, columns = np.indices((height, width))
    for places, axis in ((columns, 0), (rows, 1)):
        depth = (500 + places).astype(np.float32)  # each tells where it is
        view = thin(depth, camera)
        thin_rows, thin_columns = np.indices(view.z.shape)
        found = view.camera.uvd_to_xyz(np.stack([thin_columns, thin_rows, view.z], axis=-1))
        uvd = np.zeros(found.shape)
        uvd[..., axis], uvd[..., 2] = view.z - 500, view.z
        np.testing.assert_allclose(found[..., axis], camera.uvd_to_xyz(uvd)[..., axis], atol=1e-3)
