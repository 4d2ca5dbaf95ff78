"""Where the pictures of ``cn-zoo predict`` go."""

from __future__ import annotations

import os
from collections import Counter
from itertools import count
from pathlib import Path

import click


def picture_paths(target: str | None, files: list[Path], one: bool, option: str) -> dict[Path, Path]:
    """Where each source's picture goes: the file itself for one source, a folder for several.

    A name that ends as a folder's does is one for a single source, too.
    """
    if target is None:
        return {}
    if one and not _is_folder(target):
        picture = Path(target) if Path(target).suffix else Path(target).with_suffix(".png")
        _require_format(picture, option)
        return {files[0]: picture}
    folder = picture_folder(target, option)
    return {source: folder / name for source, name in _picture_names(files).items()}


def picture_folder(target: str, option: str) -> Path:
    """The folder for the pictures of several sources."""
    meant = Path(target).suffix.lower() in _picture_formats() and not _is_folder(target)
    if meant or Path(target).is_file():
        raise click.UsageError(f"{option} must be a folder when there are several sources; {target} is a file")
    return Path(target)


def _is_folder(target: str) -> bool:
    return target.endswith(("/", os.sep)) or Path(target).is_dir()


def _require_format(picture: Path, option: str) -> None:
    if picture.suffix.lower() not in _picture_formats():
        raise click.UsageError(f"{option} knows no picture format {picture.suffix} ({picture}); try .png or .jpg")


def _picture_formats() -> set[str]:
    """Endings of the formats that can be written."""
    from PIL import Image

    return {ending for ending, form in Image.registered_extensions().items() if form in Image.SAVE}


def _picture_names(files: list[Path]) -> dict[Path, str]:
    """A picture's name is its source's; sources of the same name in several folders are numbered.

    Upper and lower case make no difference: to many file systems they are one name.
    """
    stems = {source.stem.casefold() for source in files}
    last: Counter[str] = Counter()
    return {source: f"{_free_name(source.stem, last, stems)}.png" for source in dict.fromkeys(files)}


def _free_name(stem: str, last: Counter[str], stems: set[str]) -> str:
    """The stem itself, or with the next number that makes it no other source's stem."""
    for number in count(last[stem.casefold()] + 1):
        name = stem if number == 1 else f"{stem}_{number}"
        if number == 1 or name.casefold() not in stems:
            break
    last[stem.casefold()] = number
    return name
