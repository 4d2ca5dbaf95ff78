import numpy as np

from cn_zoo.drawing import crop_picture


def test_near_is_brighter_than_far_and_background_is_black():
    crop = np.ones((128, 128), np.float32)
    crop[:40], crop[40:80] = -0.8, 0.9
    picture = crop_picture(crop)
    assert picture.size == (512, 512)
    near, far, background = (sum(picture.getpixel((256, row))) for row in (80, 240, 440))
    assert near > far > background == 0
