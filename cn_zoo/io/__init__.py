"""Depth image files, read and written."""

from cn_zoo.io.depth_image import DEPTH_SUFFIXES, as_depth_mm, checked_depth, decode_depth, read_depth
from cn_zoo.io.depth_png import read_depth_png, write_depth_png
from cn_zoo.io.frame_stream import StreamFrame, read_frames
from cn_zoo.io.msra_bin import read_msra_bin, write_msra_bin
from cn_zoo.io.nyu_png import read_nyu_png, write_nyu_png
from cn_zoo.io.plausibility import check_depth
from cn_zoo.io.same_size import SameSize
from cn_zoo.io.sources import expand_sources

__all__ = [
    "DEPTH_SUFFIXES",
    "SameSize",
    "StreamFrame",
    "as_depth_mm",
    "check_depth",
    "checked_depth",
    "decode_depth",
    "expand_sources",
    "read_depth",
    "read_depth_png",
    "read_frames",
    "read_msra_bin",
    "read_nyu_png",
    "write_depth_png",
    "write_msra_bin",
    "write_nyu_png",
]
