"""What a command reads, and what it has written, stays."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click


def refuse_overwriting(files: Iterable[Path], targets: dict[str, Iterable[str | Path | None]]) -> None:
    """No target may be a source, nor another option's target: one of the two would be lost."""
    owners = dict.fromkeys(map(os.path.realpath, files), "")
    for option, paths in targets.items():
        for path in filter(None, paths):
            owner = owners.setdefault(os.path.realpath(path), option)
            if not owner:
                raise click.UsageError(f"{option} would overwrite {path}, which is a source; give another path")
            if owner != option:
                raise click.UsageError(f"{owner} and {option} would both write {path}; give another path to one")
