"""Put a finished run into ``pretrained/``: its record, files, card, pictures, and golden input and output.

    python tools/release.py runs/msra --measured "real poses"=evaluation.json

``--measured`` adds the mean joint error of an evaluation (``cn-zoo evaluate --model … --data … --json``) to the record,
beside the model and inside its exported files.
"""

from __future__ import annotations

import json
import platform
import shutil
from dataclasses import replace
from pathlib import Path

import click
import keras
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cn_zoo.benchmarking.cost import count_macs
from cn_zoo.benchmarking.latency import measure_latency, synthetic_frames
from cn_zoo.benchmarking.machine_peak import measure_peak
from cn_zoo.drawing import contact_sheet, draw_overlay
from cn_zoo.exporting import export
from cn_zoo.geometry import CROP_SIZE, POSE_UNIT_MM, SKELETONS, Camera, HandCrop
from cn_zoo.inference.runtimes import Runtime, open_runtime
from cn_zoo.joint import CrossingNets
from cn_zoo.synthesis.crop_batch import draw_crop_batch
from cn_zoo.synthesis.frame import draw_crop
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import FileRecord, Preset, resolve
from cn_zoo.zoo.card import CASES
from cn_zoo.zoo.embedded import embed
from cn_zoo.zoo.save_preset import save_preset

_PRETRAINED = Path(__file__).parent.parent / "pretrained"
_CASE_FRAMES, _CASE_SEED, _CASE_WIDTH, _TITLE_HEIGHT = 300, 4, 240, 24


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--measured", multiple=True, metavar="TEST=JSON", help="An evaluation to add to the record.")
def main(run: Path, measured: tuple[str, ...]) -> None:
    """Copy what a model consists of, and nothing else of the run; add what a release has besides."""
    preset = Preset.load(run)
    folder = _PRETRAINED / preset.name
    folder.mkdir(exist_ok=True)
    for kind, file in preset.files.items():
        shutil.copyfile(resolve(run, kind), folder / file.path)
    errors = dict(preset.errors_mm)
    for text in measured:
        test, _, path = text.rpartition("=")
        errors[test] = json.loads(Path(path).read_text(encoding="utf-8"))["mean_error_mm"]
    preset = replace(preset, errors_mm=errors)
    names = {kind: file.path for kind, file in preset.files.items()}
    names |= {"onnx-int8": "estimator.int8.onnx", "cases": "cases.png"}
    export(run, "onnx", "int8", folder / names["onnx-int8"])
    # The run's own record, which exports carry, lacks what was measured since.
    for kind, precision in (("onnx", "fp32"), ("onnx-int8", "int8")):
        embed(preset, precision, folder / names[kind])
    runtime = open_runtime(folder / names["onnx"])
    _draw_cases(preset, runtime).quantize(256).save(folder / names["cases"], optimize=True)
    files = {kind: FileRecord.of(folder / name) for kind, name in names.items()}
    preset = _timed(replace(preset, files=files), folder)
    save_preset(preset, folder)
    write_golden(folder)
    click.echo(folder)


def write_golden(folder: Path) -> None:
    """Keep a test crop, and what a released model's files make of it: tests hold all its files to that.

    ``golden.npz`` holds the crop ``depth``, and as the ONNX file gives them ``pose``, ``sigma``, ``latent`` and
    ``hand``; and of the nets ``generated``, the depth map of ``latent``, and ``encoded``, the latent of ``pose``.
    """
    skeleton = Preset.load(folder).skeleton
    crop = draw_crop(PRESETS[skeleton], seed=2, index=0, split="test", jitter=False).depth
    outputs = open_runtime(resolve(folder, "onnx")).run(crop)
    nets = CrossingNets.from_pretrained(folder)
    generated = keras.ops.convert_to_numpy(nets.synthesize(outputs["latent"][None])["depth"])[0, ..., 0]
    encoded = keras.ops.convert_to_numpy(nets.encode_pose(outputs["pose"][None])["mean"])[0]
    # A quarter of the pixels in 16 bit tells one generator from another, and takes a few kilobytes.
    small = generated[::2, ::2].astype(np.float16)
    np.savez_compressed(folder / "golden.npz", depth=crop, **outputs, generated=small, encoded=encoded)


def _timed(preset: Preset, folder: Path) -> Preset:
    """The record with what this machine takes for its ONNX files, one thread."""
    frames = synthetic_frames(preset)
    fp32, int8 = (folder / preset.files[kind].path for kind in ("onnx", "onnx-int8"))
    latency = measure_latency(open_runtime(fp32), preset, frames)
    height, width = frames[0].depth_mm.shape
    protocol = (
        f"Medians on one thread of a CPU ({platform.machine()}) whose float32 convolutions reach "
        f"{measure_peak().convolution:.0f} GFLOP/s, ONNX Runtime, synthetic frames of {width} x {height} in memory. "
        f"The network has {count_macs(fp32) / 1e6:.0f} M multiply-adds."
    )
    latency_ms = {
        "network, float32": latency["network"].median,
        "network, 8 bit": measure_latency(open_runtime(int8), preset, frames)["network"].median,
        "frame to joints, centre given": latency["centered frame"].median,
        "frame to joints, hand found": latency["frame"].median,
    }
    return replace(preset, latency_ms=latency_ms, latency_protocol=protocol)


def _draw_cases(preset: Preset, runtime: Runtime) -> Image.Image:
    """Test crops at some quantiles of the error, found above true."""
    batch = draw_crop_batch(PRESETS[preset.skeleton], _CASE_SEED, 0, _CASE_FRAMES, "test", jitter=False)
    poses = batch.poses[preset.skeleton]
    outputs = [runtime.run(crop[..., 0]) for crop in batch.depth]
    errors = [
        np.linalg.norm(output["pose"] - pose, axis=-1).mean() for output, pose in zip(outputs, poses, strict=True)
    ]
    chosen = np.argsort(errors)[[round(quantile * (_CASE_FRAMES - 1)) for quantile in CASES]]
    found = [_draw_pose(preset, batch.depth[i], outputs[i]["pose"], outputs[i]["sigma"]) for i in chosen]
    titles = [f"{quantile:.0%}: {errors[i] * POSE_UNIT_MM:.1f} mm" for quantile, i in zip(CASES, chosen, strict=True)]
    true = [_draw_pose(preset, batch.depth[i], poses[i]) for i in chosen]
    return contact_sheet([*map(_titled, found, titles), *(_titled(picture, "truth") for picture in true)], len(CASES))


def _draw_pose(preset: Preset, crop: np.ndarray, pose: np.ndarray, sigma: np.ndarray | None = None) -> Image.Image:
    # A camera whose image is the crop.
    middle, distance = (CROP_SIZE - 1) / 2, 1000
    focal = distance * CROP_SIZE / preset.cube_mm
    cube = HandCrop(Camera(focal, focal, middle, middle), (middle, middle, distance), preset.cube_mm)
    depth = np.where(crop[..., 0] < 1, distance + crop[..., 0] * preset.cube_mm / 2, 0)
    sigma_mm = None if sigma is None else sigma * POSE_UNIT_MM
    picture = draw_overlay(depth, cube.crop_to_uvd(pose), SKELETONS[preset.skeleton], sigma_mm, crop=cube)
    # The strip below would be too small to read.
    crop = picture.crop((0, 0, picture.width, picture.width))
    return crop.resize((_CASE_WIDTH, _CASE_WIDTH), Image.Resampling.LANCZOS)


def _titled(picture: Image.Image, title: str) -> Image.Image:
    whole = Image.new("RGB", (picture.width, picture.height + _TITLE_HEIGHT))
    font = ImageFont.load_default(15)
    ImageDraw.Draw(whole).text((6, _TITLE_HEIGHT // 2), title, fill=(230, 230, 230), font=font, anchor="lm")
    whole.paste(picture, (0, _TITLE_HEIGHT))
    return whole


if __name__ == "__main__":
    main()
