"""``cn-zoo predict``: 3D hand joints in depth images."""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np

from cn_zoo.cli._options import CAMERA, CENTER
from cn_zoo.cli._records import FORMATS, Record, error_record, format_records, pose_record
from cn_zoo.cli.main import exit_code
from cn_zoo.errors import CnZooError
from cn_zoo.geometry import Camera
from cn_zoo.inference import HANDS, HandPose, HandPoseEstimator
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.depth_image import read_depth
from cn_zoo.io.sources import expand_sources

_CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class _Job:
    """What is to be done with every source. Plain values: it travels to worker processes."""

    model: str
    runtime: str
    camera: Camera | None
    depth_scale: float
    center: tuple[float, float, float] | None
    hand: str


@dataclass(frozen=True)
class _Source:
    """One source, and where its pictures go."""

    path: Path
    overlay: Path | None
    crop: Path | None


class _Worker:
    """Does a job, source by source."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._estimator = HandPoseEstimator.from_pretrained(job.model, job.runtime)

    def __call__(self, source: _Source) -> tuple[Record, int]:
        """The record of one source, and its exit code."""
        job, name = self._job, str(source.path)
        try:
            depth = read_depth(source.path, job.depth_scale)
            pose = self._estimator.predict(depth, job.camera, job.center, job.hand)
            _draw(source, depth, pose)
        except CnZooError as error:
            # Errors of the picture itself do not know the file's name.
            message = str(error) if name in str(error) else f"{name}: {error}"
            return error_record(name, job.model, message), exit_code(error)
        return pose_record(name, job.model, pose), 0


def _draw(source: _Source, depth: np.ndarray, pose: HandPose) -> None:
    if source.overlay:
        from cn_zoo.drawing import draw_overlay

        image = draw_overlay(depth, pose.uvd, pose.skeleton, pose.sigma, pose.confidence, pose.crop.window())
        _save(image, source.overlay)
    if source.crop:
        from cn_zoo.drawing import draw_crop

        _save(draw_crop(pose.crop.cut(depth)), source.crop)


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--camera", type=CAMERA, help="nyu, icvl, msra, or fx,fy,cx,cy. [default: the model's own]")
@click.option("--depth-scale", type=click.FloatRange(0, min_open=True), default=1.0, help="Millimetres per unit.")
@click.option("--center", type=CENTER, default="auto", help="auto, or u,v,d of the hand (px, px, mm).")
@click.option("--hand", type=click.Choice(HANDS), default="right", show_default=True)
@click.option("--runtime", type=click.Choice(["auto", "onnx", "tflite", "keras"]), default="auto", show_default=True)
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: json for one source, jsonl for several]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File for the records.")
@click.option("--overlay", type=click.Path(path_type=Path), help="Picture file (one source) or folder (several).")
@click.option("--save-crop", type=click.Path(path_type=Path), help="What the network saw; file or folder.")
@click.option("--quiet", is_flag=True, help="No progress bar and no messages.")
def predict(
    sources: tuple[str, ...],
    model: str,
    camera: Camera | None,
    depth_scale: float,
    center: tuple[float, float, float] | None,
    hand: str,
    runtime: str,
    form: str | None,
    output: Path | None,
    overlay: Path | None,
    save_crop: Path | None,
    quiet: bool,
) -> None:
    """Estimate 3D hand joints in depth images.

    SOURCE is an image file, a folder, or a glob pattern. Joints come in camera coordinates in millimetres
    (x right, y down, z forward) and as pixels and depth (u, v, d).
    """
    files = expand_sources(sources)
    several = len(files) > 1
    job = _Job(model, runtime, camera, depth_scale, center, hand)
    # Made here, so that a model's faults are told once, before anything starts.
    worker = _Worker(job)
    overlays = _picture_paths(overlay, files, "--overlay")
    crops = _picture_paths(save_crop, files, "--save-crop")
    work = [_Source(path, overlays.get(path), crops.get(path)) for path in files]
    codes: list[int] = []
    results = _in_parallel(job, work) if several else map(worker, work)
    records = _collect(results, codes, len(files), quiet)
    if not several:
        records = _or_exit(records, codes)
    _write(format_records(records, form or ("jsonl" if several else "json")), output)
    sys.exit(max(codes))


def _in_parallel(job: _Job, work: list[_Source]) -> Iterator[tuple[Record, int]]:
    """Do a job on all cores, results in the sources' order, few at a time: memory stays constant.

    Processes, because reading and localising mostly hold Python's lock. Spawned: a fork would copy running threads.
    """
    waiting: deque[Future] = deque()
    context = get_context("spawn")
    with ProcessPoolExecutor(min(_CORES, len(work)), context, _start_worker, (job,)) as pool:
        for source in work:
            waiting.append(pool.submit(_run_worker, source))
            if len(waiting) > 4 * _CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _start_worker(job: _Job) -> None:
    """In a worker process: load the model once."""
    global _worker
    _worker = _Worker(job)


def _run_worker(source: _Source) -> tuple[Record, int]:
    """In a worker process: do one source."""
    return _worker(source)


def _collect(results: Iterable[tuple[Record, int]], codes: list[int], total: int, quiet: bool) -> Iterator[Record]:
    """Note exit codes, tell errors, show progress; hand the records on."""
    with nullcontext() if quiet or total == 1 else _progress(total) as advance:
        for record, code in results:
            codes.append(code)
            if code and total > 1 and not quiet:
                click.echo(f"cn-zoo: {record['error']}", err=True)
            if advance:
                advance()
            yield record


def _or_exit(records: Iterable[Record], codes: list[int]) -> list[Record]:
    """The record of the only source; its error ends the command with one line."""
    found = list(records)
    if codes[0]:
        click.echo(f"cn-zoo: {found[0]['error']}", err=True)
        sys.exit(codes[0])
    return found


class _progress:
    """A bar on stderr, as a context that gives the function to advance it."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("frames"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task("frames", total=total, rate="")

    def __enter__(self) -> Callable[[], None]:
        self._bar.start()
        return self._advance

    def __exit__(self, *reason: object) -> None:
        self._bar.stop()

    def _advance(self) -> None:
        speed = self._bar.tasks[0].speed
        self._bar.update(self._task, advance=1, rate=f"{speed:.0f}/s" if speed else "")


def _picture_paths(target: Path | None, files: list[Path], option: str) -> dict[Path, Path]:
    """Where each source's picture goes: the file itself for one source, a folder for several."""
    if target is None:
        return {}
    if len(files) == 1 and not target.is_dir():
        return {files[0]: target if target.suffix else target.with_suffix(".png")}
    if target.is_file():
        raise click.UsageError(f"{option} must be a folder when there are several sources; {target} is a file")
    return {source: target / name for source, name in _picture_names(files).items()}


def _picture_names(files: list[Path]) -> dict[Path, str]:
    """A picture's name is its source's; sources of the same name in several folders are numbered."""
    names: dict[Path, str] = {}
    taken: Counter[str] = Counter()
    for source in dict.fromkeys(files):
        taken[source.stem] += 1
        number = taken[source.stem]
        names[source] = f"{source.stem}.png" if number == 1 else f"{source.stem}_{number}.png"
    return names


def _save(image: object, path: Path) -> None:
    with atomic_path(path) as temporary:
        image.save(temporary)


def _write(lines: Iterator[str], output: Path | None) -> None:
    if output is None:
        for line in lines:
            click.echo(line)
        return
    with atomic_path(output) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
