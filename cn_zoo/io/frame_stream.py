"""Depth frames through a pipe: PNG files one after another, or each image behind its length.

A frame is handed on as soon as its last byte is there. After bytes that are no frame the stream goes on with the next
PNG, which its first eight bytes tell from anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from cn_zoo.errors import InputError
from cn_zoo.io.depth_image import decode_depth

_PNG = b"\x89PNG\r\n\x1a\n"
#: A PNG chunk is its length, its name, the data and a checksum.
_CHUNK_HEAD, _CHUNK_FRAME = 8, 12
_PREFIX = 4
#: No frame and no chunk is longer: a greater number is no length. It also tells the two kinds of stream apart, since
#: ``\x89PNG`` read as a length is 2 GB.
_LONGEST = 1 << 27
#: So many bytes without a PNG are told of before more are passed over.
_MOST_SKIPPED = 1 << 20


@dataclass(frozen=True)
class StreamFrame:
    """One piece of a stream: an encoded image, or what stands in the place of one.

    Attributes:
        start: bytes of the stream that lie before it.
        content: the image file's bytes; empty where there is no image.
        fault: what is wrong, and what to try; empty for an image.
    """

    start: int
    content: bytes = b""
    fault: str = ""

    def depth_mm(self, name: str, depth_scale: float = 1.0) -> np.ndarray:
        """The depth image ``(H, W)`` in mm, as `read_depth` gives it.

        Args:
            name: what to call the frame in a complaint.
            depth_scale: mm per unit of the image.

        Raises:
            InputError: there is no image, it is damaged, or implausible.
        """
        if self.fault:
            raise InputError(f"{name}: {self.fault} (byte {self.start:,} of the stream)")
        return decode_depth(self.content, name, depth_scale)


def read_frames(stream: BinaryIO) -> Iterator[StreamFrame]:
    """Cut a stream into frames, as they arrive.

    The first bytes tell its kind: PNG files one after another, or every image (PNG or TIFF) behind its length in
    bytes as a big-endian unsigned number of four bytes, 0 for a frame that was dropped.

    Args:
        stream: a buffered binary stream, such as ``sys.stdin.buffer``.
    """
    pipe = _Pipe(stream)
    pipe.wait(_PREFIX)
    cut = _cut_prefixed if pipe.number(0) <= _LONGEST else _cut_png
    while pipe.wait(1):
        yield cut(pipe)


def _cut_png(pipe: _Pipe) -> StreamFrame:
    start = pipe.position
    pipe.wait(len(_PNG))
    if not pipe.shows(_PNG, 0):
        count = pipe.skip_to_png()
        return StreamFrame(
            start, fault=f"{count:,} bytes that belong to no PNG; write frames one after another, nothing between them"
        )
    before = end = len(_PNG)
    while pipe.wait(end + _CHUNK_HEAD, within=before) and pipe.number(end) <= _LONGEST:
        name = pipe.peek(end + 4, end + 8)
        before, end = end, end + pipe.number(end) + _CHUNK_FRAME
        if name == b"IEND" and pipe.wait(end, within=before):
            return StreamFrame(start, pipe.take(end))
    return _broken(pipe, start, pipe.skip_to_png())


def _cut_prefixed(pipe: _Pipe) -> StreamFrame:
    start = pipe.position
    whole = pipe.wait(_PREFIX)
    length = pipe.number(0)
    if whole and length == 0:
        pipe.take(_PREFIX)
        return StreamFrame(start, fault="a frame of length 0: the camera's program dropped it")
    # The frame's own first bytes do not count as the next PNG.
    if whole and length <= _LONGEST and pipe.wait(_PREFIX + length, within=_PREFIX + 1):
        return StreamFrame(start, pipe.take(_PREFIX + length)[_PREFIX:])
    count = pipe.skip_to_png(lead=_PREFIX)
    if whole and length > _LONGEST:
        return StreamFrame(
            start, fault=f"{count:,} bytes that are no frame; put each image's length before it, 4 bytes, big-endian"
        )
    return _broken(pipe, start, count)


def _broken(pipe: _Pipe, start: int, count: int) -> StreamFrame:
    if pipe.ended:
        return StreamFrame(start, fault=f"the stream ends inside this frame, after {count:,} bytes; send it again")
    return StreamFrame(start, fault=f"a damaged frame of {count:,} bytes; check that all of it is written")


class _Pipe:
    """What has come of a stream and is not taken yet."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._held = bytearray()
        self.position = 0
        self._closed = False

    @property
    def ended(self) -> bool:
        """Whether the stream is closed and nothing is left of it."""
        return self._closed and not self._held

    def wait(self, count: int, within: int = 1) -> bool:
        """Wait for ``count`` bytes; False if the stream ends before, or a PNG begins among them from ``within`` on."""
        searched = within
        while True:
            if self._held.find(_PNG, searched, count + len(_PNG) - 1) >= 0:
                return False
            if len(self._held) >= count:
                return True
            searched = max(within, len(self._held) - len(_PNG) + 1)
            if not self._fill():
                return False

    def shows(self, content: bytes, at: int) -> bool:
        return self._held.startswith(content, at)

    def number(self, at: int) -> int:
        """The big-endian number of four bytes at a place."""
        return int.from_bytes(self._held[at : at + 4], "big")

    def peek(self, start: int, end: int) -> bytes:
        return bytes(self._held[start:end])

    def take(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        self.position += len(taken)
        return taken

    def skip_to_png(self, lead: int = 0) -> int:
        """Drop bytes up to the next PNG and its ``lead``, at least one and not all too many; how many."""
        searched = lead + 1
        while True:
            found = self._held.find(_PNG, searched)
            if found >= 0:
                return len(self.take(found - lead))
            searched = max(searched, len(self._held) - len(_PNG) + 1)
            if len(self._held) > _MOST_SKIPPED or not self._fill():
                # What may be the beginning of the next PNG stays, unless nothing follows.
                kept = 0 if self._closed else lead + len(_PNG) - 1
                return len(self.take(len(self._held) - kept))

    def _fill(self) -> bool:
        """Take over what the stream has, waiting for something; False at its end."""
        more = self._stream.read1(1 << 16)
        self._held += more
        self._closed = self._closed or not more
        return bool(more)
