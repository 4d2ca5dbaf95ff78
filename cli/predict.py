"""``cn-zoo predict``: 3D hand joints in depth images."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np

from cn_zoo.cli._options import CAMERA, CENTER
from cn_zoo.cli._records import FORMATS, Record, error_record, format_records, pose_record
from cn_zoo.cli.main import exit_code
from cn_zoo.errors import CnZooError, InputError
from cn_zoo.geometry import Camera
from cn_zoo.inference import HANDS, RUNTIMES, HandPose, HandPoseEstimator, HandTracker
from cn_zoo.io.atomic import atomic_path
from cn_zoo.io.depth_image import read_depth
from cn_zoo.io.frame_stream import read_frames
from cn_zoo.io.same_size import SameSize
from cn_zoo.io.sources import expand_sources

_CORES = os.cpu_count() or 1
#: Below so many files the workers would take longer to start than to work.
_WORTH_WORKERS = 64
#: The source that stands for frames on stdin.
_PIPE = "-"


class _NumberRange(click.FloatRange):
    """A range that holds no NaN: to click it lies in every range."""

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> float:
        number = super().convert(value, param, context)
        if math.isnan(number):
            self.fail(f"{value} is no number", param, context)
        return number


#: From nanometres to kilometres.
_SCALE = _NumberRange(1e-6, 1e6)
_RATE = _NumberRange(1e-3, 1e6)


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
    """One source: its name, how its depth is read, given the mm per unit, and where its pictures go."""

    name: str
    read: Callable[[float], np.ndarray]
    overlay: Path | None
    crop: Path | None


@dataclass(frozen=True)
class _Result:
    """The record of one source, its exit code, and remarks on what the command was told."""

    record: Record
    code: int
    remarks: tuple[str, ...]


class _Worker:
    """Does a job, source by source."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._estimator = HandPoseEstimator.from_pretrained(job.model, job.runtime)

    def __call__(self, source: _Source) -> _Result:
        """Read, estimate, draw."""
        job, remarks = self._job, []
        try:
            depth = source.read(job.depth_scale)
            remarks += _doubt_camera(job.camera or self._estimator.camera, depth)
            pose = self._estimate(depth)
            remarks += _doubt_hand(pose)
            _draw(source, depth, pose)
        except CnZooError as error:
            # Errors of the picture itself do not know the source's name.
            message = str(error) if source.name in str(error) else f"{source.name}: {error}"
            return _Result(error_record(source.name, job.model, message), exit_code(error), tuple(remarks))
        return _Result(pose_record(source.name, job.model, pose), 0, tuple(remarks))

    def _estimate(self, depth: np.ndarray) -> HandPose:
        return self._estimator.predict(depth, self._job.camera, self._job.center, self._job.hand)


class _StreamWorker(_Worker):
    """Does a job on frames of one camera, each for itself."""

    def __init__(self, job: _Job) -> None:
        super().__init__(job)
        self._same_size = SameSize()

    def _estimate(self, depth: np.ndarray) -> HandPose:
        self._same_size.check(depth)
        return super()._estimate(depth)


class _TrackingWorker(_Worker):
    """Does a job on frames of one camera in their order, following the hand."""

    def __init__(self, job: _Job, rate: float) -> None:
        super().__init__(job)
        self._tracker = HandTracker(self._estimator, rate, job.camera, job.center, job.hand)
        self._period, self._count = 1 / rate, 0

    def __call__(self, source: _Source) -> _Result:
        # Frames that cannot be read take their time, too.
        self._count += 1
        return super().__call__(source)

    def _estimate(self, depth: np.ndarray) -> HandPose:
        return self._tracker.update(depth, self._count * self._period)


def _doubt_camera(camera: Camera, depth: np.ndarray) -> list[str]:
    """A remark on a camera that can hardly be the image's own."""
    height, width = depth.shape
    misfit = camera.misfit(width, height)
    return [f"the camera does not fit {width}x{height} images ({misfit}); give yours with --camera"] if misfit else []


def _doubt_hand(pose: HandPose) -> list[str]:
    """A remark on a hand that was taken for one of the wrong side."""
    if not pose.looks_like:
        return []
    return [f"looks like a {pose.looks_like} hand, taken for a {pose.hand} one; use --hand {pose.looks_like}, or auto"]


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
@click.option("--depth-scale", type=_SCALE, default=1.0, help="Millimetres per unit.")
@click.option("--center", type=CENTER, default="auto", help="auto, or u,v,d of the hand (px, px, mm).")
@click.option("--hand", type=click.Choice(HANDS), default="right", show_default=True)
@click.option("--runtime", type=click.Choice(["auto", *RUNTIMES]), default="auto", show_default=True)
@click.option("--track", is_flag=True, help="The sources are one sequence: follow and smooth the hand.")
@click.option("--rate", type=_RATE, default=30.0, show_default=True, help="Frames a second, for --track.")
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
    track: bool,
    rate: float,
    form: str | None,
    output: Path | None,
    overlay: Path | None,
    save_crop: Path | None,
    quiet: bool,
) -> None:
    """Estimate 3D hand joints in depth images.

    SOURCE is an image file, a folder, a glob pattern, or - for frames on stdin: PNG files one after another, or each
    image behind its length (4 bytes, big-endian). Joints come in camera coordinates in millimetres (x right, y down,
    z forward) and as pixels and depth (u, v, d).
    """
    piped = _PIPE in sources
    if piped:
        _require_pipe(sources)
    _refuse_overwriting([], {"--output": [output], "--overlay": [overlay], "--save-crop": [save_crop]})
    found = [] if piped else _look_up(sources)
    work = _piped_sources(overlay, save_crop) if piped else _file_sources(found, overlay, save_crop, output)
    one = len(found) == 1
    job = _Job(model, runtime, camera, depth_scale, center, hand)
    # Made here, so that a model's faults are told once, before anything starts.
    worker = _TrackingWorker(job, rate) if track else _StreamWorker(job) if piped else _Worker(job)
    codes: list[int] = []
    stops: list[BaseException] = []
    in_order = piped or track or len(found) < _WORTH_WORKERS
    results = (worker(source) for source in work) if in_order else _in_parallel(job, work)
    records = _until_stopped(_collect(results, codes, len(found), quiet), stops)
    if one:
        records = _or_exit(records, codes)
    _write(format_records(records, form or ("json" if one else "jsonl")), output)
    if stops:
        raise stops[0]
    sys.exit(max(codes))


def _require_pipe(sources: tuple[str, ...]) -> None:
    # There is no stdin at all where it was closed.
    if len(sources) > 1 or sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(
            "- means frames from a pipe, and is the only source then: camera-program | cn-zoo predict -"
        )


def _look_up(sources: tuple[str, ...]) -> list[Path | _Source]:
    """The files of each source. One of several that has none stands for itself: its error stops no other."""
    if len(sources) == 1:
        return expand_sources(sources)
    return [path for source in sources for path in _files_or_fault(source)]


def _files_or_fault(source: str) -> list[Path] | list[_Source]:
    try:
        return expand_sources([source])
    except InputError as error:
        return [_Source(source and str(Path(source)), partial(_fail, error), None, None)]


def _fail(error: InputError, depth_scale: float) -> np.ndarray:
    """Stands in for the reading of a source that has no files."""
    raise error


def _file_sources(
    found: list[Path | _Source], overlay: Path | None, crop: Path | None, output: Path | None
) -> list[_Source]:
    files = [path for path in found if isinstance(path, Path)]
    one = len(found) == 1
    overlays = _picture_paths(overlay, files, one, "--overlay")
    crops = _picture_paths(crop, files, one, "--save-crop")
    _refuse_overwriting(files, {"--output": [output], "--overlay": overlays.values(), "--save-crop": crops.values()})
    return [
        _Source(str(path), partial(read_depth, path), overlays.get(path), crops.get(path))
        if isinstance(path, Path)
        else path
        for path in found
    ]


def _refuse_overwriting(files: list[Path], targets: dict[str, Iterable[Path | None]]) -> None:
    """No target may be a source, nor another option's target: one of the two would be lost."""
    owners = dict.fromkeys(map(os.path.realpath, files), "")
    for option, paths in targets.items():
        for path in filter(None, paths):
            owner = owners.setdefault(os.path.realpath(path), option)
            if not owner:
                raise click.UsageError(f"{option} would overwrite {path}, which is a source; give another path")
            if owner != option:
                raise click.UsageError(f"{owner} and {option} would both write {path}; give another path to one")


def _piped_sources(overlay: Path | None, crop: Path | None) -> Iterator[_Source]:
    """Frames on stdin as they come; their pictures are numbered.

    Raises:
        InputError: nothing came.
    """
    for option, folder in (("--overlay", overlay), ("--save-crop", crop)):
        _require_folder(folder, option)
    index = -1
    for index, frame in enumerate(read_frames(sys.stdin.buffer)):
        name = f"{_PIPE}:{index}"
        pictures = [folder and folder / f"{index:06d}.png" for folder in (overlay, crop)]
        yield _Source(name, partial(frame.depth_mm, name), *pictures)
    if index < 0:
        raise InputError("-: no frame came; pipe 16-bit PNGs in mm, one after another")


def _in_parallel(job: _Job, work: list[_Source]) -> Generator[_Result, None, None]:
    """Do a job on all cores, results in the sources' order, few at a time: memory stays constant.

    Processes, because reading and localising mostly hold Python's lock. Spawned: a fork would copy running threads.

    Raises:
        InputError: a worker process died.
    """
    waiting: deque[Future] = deque()
    pool = ProcessPoolExecutor(min(_CORES, len(work)), get_context("spawn"), _start_worker, (job,))
    try:
        for source in work:
            waiting.append(pool.submit(_run_worker, source))
            if len(waiting) > 4 * _CORES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise InputError(
            "a worker process died, perhaps for want of memory; "
            f"go on with the sources that have no record, fewer than {_WORTH_WORKERS} at once to do without workers"
        ) from None
    finally:
        # After Ctrl-C nobody waits for the rest.
        pool.shutdown(cancel_futures=True)


def _start_worker(job: _Job) -> None:
    """In a worker process: load the model once. Ctrl-C is the parent's affair: a worker that it ends hangs the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    global _worker
    _worker = _Worker(job)


def _run_worker(source: _Source) -> _Result:
    """In a worker process: do one source."""
    return _worker(source)


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


def _collect(results: Generator[_Result, None, None], codes: list[int], total: int, quiet: bool) -> Iterator[Record]:
    """Note exit codes, tell errors and remarks, show progress if the total is known; hand the records on."""
    told: set[str] = set()
    with closing(results), nullcontext() if quiet or total < 2 else _progress(total) as advance:
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


def _picture_paths(target: Path | None, files: list[Path], one: bool, option: str) -> dict[Path, Path]:
    """Where each source's picture goes: the file itself for one source, a folder for several."""
    if target is None:
        return {}
    if one and not target.is_dir():
        picture = target if target.suffix else target.with_suffix(".png")
        _require_format(picture, option)
        return {files[0]: picture}
    _require_folder(target, option)
    return {source: target / name for source, name in _picture_names(files).items()}


def _require_folder(target: Path | None, option: str) -> None:
    if target and target.is_file():
        raise click.UsageError(f"{option} must be a folder when there are several sources; {target} is a file")


def _require_format(picture: Path, option: str) -> None:
    from PIL import Image

    if Image.registered_extensions().get(picture.suffix.lower()) not in Image.SAVE:
        raise click.UsageError(f"{option} knows no picture format {picture.suffix} ({picture}); try .png or .jpg")


def _picture_names(files: list[Path]) -> dict[Path, str]:
    """A picture's name is its source's; sources of the same name in several folders are numbered."""
    stems = {source.stem for source in files}
    last: Counter[str] = Counter()
    return {source: f"{_free_name(source.stem, last, stems)}.png" for source in dict.fromkeys(files)}


def _free_name(stem: str, last: Counter[str], stems: set[str]) -> str:
    """The stem itself, or with the next number that makes it no other source's stem."""
    for number in count(last[stem] + 1):
        name = stem if number == 1 else f"{stem}_{number}"
        if number == 1 or name not in stems:
            break
    last[stem] = number
    return name


def _save(image: object, path: Path) -> None:
    with atomic_path(path) as temporary:
        image.save(temporary)


def _write(lines: Iterator[str], output: Path | None) -> None:
    # Names of files need not be UTF-8; they are written as they are.
    if output is None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="surrogateescape")
        for line in lines:
            click.echo(line)
        return
    with atomic_path(output) as temporary, temporary.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)
