import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.synthesis.presets import Lens
from cn_zoo.synthesis.setting import _no_finer, _subject
from cn_zoo.synthesis.split import SPLITS


def test_splits_share_no_subject():
    people = {name: {_subject(name, number).vertices.tobytes() for number in range(5)} for name in SPLITS}
    assert len(set.union(*people.values())) == 5 * len(SPLITS)
    assert len({split.code for split in SPLITS.values()}) == len(SPLITS)


def test_larger_pixels_show_the_same_image():
    """Two by two pixels make one: an image's first pixel reaches from -0.5 to 0.5, whatever its size."""
    fine = Lens(Camera(600.0, 620.0, 310.0, 250.0), 640, 480)
    coarse = _no_finer(fine, 300.0)
    assert (coarse.width, coarse.height) == (320, 240)
    points = np.random.default_rng(0).uniform((-200, -150, 400), (200, 150, 900), (20, 3))
    before, after = (lens.camera.xyz_to_uvd(points) for lens in (fine, coarse))
    np.testing.assert_allclose(after[:, :2] + 0.5, (before[:, :2] + 0.5) / 2)
    assert _no_finer(fine, 601.0) == fine
