"""Every kind of depth file, and every way in which one can be bad."""

from __future__ import annotations

import os
import pickle
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cn_zoo.errors import InputError, MissingDependencyError
from cn_zoo.io import (
    _numpy_file,
    as_depth_mm,
    checked_depth,
    read_depth,
    write_depth_png,
    write_msra_bin,
    write_nyu_png,
)


@pytest.fixture
def depth() -> np.ndarray:
    """A slanted wall with noise, a nearer block and holes, 60 x 80, uint16 mm."""
    rng = np.random.default_rng(3)
    frame = np.linspace(700, 1900, 80)[None, :] + np.linspace(0, 90, 60)[:, None] + rng.normal(0, 2, (60, 80))
    frame[20:40, 30:50] = 480 + rng.normal(0, 2, (20, 20))
    frame[:5] = 0
    return np.rint(frame).astype(np.uint16)


def complaint(path: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read_depth(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message


class _MakesFolder:
    """Unpickled it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def save_image(path: Path, array: np.ndarray, **options) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


class TestFormats:
    def check(self, path: Path, depth: np.ndarray) -> None:
        read = read_depth(path)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, depth)

    def test_png(self, tmp_path, depth):
        write_depth_png(tmp_path / "a.png", depth)
        self.check(tmp_path / "a.png", depth)

    def test_nyu_png(self, tmp_path, depth):
        write_nyu_png(tmp_path / "a.png", depth)
        self.check(tmp_path / "a.png", depth)

    def test_msra_bin(self, tmp_path, depth):
        write_msra_bin(tmp_path / "a.bin", depth)
        self.check(tmp_path / "a.bin", depth)

    @pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
    @pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
    def test_tiff(self, tmp_path, depth, dtype, compression):
        self.check(save_image(tmp_path / "a.tiff", depth.astype(dtype), compression=compression), depth)

    def test_big_endian_tiff(self, tmp_path, depth):
        height, width = depth.shape
        entries = [(256, 4, width), (257, 4, height), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
        entries += [(277, 3, 1), (278, 4, height), (279, 4, depth.nbytes)]
        fields = b"".join(
            struct.pack(">HHI", tag, kind, 1)
            + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
            for tag, kind, value in entries
        )
        head = b"MM" + struct.pack(">HI", 42, 8 + depth.nbytes)
        tail = struct.pack(">H", len(entries)) + fields + bytes(4)
        (tmp_path / "a.tif").write_bytes(head + depth.astype(">u2").tobytes() + tail)
        self.check(tmp_path / "a.tif", depth)

    @pytest.mark.parametrize("dtype", [np.uint16, ">u2", np.int32, np.int64, np.float16, np.float32, np.float64])
    def test_npy(self, tmp_path, depth, dtype):
        stored = depth.astype(dtype)
        np.save(tmp_path / "a.npy", stored)
        self.check(tmp_path / "a.npy", stored)

    def test_npy_with_a_channel_axis(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", depth[..., None])
        self.check(tmp_path / "a.npy", depth)

    def test_npz_with_one_array(self, tmp_path, depth):
        np.savez_compressed(tmp_path / "a.npz", frame=depth)
        self.check(tmp_path / "a.npz", depth)

    def test_npz_with_depth_among_others(self, tmp_path, depth):
        np.savez(tmp_path / "a.npz", colour=np.zeros((2, 2, 3)), depth=depth)
        self.check(tmp_path / "a.npz", depth)

    def test_openexr(self, tmp_path, depth):
        openexr = pytest.importorskip("OpenEXR")
        channels = {"R": np.zeros(depth.shape, np.float32), "camera.Z": depth.astype(np.float32)}
        openexr.File({"type": openexr.scanlineimage}, channels).write(str(tmp_path / "a.exr"))
        self.check(tmp_path / "a.exr", depth)

    def test_openexr_with_one_channel_of_any_name(self, tmp_path, depth):
        openexr = pytest.importorskip("OpenEXR")
        channels = {"distance": depth.astype(np.float32)}
        openexr.File({"type": openexr.scanlineimage}, channels).write(str(tmp_path / "a.exr"))
        self.check(tmp_path / "a.exr", depth)

    @pytest.mark.parametrize("corner", [(9_000, 9_000), (-20, -30)])
    def test_openexr_cut_out_of_a_larger_picture(self, tmp_path, depth, corner):
        """Its size is that of its own window, wherever that lies."""
        openexr = pytest.importorskip("OpenEXR")
        left, top = corner
        window = (np.array([left, top], np.int32), np.array([left + 79, top + 59], np.int32))
        header = {"type": openexr.scanlineimage, "dataWindow": window, "displayWindow": window}
        openexr.File(header, {"Z": depth.astype(np.float32)}).write(str(tmp_path / "a.exr"))
        self.check(tmp_path / "a.exr", depth)

    def test_openexr_missing_names_the_pip_line(self, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "OpenEXR", None)
        (tmp_path / "a.exr").write_bytes(b"v/1\x01")
        with pytest.raises(MissingDependencyError, match=r"pip install 'OpenEXR>=3\.4'"):
            read_depth(tmp_path / "a.exr")


class TestUnits:
    def test_scale(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", depth / 1000)
        np.testing.assert_allclose(read_depth(tmp_path / "a.npy", depth_scale=1000), depth, rtol=1e-6)

    @pytest.mark.parametrize(
        ("raw_per_mm", "dtype", "advice"),
        [
            (1 / 1000, np.float64, "metres: try --depth-scale 1000"),
            (1 / 10, np.float32, "centimetres: try --depth-scale 10"),
            (8, np.uint16, "RealSense SR3xx units: try --depth-scale 0.125"),
            (10, np.uint16, "0.1 for tenths"),
            (5, np.uint16, "0.2 for 1/5000 m"),
            (1000, np.float32, "micrometres: try --depth-scale 0.001"),
        ],
    )
    def test_the_likely_unit_is_named(self, tmp_path, depth, raw_per_mm, dtype, advice):
        hand_and_body = np.clip(depth, 0, 700).astype(np.float64)
        near = hand_and_body / 3 if raw_per_mm == 1 / 10 else hand_and_body + 150 * (hand_and_body > 0)
        np.save(tmp_path / "a.npy", (near * raw_per_mm).astype(dtype))
        assert advice in complaint(tmp_path / "a.npy")

    def test_advice_counts_from_the_file_not_from_the_wrong_scale(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", depth / 1000)
        assert "--depth-scale 1000" in complaint(tmp_path / "a.npy", depth_scale=0.125)
        write_depth_png(tmp_path / "a.png", depth)
        assert "millimetres: try --depth-scale 1" in complaint(tmp_path / "a.png", depth_scale=1000)

    def test_whole_metres_cannot_be_mended(self, tmp_path, depth):
        save_image(tmp_path / "a.png", (depth / 400).astype(np.uint16))
        message = complaint(tmp_path / "a.png")
        assert "lost when the file was saved" in message
        assert "--depth-scale" not in message

    def test_no_unit_fits(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", depth * 1e9)
        assert "no usual unit" in complaint(tmp_path / "a.npy")

    @pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
    def test_scale_must_be_positive(self, depth, scale):
        with pytest.raises(ValueError, match="positive"):
            as_depth_mm(depth, "frame", scale)


class TestPlausible:
    def test_a_hand_before_a_room(self):
        room = np.random.default_rng(0).uniform(4000, 9000, (480, 640))
        room[200:280, 300:380] = np.random.default_rng(1).uniform(550, 650, (80, 80))
        assert as_depth_mm(room, "frame").shape == (480, 640)

    def test_mostly_holes(self):
        frame = np.zeros((480, 640), np.uint16)
        frame[100:130, 203:243] = np.arange(600, 640)
        assert (as_depth_mm(frame, "frame") > 0).sum() == 1200

    def test_a_few_pixels_between_the_samples_count(self):
        frame = np.zeros((480, 640), np.uint16)
        frame[101, 101:104] = (500, 501, 502)
        assert (as_depth_mm(frame, "frame") > 0).sum() == 3

    def test_nan_infinite_and_negative_become_holes(self, depth):
        frame = depth.astype(np.float32)
        frame[10, :4] = (np.nan, np.inf, -np.inf, -7)
        read = as_depth_mm(frame, "frame")
        assert not read[10, :4].any()
        np.testing.assert_array_equal(read[11:], depth[11:])

    def test_the_callers_array_is_left_alone(self, depth):
        frame = depth.astype(np.float32)
        frame[10, 0] = -1
        as_depth_mm(frame, "frame", 0.5)
        assert frame[10, 0] == -1

    @pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
    def test_a_checked_image_is_not_copied(self, depth, dtype):
        frame = depth.astype(dtype)
        assert checked_depth(frame, "frame") is frame

    @pytest.mark.parametrize(
        ("frame", "problem"),
        [
            (np.zeros((40, 40), np.uint16), "every pixel is 0"),
            (np.full((40, 40), np.nan), "NaN or infinite"),
            (np.full((40, 40), -np.inf), "NaN or infinite"),
            (np.full((40, 40), -600.0), "negate"),
            (np.full((40, 40), 800, np.uint16), "mask"),
            (np.eye(40, dtype=np.uint16) * 65535, "mask"),
            (np.full((40, 40), 90, np.uint8), "8 bits"),
            (np.ones((40, 40), bool), "not numbers"),
            (np.ones((40, 40), complex), "not numbers"),
            (np.ones((40, 40, 3)), "shape"),
            (np.ones((0, 40)), "shape"),
        ],
    )
    @pytest.mark.parametrize("look", [as_depth_mm, checked_depth])
    def test_implausible_arrays(self, frame, problem, look):
        with pytest.raises(InputError, match=problem) as caught:
            look(frame, "frame 7")
        assert str(caught.value).startswith("frame 7: ")


class TestBadFiles:
    @pytest.mark.parametrize("suffix", [".png", ".tif", ".bin", ".npy", ".npz", ".exr"])
    def test_missing_empty_and_folder(self, tmp_path, suffix):
        assert "no such file" in complaint(tmp_path / f"missing{suffix}")
        (tmp_path / f"empty{suffix}").touch()
        assert "is empty" in complaint(tmp_path / f"empty{suffix}")
        (tmp_path / f"folder{suffix}").mkdir()
        assert "is a folder" in complaint(tmp_path / f"folder{suffix}")

    @pytest.mark.parametrize("suffix", [".png", ".tif", ".bin", ".npy", ".npz"])
    def test_text_under_another_name(self, tmp_path, suffix):
        path = tmp_path / f"note{suffix}"
        path.write_text("The quick brown fox jumps over the lazy dog.\n" * 20)
        complaint(path)

    def test_name_too_long(self, tmp_path):
        assert "cannot be read" in complaint(tmp_path / ("a" * 400 + ".png"))

    def test_unknown_suffix(self, tmp_path):
        (tmp_path / "a.raw").write_bytes(b"123")
        assert ".png" in complaint(tmp_path / "a.raw")
        assert "no such file" in complaint(tmp_path / "missing.raw")

    @pytest.mark.parametrize("suffix", [".png", ".nyu.png", ".tif", ".lzw.tif", ".bin", ".npy", ".npz"])
    def test_cut_off_and_flipped_bytes(self, tmp_path, depth, suffix):
        path = tmp_path / f"a{suffix}"
        writers = {
            ".png": lambda: write_depth_png(path, depth),
            ".nyu.png": lambda: write_nyu_png(path, depth),
            ".tif": lambda: save_image(path, depth),
            ".lzw.tif": lambda: save_image(path, depth, compression="tiff_lzw"),
            ".bin": lambda: write_msra_bin(path, depth),
            ".npy": lambda: np.save(path, depth),
            ".npz": lambda: np.savez_compressed(path, depth=depth),
        }
        writers[suffix]()
        whole = path.read_bytes()
        for share in (0.001, 0.01, 0.1, 0.5, 0.9):
            path.write_bytes(whole[: max(1, int(len(whole) * share))])
            complaint(path)
        rng = random.Random(5)
        for _ in range(60):
            damaged = bytearray(whole)
            for _ in range(rng.choice((1, 8))):
                damaged[rng.randrange(min(len(damaged), rng.choice((64, 10**6))))] = rng.randrange(256)
            path.write_bytes(damaged)
            try:
                assert read_depth(path).ndim == 2
            except InputError as error:
                assert "\n" not in str(error)

    @pytest.mark.parametrize("side", [9_000, 20_000, 60_000])
    def test_huge_png_header(self, tmp_path, side):
        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0))
        data = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + data)
        assert "than any depth camera" in complaint(tmp_path / "a.png")

    def test_huge_arrays(self, tmp_path):
        np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.uint16, (9_000, 9_000))  # a sparse file
        assert "larger than any depth camera" in complaint(tmp_path / "a.npy")
        header = np.array([20_000, 20_000, 0, 0, 20_000, 20_000], "<i4").tobytes()
        (tmp_path / "a.bin").write_bytes(header + bytes(100))
        assert "larger than any depth camera" in complaint(tmp_path / "a.bin")

    def test_damaged_npy_header_promises_too_much(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", depth)
        content = (tmp_path / "a.npy").read_bytes().replace(b"(60, 80), }          ", b"(20000, 20000), }    ")
        (tmp_path / "a.npy").write_bytes(content)
        complaint(tmp_path / "a.npy")

    def test_pickles_are_refused(self, tmp_path):
        np.save(tmp_path / "a.npy", np.array([{"depth": 1}]), allow_pickle=True)
        complaint(tmp_path / "a.npy")

    @pytest.mark.parametrize("form", ["pickle.npy", "array.npy", "array.npz"])
    def test_a_pickle_is_not_run(self, tmp_path, form):
        """It could do anything; this one makes a folder."""
        path = tmp_path / form
        trap = _MakesFolder(tmp_path / "made")
        if form == "pickle.npy":
            path.write_bytes(pickle.dumps(trap))
        elif form == "array.npy":
            np.save(path, np.array([[trap]]), allow_pickle=True)
        else:
            np.savez(path, depth=np.array([[trap]]))
        complaint(path)
        assert not (tmp_path / "made").exists()

    def test_npz_that_unpacks_to_too_much(self, tmp_path, depth, monkeypatch):
        """A few kilobytes may hold gigabytes: told before they are unpacked."""
        monkeypatch.setattr(_numpy_file, "MAX_PIXELS", depth.size)
        np.savez_compressed(tmp_path / "a.npz", depth=depth.astype(np.float64))
        np.testing.assert_array_equal(read_depth(tmp_path / "a.npz"), depth)
        np.savez_compressed(tmp_path / "a.npz", depth=np.tile(depth.astype(np.float64), (2, 1)))
        monkeypatch.setattr(np, "load", None)
        assert "larger than any depth camera" in complaint(tmp_path / "a.npz")

    def test_npz_without_a_depth_array(self, tmp_path, depth):
        np.savez(tmp_path / "a.npz", left=depth, right=depth)
        assert "left, right" in complaint(tmp_path / "a.npz")

    def test_sequence_in_one_file(self, tmp_path, depth):
        np.save(tmp_path / "a.npy", np.stack([depth, depth]))
        assert "one frame a file" in complaint(tmp_path / "a.npy")

    @pytest.mark.parametrize("mode", ["1", "L", "P", "LA"])
    def test_eight_bit_images(self, tmp_path, depth, mode):
        Image.fromarray((depth >> 3).astype(np.uint8)).convert(mode).save(tmp_path / "a.png")
        assert "8 bits" in complaint(tmp_path / "a.png")

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    def test_colour_pictures(self, tmp_path, mode):
        rng = np.random.default_rng(0)
        base = np.linspace(0, 200, 80)[None, :, None] * (0.5, 0.8, 0.2) + rng.normal(20, 4, (60, 80, 3))
        Image.fromarray(base.clip(0, 255).astype(np.uint8)).convert(mode).save(tmp_path / "a.png")
        assert "colour picture" in complaint(tmp_path / "a.png")

    @pytest.mark.parametrize("channels", [(0, 1, 1), (0, 1, 0)])
    def test_a_picture_without_red_is_no_packed_depth(self, tmp_path, channels):
        rng = np.random.default_rng(0)
        picture = (np.linspace(2, 11, 80)[None, :] + rng.normal(0, 0.6, (60, 80))).clip(0, 255)[..., None] * channels
        save_image(tmp_path / "a.png", picture.astype(np.uint8))
        assert "colour picture" in complaint(tmp_path / "a.png")

    def test_packed_depth_with_anything_in_red_is_a_picture(self, tmp_path, depth):
        write_nyu_png(tmp_path / "a.png", depth)
        packed = np.array(Image.open(tmp_path / "a.png"))
        packed[0, 0, 0] = 1
        save_image(tmp_path / "b.png", packed)
        assert "colour picture" in complaint(tmp_path / "b.png")

    def test_packed_depth_may_have_an_alpha_channel(self, tmp_path, depth):
        write_nyu_png(tmp_path / "a.png", depth)
        packed = Image.open(tmp_path / "a.png").convert("RGBA")
        packed.save(tmp_path / "b.png")
        np.testing.assert_array_equal(read_depth(tmp_path / "b.png"), read_depth(tmp_path / "a.png"))

    @pytest.mark.parametrize(("kind", "channels"), [(4, 2), (2, 3), (6, 4)])
    def test_several_channels_of_16_bits(self, tmp_path, kind, channels):
        (tmp_path / "a.png").write_bytes(_png_of_16_bits(kind, channels))
        assert "several channels of 16 bits" in complaint(tmp_path / "a.png")

    @pytest.mark.parametrize("start", [b"II*\0", b"MM\0*"])
    def test_a_tiff_that_cannot_be_read_is_called_one(self, tmp_path, start):
        (tmp_path / "a.tif").write_bytes(start + bytes(40))
        assert "is a TIFF image of a kind that cannot be read" in complaint(tmp_path / "a.tif")

    def test_jpeg_under_another_name(self, tmp_path, depth):
        save_image(tmp_path / "a.png", (depth >> 3).astype(np.uint8), format="JPEG")
        assert "8 bits" in complaint(tmp_path / "a.png")


def test_pipes_and_photos_are_known_for_what_they_are(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "cn-zoo predict -" in complaint(tmp_path / "pipe.png")
    Image.new("L", (80, 60)).save(tmp_path / "photo.jpg")
    assert "holds no depth" in complaint(tmp_path / "photo.jpg")


def _png_of_16_bits(kind, channels):
    """A PNG of 8 x 8 pixels of a colour type that Pillow cannot write."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = (b"\0" + bytes(range(8 * channels * 2))) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 16, kind, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
