"""What who writes and who reads converted sets agree on."""

from __future__ import annotations

from types import ModuleType

from cn_zoo.errors import MissingDependencyError
from cn_zoo.geometry import CROP_SIZE, CUBE_MM

VERSION = 1
#: Crops are 128 pixels of a 250 mm cube. Patches show half as much again at the same pitch, so that a crop can be
#: turned by any angle (its half diagonal is 177 mm) and shifted without running out of image.
PATCH_SIZE = CROP_SIZE * 3 // 2
PATCH_MM = CUBE_MM * PATCH_SIZE / CROP_SIZE
#: Depth is kept in tenths of a millimetre: exact for whole mm, and 16 bits reach 6.5 m.
UNITS_PER_MM = 10


def import_h5py() -> ModuleType:
    try:
        import h5py
    except ImportError:
        raise MissingDependencyError("converted datasets need h5py: pip install 'cn_zoo[training]'") from None
    return h5py
