import numpy as np

from cn_zoo.drawing import map_colours


def test_brightness_rises_from_dark_to_bright():
    colours = map_colours(np.linspace(0, 1, 64)).astype(float)
    luminance = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0).all()
    assert luminance[0] < 5 < 240 < luminance[-1]


def test_values_outside_are_clipped():
    assert (map_colours(np.array([-3.0, 7.0])) == map_colours(np.array([0.0, 1.0]))).all()


def test_shape_and_type():
    colours = map_colours(np.zeros((3, 5)))
    assert colours.shape == (3, 5, 3)
    assert colours.dtype == np.uint8
