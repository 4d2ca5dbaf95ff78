"""``cn-zoo predict``: 3D hand joints in depth images."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TextIO

import click
import numpy as np

from cn_zoo.cli._check_target import check_target
from cn_zoo.cli._frame_progress import FrameProgress
from cn_zoo.cli._options import CAMERA, CENTER, RATE, SCALE, TARGET
from cn_zoo.cli._picture_paths import picture_folder, picture_paths
from cn_zoo.cli._prediction import Job, Result, Source, StreamWorker, TrackingWorker, Worker
from cn_zoo.cli._records import FORMATS, Record, format_records
from cn_zoo.cli._refuse_overwriting import refuse_overwriting
from cn_zoo.cli._worker_processes import WORTH_WORKERS, in_parallel
from cn_zoo.errors import InputError
from cn_zoo.geometry import Camera
from cn_zoo.inference import HANDS, RUNTIMES
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.depth_image import read_depth
from cn_zoo.io.frame_stream import read_frames
from cn_zoo.io.sources import expand_sources

#: The source that stands for frames on stdin, and the output that stands for stdout.
_PIPE = "-"


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--camera", type=CAMERA, help="nyu, icvl, msra, or fx,fy,cx,cy. [default: the model's own]")
@click.option("--depth-scale", type=SCALE, default=1.0, show_default=True, help="Millimetres per unit of the image.")
@click.option(
    "--center", type=CENTER, default="auto", show_default=True, help="auto, or u,v,d of the hand (px, px, mm)."
)
@click.option("--hand", type=click.Choice(HANDS), default="right", show_default=True, help="auto: the likelier side.")
@click.option(
    "--runtime",
    type=click.Choice(["auto", *RUNTIMES]),
    default="auto",
    show_default=True,
    help="auto: the first of the others that the model has a file for.",
)
@click.option("--track", is_flag=True, help="The sources are one sequence: follow and smooth the hand.")
@click.option("--rate", type=RATE, default=30.0, show_default=True, help="Frames a second, for --track.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="[default: json for one source, jsonl for several]")
@click.option("--output", type=TARGET, help="File for the records.")
@click.option("--overlay", type=TARGET, help="Picture file (one source) or folder (several, or if it ends in /).")
@click.option("--save-crop", type=TARGET, help="What the network saw; file or folder.")
@click.option("--quiet", is_flag=True, help="No progress bar and no messages.")
def predict(
    sources: tuple[str, ...],
    model: str,
    camera: Camera | None,
    depth_scale: float,
    center: tuple[float, float, float] | None,
    hand: str,
    runtime: str,
    track: bool,
    rate: float,
    form: str | None,
    output: str | None,
    overlay: str | None,
    save_crop: str | None,
    quiet: bool,
) -> None:
    """Estimate 3D hand joints in depth images.

    SOURCE is an image file, a folder, a glob pattern, or - for frames on stdin: PNG files one after another, or each
    image preceded by its length (4 bytes, big-endian). Joints come in camera coordinates in millimetres (x right, y
    down, z forward) and as pixels and depth (u, v, d).
    """
    if output == _PIPE:
        output = None
    if output:
        check_target(output)
    piped = _PIPE in sources
    if piped:
        _require_pipe(sources)
    refuse_overwriting([], {"--output": [output], "--overlay": [overlay], "--save-crop": [save_crop]})
    found = [] if piped else _look_up(sources)
    work = _piped_sources(overlay, save_crop) if piped else _file_sources(found, overlay, save_crop, output)
    one = len(found) == 1
    job = Job(model, runtime, camera, depth_scale, center, hand)
    # Made here, so that a model's faults are told once, before anything starts.
    worker = TrackingWorker(job, rate) if track else StreamWorker(job) if piped else Worker(job)
    codes: list[int] = []
    stops: list[BaseException] = []
    in_order = piped or track or len(found) < WORTH_WORKERS
    results = (worker(source) for source in work) if in_order else in_parallel(job, work)
    records = _until_stopped(_collect(results, codes, len(found), quiet), stops)
    if one:
        records = _or_exit(records, codes)
    _write(format_records(records, form or ("json" if one else "jsonl"), worker.joints), output, stops)
    if stops:
        raise stops[0]
    sys.exit(max(codes))


def _require_pipe(sources: tuple[str, ...]) -> None:
    # There is no stdin at all where it was closed.
    if len(sources) > 1 or sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(
            "- means frames from a pipe, and is the only source then: camera-program | cn-zoo predict -"
        )


def _look_up(sources: tuple[str, ...]) -> list[Path | Source]:
    """The files of each source. One of several that has none stands for itself: its error stops no other."""
    if len(sources) == 1:
        return expand_sources(sources)
    return [path for source in sources for path in _files_or_fault(source)]


def _files_or_fault(source: str) -> list[Path] | list[Source]:
    try:
        return expand_sources([source])
    except InputError as error:
        return [Source(source and str(Path(source)), partial(_fail, error), None, None)]


def _fail(error: InputError, depth_scale: float) -> np.ndarray:
    """Stands in for the reading of a source that has no files."""
    raise error


def _file_sources(
    found: list[Path | Source], overlay: str | None, crop: str | None, output: str | None
) -> list[Source]:
    files = [path for path in found if isinstance(path, Path)]
    one = len(found) == 1
    overlays = picture_paths(overlay, files, one, "--overlay")
    crops = picture_paths(crop, files, one, "--save-crop")
    refuse_overwriting(files, {"--output": [output], "--overlay": overlays.values(), "--save-crop": crops.values()})
    return [
        Source(str(path), partial(read_depth, path), overlays.get(path), crops.get(path))
        if isinstance(path, Path)
        else path
        for path in found
    ]


def _piped_sources(overlay: str | None, crop: str | None) -> Iterator[Source]:
    """Frames on stdin as they come; their pictures are numbered.

    Raises:
        InputError: nothing came.
    """
    targets = (("--overlay", overlay), ("--save-crop", crop))
    folders = [target and picture_folder(target, option) for option, target in targets]
    index = -1
    for index, frame in enumerate(read_frames(sys.stdin.buffer)):
        name = f"{_PIPE}:{index}"
        pictures = [folder and folder / f"{index:06d}.png" for folder in folders]
        yield Source(name, partial(frame.depth_mm, name), *pictures)
    if index < 0:
        raise InputError("-: no frame came; pipe 16-bit PNGs in mm, one after another")


def _until_stopped(records: Iterable[Record], stops: list[BaseException]) -> Iterator[Record]:
    """Hand records on. What stops them is noted, so that those made so far are written first; with none it is raised.

    Without a record there is nothing to write, and an earlier output stays.
    """
    made = False
    try:
        for record in records:
            yield record
            made = True
    except (Exception, KeyboardInterrupt) as stop:
        if not made:
            raise
        stops.append(stop)


def _collect(results: Generator[Result, None, None], codes: list[int], total: int, quiet: bool) -> Iterator[Record]:
    """Note exit codes, tell errors and remarks, show progress if the total is known; hand the records on."""
    told: set[str] = set()
    with closing(results), nullcontext() if quiet or total < 2 else FrameProgress(total) as advance:
        for result in results:
            codes.append(result.code)
            if result.code and total != 1 and not quiet:
                click.echo(f"cn-zoo: {result.record['error']}", err=True)
            for remark in result.remarks:
                if remark not in told and not quiet:
                    click.echo(f"cn-zoo: {result.record['source']}: {remark}", err=True)
                told.add(remark)
            if advance:
                advance()
            yield result.record


def _or_exit(records: Iterable[Record], codes: list[int]) -> list[Record]:
    """The record of the only source; its error ends the command with one line."""
    found = list(records)
    if codes[0]:
        click.echo(f"cn-zoo: {found[0]['error']}", err=True)
        sys.exit(codes[0])
    return found


def _write(lines: Iterator[str], output: str | None, stops: list[BaseException]) -> None:
    """Write all lines; those made before a stop in place of no earlier output, but beside it."""
    if output is None:
        for line in lines:
            click.echo(line)
        return
    with atomic_path(output) as temporary:
        with temporary.open("w", encoding="utf-8", errors="surrogateescape") as file:
            _write_until_stopped(lines, file, stops)
        if stops and Path(output).is_file():
            partial_output = Path(output).with_suffix(f".partial{Path(output).suffix}")
            with atomic_path(partial_output) as other:
                shutil.copyfile(temporary, other)
            click.echo(f"cn-zoo: stopped; {output} stays as it was, and what is done is in {partial_output}", err=True)
            raise stops[0]
    if stops:
        click.echo(f"cn-zoo: stopped; what is done is in {output}", err=True)


def _write_until_stopped(lines: Iterator[str], file: TextIO, stops: list[BaseException]) -> None:
    """Note Ctrl-C between two records as one within a record is noted."""
    is_begun = False
    try:
        for line in lines:
            file.write(f"{line}\n")
            is_begun = True
    except KeyboardInterrupt as stop:
        if not is_begun:
            raise
        stops.append(stop)
