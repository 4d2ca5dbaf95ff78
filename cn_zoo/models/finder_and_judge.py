"""The two small networks that find hands in whole depth images, as Keras functional models.

The finder looks at the whole image (`cn_zoo.geometry.frame_view`) and says in which of its cells hands may be. The
judge looks at the cube around such a place (`cn_zoo.geometry.HandCrop`) and says whether it is a hand, which one, and
where its centre is.
"""

from __future__ import annotations

import keras
from keras import KerasTensor, layers

from cn_zoo.geometry.hand_crop import CROP_SIZE
from cn_zoo.models.convolution import convolution, residual_block

#: The judge's layer whose output tells most of the hand.
JUDGE_FEATURES = "judge_features"
#: A map starts with few hands in it.
_RARE = -4.0


def build_hand_finder() -> keras.Model:
    """The network that looks at the whole image.

    Built-in layers only, any image size in multiples of 16.

    Returns:
        A functional model from the ``planes`` (B, h, w, 2) of a `FrameView` to a map ``cells`` (B, h / 8, w / 8, 4):
        the log odds that a hand's centre is there; its place right of and below the middle of the cell, in cells; how
        far it lies behind the cell's nearest measurement (`FrameView.cell_depths`), in units of 50 mm.
    """
    # functional graph
    planes = keras.Input((None, None, 2), name="planes")
    x = _stem(planes)
    x = convolution(x, 24, "finder_down4", strides=2)
    x = convolution(x, 40, "finder_down8", strides=2)
    fine = residual_block(x, "finder_8a")
    x = convolution(fine, 48, "finder_down16", strides=2)
    coarse = residual_block(x, "finder_16a")
    context = convolution(coarse, 40, "finder_up8", kernel=1)
    # Each coarse cell tells its four fine ones what is around; exports of upsampling layers cost more than this.
    context = layers.Conv2DTranspose(40, 2, strides=2, use_bias=False, name="finder_spread")(context)
    x = layers.Add()([fine, context])
    x = convolution(x, 40, "finder_8b")
    score = layers.Conv2D(
        1, 1, dtype="float32", bias_initializer=keras.initializers.Constant(_RARE), name="finder_score"
    )
    place = layers.Conv2D(3, 1, dtype="float32", name="finder_place")
    cells = layers.Concatenate(dtype="float32", name="cells")([score(x), place(x)])
    return keras.Model(planes, {"cells": cells}, name="hand_finder")


def _stem(planes: KerasTensor) -> KerasTensor:
    """Differences of depth between neighbours, squashed, as a hand on a table stands out by millimetres; nearness."""
    stem = layers.Conv2D(16, 5, strides=2, padding="same", dtype="float32", name="finder_stem")
    x = layers.Activation("tanh", dtype="float32")(stem(planes))
    kernel, bias = stem.get_weights()
    # Depth itself would drown its differences.
    kernel[:, :, 0] -= kernel[:, :, 0].mean(axis=(0, 1))
    stem.set_weights([kernel, bias])
    return x


def build_hand_judge() -> keras.Model:
    """The network that looks at one place.

    Built-in layers only.

    Returns:
        A functional model from ``depth`` (B, 128, 128, 1) in [-1, 1], a `HandCrop` of 300 mm, to a dict:
        ``hand`` (B, 2): the log odds that this is a hand, and that it is a left one;
        ``centers`` (B, 3, 3): hand centres (mean joints of NYU, ICVL, MSRA) in crop coordinates of 50 mm.
    """
    # functional graph
    depth = keras.Input((CROP_SIZE, CROP_SIZE, 1), name="depth")
    x = convolution(depth, 24, "judge_down32", kernel=7, strides=4)
    x = convolution(x, 32, "judge_down16", strides=2)
    x = residual_block(x, "judge_16a")
    x = residual_block(x, "judge_16b")
    x = convolution(x, 48, "judge_down8", strides=2)
    x = residual_block(x, "judge_8a")
    x = residual_block(x, "judge_8b")
    x = convolution(x, 40, "judge_down4", strides=2)
    x = layers.Flatten(name=JUDGE_FEATURES)(x)
    x = layers.Dense(64, activation="relu", name="judge_hidden")(x)
    hand = layers.Dense(2, dtype="float32", name="hand")(x)
    centers = layers.Dense(9, dtype="float32", kernel_initializer="zeros", name="judge_centers")(x)
    centers = layers.Reshape((3, 3), dtype="float32", name="centers")(centers)
    return keras.Model(depth, {"hand": hand, "centers": centers}, name="hand_judge")
