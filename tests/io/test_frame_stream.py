"""Frames out of a pipe, whole or not."""

from __future__ import annotations

import io
import random
import struct
import threading
from functools import cache
from os import fdopen, pipe

import numpy as np
import pytest
from PIL import Image

from cn_zoo.errors import InputError
from cn_zoo.io import StreamFrame, read_frames
from cn_zoo.io.frame_stream import _LONGEST, _MOST_SKIPPED


def depth(number: int) -> np.ndarray:
    rows, columns = np.mgrid[:40, :60]
    return (600 + 10 * number + columns + rows % 3).astype(np.uint16)


@cache
def encoded(number: int, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(depth(number)).save(file, form)
    return file.getvalue()


def one_after_another(parts: list[bytes]) -> bytes:
    return b"".join(parts)


def with_lengths(parts: list[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


KINDS = pytest.mark.parametrize("join", [one_after_another, with_lengths])


def frames(stream: bytes) -> list[StreamFrame]:
    return list(read_frames(io.BufferedReader(io.BytesIO(stream))))


def numbers(found: list[StreamFrame]) -> list[int | None]:
    """Which of the frames came through; None for a piece with a fault, which must be one line that says where."""
    out = []
    for frame in found:
        try:
            out.append(int((frame.depth_mm("-:0")[0, 0] - 600) / 10))
        except InputError as error:  # noqa: PERF203
            assert str(error).startswith("-:0: ")
            assert "\n" not in str(error)
            assert f"byte {frame.start:,}" in str(error) or not frame.fault
            out.append(None)
    return out


@KINDS
def test_all_frames_come_whole(join):
    found = frames(join([encoded(number) for number in range(5)]))
    assert numbers(found) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found[3].depth_mm("x"), depth(3))
    assert found[0].start == 0
    parts = [encoded(number) for number in range(5)]
    assert [frame.start for frame in found[1:]] == [len(join(parts[:number])) for number in range(1, 5)]


def test_tiff_behind_lengths():
    assert numbers(frames(with_lengths([encoded(1, "TIFF"), encoded(2)]))) == [1, 2]


def test_depth_scale():
    (frame,) = frames(encoded(0))
    np.testing.assert_allclose(frame.depth_mm("x", 0.5), depth(0) / 2)


def test_an_empty_stream_has_no_frames():
    assert frames(b"") == []


@KINDS
def test_a_frame_comes_before_the_next_one_is_sent(join):
    """A live camera must not wait a frame long."""
    source, sink = pipe()
    with fdopen(source, "rb") as reader, fdopen(sink, "wb") as writer:
        found = read_frames(reader)
        for number in range(3):
            writer.write(join([encoded(number)]))
            writer.flush()
            # Would it wait for more, the test would hang: that is told by the timer, which closes the stream.
            timer = threading.Timer(20, writer.close)
            timer.start()
            assert numbers([next(found)]) == [number]
            timer.cancel()
            timer.join()
            assert not writer.closed


@KINDS
@pytest.mark.parametrize("missing", [1, 11, 30, 100])
def test_a_cut_last_frame(join, missing):
    found = frames(join([encoded(0), encoded(1)])[:-missing])
    assert numbers(found) == [0, None]
    assert "ends inside this frame" in found[1].fault


def test_a_dropped_frame():
    found = frames(with_lengths([encoded(0), b"", encoded(2), b""]))
    assert numbers(found) == [0, None, 2, None]
    assert "dropped" in found[1].fault


@KINDS
@pytest.mark.parametrize("garbage", [b"\n", b"frame 2\r\n", bytes(range(256)) * 40, b"\x89PNG\r\n"])
def test_garbage_between_frames(join, garbage):
    found = frames(join([encoded(0)]) + garbage + join([encoded(1), encoded(2)]))
    assert [number for number in numbers(found) if number is not None] == [0, 1, 2]
    # Garbage that reads as a length costs a piece of its own at most.
    assert 1 <= sum(bool(frame.fault) for frame in found) <= 2
    assert found[1].start == len(join([encoded(0)]))


@KINDS
def test_a_frame_that_is_no_image(join):
    found = frames(join([encoded(0), b"no picture at all", encoded(2)]))
    assert numbers(found) == [0, None, 2]


@KINDS
def test_a_frame_that_was_cut_while_written(join):
    cut = encoded(1)[:-40]
    stream = (
        one_after_another
        if join is one_after_another
        else lambda parts: (
            with_lengths(parts[:1]) + struct.pack(">I", len(encoded(1))) + parts[1] + with_lengths(parts[2:])
        )
    )
    assert numbers(frames(stream([encoded(0), cut, encoded(2), encoded(3)]))) == [0, None, 2, 3]


def test_a_chunk_that_promises_much_hides_no_frame():
    """A flipped bit makes a chunk of 64 MB; the next frame begins within it."""
    broken = bytearray(encoded(1))
    at = broken.index(b"IDAT") - 4
    broken[at] = 4
    assert numbers(frames(one_after_another([encoded(0), bytes(broken), encoded(2)]))) == [0, None, 2]
    broken[at] = 255
    assert numbers(frames(one_after_another([encoded(0), bytes(broken), encoded(2)]))) == [0, None, 2]


def test_endless_garbage_is_told_of_before_it_ends():
    found = frames(b"\xff\xd8" * _MOST_SKIPPED + encoded(0))
    assert numbers(found)[-1] == 0
    assert len(found) == 3


class _Endless:
    """A stream that goes on with zeros for ever, of which no more may be taken than is skipped at a time."""

    def __init__(self, start: bytes) -> None:
        self._start, self._taken = start, 0

    def read1(self, most: int) -> bytes:
        block, self._start = self._start[:most] or bytes(most), self._start[most:]
        self._taken += len(block)
        assert self._taken < 2 * _MOST_SKIPPED
        return block


@pytest.mark.parametrize(
    "start",
    [
        with_lengths([encoded(0)]) + struct.pack(">I", _LONGEST + 1),
        encoded(0) + encoded(1)[:8] + struct.pack(">I", _LONGEST + 1) + b"IDAT",
    ],
    ids=["length", "chunk"],
)
def test_no_greater_length_is_waited_for(start):
    """It would take all memory."""
    found = read_frames(_Endless(start))
    assert numbers([next(found), next(found)]) == [0, None]


@KINDS
def test_any_damage_is_survived(join):
    """Whatever is changed, removed or put in, every piece is a frame or a complaint, and untouched frames come."""
    rng = random.Random(0)
    for _ in range(80):
        stream = bytearray(join([encoded(number) for number in range(4)]))
        at = rng.randrange(len(join([encoded(0)])), len(join([encoded(0), encoded(1)])))
        match rng.randrange(3):
            case 0:
                stream[at] ^= 1 << rng.randrange(8)
            case 1:
                del stream[at : at + rng.randrange(1, 50)]
            case 2:
                stream[at:at] = rng.randbytes(rng.randrange(1, 50))
        found = [number for number in numbers(frames(bytes(stream))) if number is not None]
        assert found[0] == 0
        assert found[-1] == 3
