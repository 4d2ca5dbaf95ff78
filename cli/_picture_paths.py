"""Where the pictures of ``cn-zoo predict`` go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import click


def picture_paths(target: Path | None, files: list[Path], one: bool, option: str) -> dict[Path, Path]:
    """Where each source's picture goes: the file itself for one source, a folder for several."""
    if target is None:
        return {}
    if one and not target.is_dir():
        picture = target if target.suffix else target.with_suffix(".png")
        _require_format(picture, option)
        return {files[0]: picture}
    require_folder(target, option)
    return {source: target / name for source, name in _picture_names(files).items()}


def require_folder(target: Path | None, option: str) -> None:
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


def refuse_overwriting(files: list[Path], targets: dict[str, Iterable[Path | None]]) -> None:
    """No target may be a source, nor another option's target: one of the two would be lost."""
    owners = dict.fromkeys(map(os.path.realpath, files), "")
    for option, paths in targets.items():
        for path in filter(None, paths):
            owner = owners.setdefault(os.path.realpath(path), option)
            if not owner:
                raise click.UsageError(f"{option} would overwrite {path}, which is a source; give another path")
            if owner != option:
                raise click.UsageError(f"{owner} and {option} would both write {path}; give another path to one")
