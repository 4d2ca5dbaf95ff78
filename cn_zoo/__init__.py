"""3D hand pose from a single depth image, after Crossing Nets (CVPR 2017).

This module only hands names on, each imported when first asked for; no deep-learning framework is imported
unless a name needs it.
"""

from importlib import import_module
from pathlib import Path

from cn_zoo import errors

__version__ = "0.1.0"

# Installed, ``cli`` and ``pretrained`` lie in this folder; in a checkout they lie beside it.
if not (Path(__file__).parent / "cli").is_dir():
    __path__.append(str(Path(__file__).parent.parent))

_HOMES = {
    "Camera": "cn_zoo.geometry",
    "CrossingNets": "cn_zoo.joint",
    "HandCrop": "cn_zoo.geometry",
    "Skeleton": "cn_zoo.geometry",
    "HandPose": "cn_zoo.inference",
    "HandPoseEstimator": "cn_zoo.inference",
    "HandTracker": "cn_zoo.inference",
    "export": "cn_zoo.exporting",
    "list_models": "cn_zoo.zoo",
    "weights_path": "cn_zoo.zoo",
}

#: Names that need Keras, with the pip line of what needs more than that.
_ON_KERAS = {"CrossingNets": (), "export": ("pip install 'cn_zoo[export]'",)}

__all__ = ["__version__", "errors", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'cn_zoo' has no attribute {name!r}")
    if name in _ON_KERAS:
        from cn_zoo.keras_backend import need_keras

        need_keras(f"cn_zoo.{name}", *_ON_KERAS[name])
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
