"""A step's batch from what Keras hands to a model, seen to fit."""

from __future__ import annotations

from collections.abc import Mapping

from keras import KerasTensor, ops

from cn_zoo.geometry import CROP_SIZE
from cn_zoo.objective import Batch

_DEPTH = (None, CROP_SIZE, CROP_SIZE, 1)
#: What a `Batch` holds beside the poses.
_SHAPES = {"depth": _DEPTH, "unlabelled": _DEPTH, "twin": _DEPTH, "turn": (None, 4, 3)}
#: What means nothing without another.
_NEEDS = {"twin": ("unlabelled", "turn"), "turn": ("twin",)}


def make_batch(
    x: KerasTensor | Mapping[str, KerasTensor] | None, y: KerasTensor | None, joints: int, training: bool
) -> Batch:
    """The batch of ``(x, y)``, as `CrossingNets` takes it.

    Args:
        x: depth maps, or all by name.
        y: (B, J, 3) poses, unless ``x`` names them.
        joints: J.
        training: as of `Batch`.

    Raises:
        ValueError: a name is unknown or given twice, a shape cannot be, or a part is missing that another needs.
    """
    inputs = dict(x) if isinstance(x, Mapping) else {"depth": x}
    if y is not None:
        if "pose" in inputs:
            raise ValueError("the batch has its poses twice: as pose, and as y")
        inputs["pose"] = y
    shapes = {"pose": (None, joints, 3), **_SHAPES}
    if unknown := sorted(set(inputs) - set(shapes)):
        raise ValueError(f"a batch holds no {', '.join(unknown)}; it may hold {', '.join(shapes)}")
    for name, needed in _NEEDS.items():
        if missing := [other for other in needed if name in inputs and other not in inputs]:
            raise ValueError(f"the batch has {name} without {', '.join(missing)}; see cn_zoo.objective.Batch")
    tensors = {name: ops.convert_to_tensor(value, "float32") for name, value in inputs.items()}
    for name, tensor in tensors.items():
        _check_shape(name, tuple(tensor.shape), shapes[name])
    return Batch(**tensors, training=training)


def _check_shape(name: str, shape: tuple[int | None, ...], expected: tuple[int | None, ...]) -> None:
    """See that sizes agree, as far as they are known; else they would be broadcast, and train on nonsense."""
    agree = len(shape) == len(expected) and all(
        None in pair or pair[0] == pair[1] for pair in zip(shape, expected, strict=True)
    )
    if not agree:
        wanted = ", ".join("N" if size is None else str(size) for size in expected)
        raise ValueError(f"{name} must be of shape ({wanted}); received {shape}")
