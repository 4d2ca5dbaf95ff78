"""Depth image files, read and written."""

from cn_zoo.io.depth_png import read_depth_png, write_depth_png
from cn_zoo.io.msra_bin import read_msra_bin, write_msra_bin
from cn_zoo.io.nyu_png import read_nyu_png, write_nyu_png

__all__ = ["read_depth_png", "read_msra_bin", "read_nyu_png", "write_depth_png", "write_msra_bin", "write_nyu_png"]
