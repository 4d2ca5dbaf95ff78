"""``cn-zoo models``: what the zoo holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cn_zoo.errors import WeightsError
from cn_zoo.zoo import Preset, get_preset, list_models

if TYPE_CHECKING:
    from rich.table import Table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
def models(as_json: bool) -> None:
    """List the zoo."""
    presets = _whole_presets()
    if as_json:
        click.echo(json.dumps([_facts(preset) for preset in presets], indent=1))
        return
    from rich.console import Console

    Console().print(_table(presets))


def _table(presets: list[Preset]) -> Table:
    """A line a model, within 80 columns; errors of the first two tests, as cards have them."""
    from rich.table import Table

    tests = list(dict.fromkeys(test for preset in presets for test in preset.errors_mm))[:2]
    told = f"Error on: {' / '.join(tests)}; cn-zoo info NAME tells more"
    table = Table(box=None, padding=(0, 2, 0, 0), caption=told, caption_justify="left")
    for heading in ("name", "skeleton", "camera", "parameters", "licence", "error, mm"):
        table.add_column(heading, no_wrap=True, justify="right" if heading in ("parameters", "error, mm") else "left")
    for preset in presets:
        camera = ",".join(f"{value:.0f}" for value in preset.camera)
        errors = " / ".join(f"{preset.errors_mm[test]:.1f}" for test in tests if test in preset.errors_mm)
        table.add_row(preset.name, preset.skeleton, camera, f"{preset.parameters:,}", preset.licence, errors)
    return table


def _whole_presets() -> list[Preset]:
    """The models' records; a broken one is told, and does not hide the others."""
    return [preset for name in list_models() if (preset := _whole_preset(name))]


def _whole_preset(name: str) -> Preset | None:
    try:
        return get_preset(name)
    except WeightsError as error:
        click.echo(f"cn-zoo: {error}", err=True)
        return None


def _facts(preset: Preset) -> dict[str, object]:
    facts = asdict(preset)
    del facts["folder"]
    return facts
