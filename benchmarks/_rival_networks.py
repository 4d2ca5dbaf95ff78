"""The architectures of well-known rivals at their published sizes, with random weights: for timing, not for training.

Layer sizes are those of the papers, and of their authors' public code where a paper leaves them open. What happens
outside of the network (voxelising, soft-argmax over anchors or voxels) is left out, to the rivals' advantage.

=================  =================  =============  ================
network            input              weights        multiply-adds
=================  =================  =============  ================
DeepPrior++        128 x 128             18.9 M          0.13 G
A2J                176 x 176             42.7 M          6.2 G
V2V-PoseNet        88 x 88 x 88           3.4 M         36 G
=================  =================  =============  ================
"""

from __future__ import annotations

import keras
from keras import KerasTensor, layers

#: Joints of the NYU protocol.
_JOINTS = 14


def build_deep_prior() -> keras.Model:
    """DeepPrior++ (Oberweger and Lepetit, ICCV workshops 2017, section 3.2).

    A 5x5 convolution of 32 filters and pooling; four stages of five bottleneck blocks, 64, 128, 256 and 256 filters,
    batch norm and ReLU before each convolution, the bottleneck a quarter as wide; as in the authors' code, a stage
    halves the map only where it changes the width. Dense layers of 1024, 1024 and 30 (the pose prior).
    """
    depth = keras.Input((128, 128, 1), name="depth")
    x = layers.MaxPooling2D(2)(layers.Conv2D(32, 5, padding="same")(depth))
    for filters in (64, 128, 256, 256):
        for _ in range(5):
            x = _bottleneck_after_norm(x, filters)
    x = layers.Flatten()(layers.ReLU()(layers.BatchNormalization()(x)))
    x = layers.Dense(1024, activation="relu")(x)
    x = layers.Dense(1024, activation="relu")(x)
    pose = layers.Dense(3 * _JOINTS)(layers.Dense(30)(x))
    return keras.Model(depth, {"pose": pose}, name="DeepPrior")


def _bottleneck_after_norm(x: KerasTensor, filters: int) -> KerasTensor:
    wider = x.shape[-1] != filters
    strides = 2 if wider else 1
    y = layers.ReLU()(layers.BatchNormalization()(x))
    shortcut = layers.Conv2D(filters, 1, strides=strides)(y) if wider else x
    y = layers.Conv2D(filters // 4, 1, strides=strides)(y)
    y = layers.Conv2D(filters // 4, 3, padding="same")(layers.ReLU()(layers.BatchNormalization()(y)))
    y = layers.Conv2D(filters, 1)(layers.ReLU()(layers.BatchNormalization()(y)))
    return layers.Add()([shortcut, y])


def build_a2j() -> keras.Model:
    """A2J (Xiong et al., ICCV 2019, section 4).

    ResNet-50, the last stage dilated instead of strided, so that maps keep a sixteenth of the input; 16 anchors a cell.
    Three branches of four 3x3 convolutions of 256 filters and an output convolution: anchor weights from the third
    stage, offsets in the plane and depths from the fourth.
    """
    depth = keras.Input((176, 176, 1), name="depth")
    x = layers.Concatenate()([depth] * 3)
    x = _normed(x, 64, 7, strides=2)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = _resnet_stage(x, 64, 3)
    x = _resnet_stage(x, 128, 4, strides=2)
    common = _resnet_stage(x, 256, 6, strides=2)
    regression = _resnet_stage(common, 512, 3, dilation=2)
    outputs = {
        "weights": _a2j_branch(common, 16 * _JOINTS),
        "offsets": _a2j_branch(regression, 16 * _JOINTS * 2),
        "depths": _a2j_branch(regression, 16 * _JOINTS),
    }
    return keras.Model(depth, outputs, name="A2J")


def _a2j_branch(x: KerasTensor, outputs: int) -> KerasTensor:
    for _ in range(4):
        x = _normed(x, 256, 3)
    return layers.Conv2D(outputs, 3, padding="same")(x)


def _resnet_stage(x: KerasTensor, filters: int, blocks: int, strides: int = 1, dilation: int = 1) -> KerasTensor:
    for block in range(blocks):
        step = strides if block == 0 else 1
        y = _normed(x, filters, 1)
        y = _normed(y, filters, 3, step, dilation)
        y = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1, use_bias=False)(y))
        if block == 0:
            x = layers.BatchNormalization()(layers.Conv2D(4 * filters, 1, strides=step, use_bias=False)(x))
        x = layers.ReLU()(layers.Add()([x, y]))
    return x


def _normed(x: KerasTensor, filters: int, kernel: int, strides: int = 1, dilation: int = 1) -> KerasTensor:
    x = layers.Conv2D(filters, kernel, strides, padding="same", dilation_rate=dilation, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def build_v2v() -> keras.Model:
    """V2V-PoseNet (Moon et al., CVPR 2018, section 5, one of its ten models): 88^3 voxels to a 44^3 map for each joint.

    A 7x7x7 convolution of 16 filters, pooling, three residual blocks of 32; an encoder-decoder of two levels with 64
    and 128 filters and residual blocks on its skips; a residual block and two 1x1x1 convolutions of 32.
    """
    voxels = keras.Input((88, 88, 88, 1), name="voxels")
    x = layers.MaxPooling3D(2)(_volume(voxels, 16, 7))
    for _ in range(3):
        x = _volume_block(x, 32)
    skip = _volume_block(x, 32)
    x = _volume_block(layers.MaxPooling3D(2)(x), 64)
    inner_skip = _volume_block(x, 64)
    x = _volume_block(layers.MaxPooling3D(2)(x), 128)
    x = _volume_block(_volume_block(x, 128), 128)
    x = _volume_block(layers.Add()([_larger_volume(x, 64), inner_skip]), 64)
    x = _volume_block(layers.Add()([_larger_volume(x, 32), skip]), 32)
    x = _volume(_volume(x, 32, 1), 32, 1)
    return keras.Model(voxels, {"maps": layers.Conv3D(_JOINTS, 1)(x)}, name="V2V")


def _volume(x: KerasTensor, filters: int, kernel: int) -> KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(layers.Conv3D(filters, kernel, padding="same")(x)))


def _larger_volume(x: KerasTensor, filters: int) -> KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(layers.Conv3DTranspose(filters, 2, strides=2)(x)))


def _volume_block(x: KerasTensor, filters: int) -> KerasTensor:
    y = layers.BatchNormalization()(layers.Conv3D(filters, 3, padding="same")(_volume(x, filters, 3)))
    if x.shape[-1] != filters:
        x = layers.BatchNormalization()(layers.Conv3D(filters, 1)(x))
    return layers.ReLU()(layers.Add()([x, y]))


RIVALS = {"DeepPrior++": build_deep_prior, "A2J": build_a2j, "V2V-PoseNet": build_v2v}
