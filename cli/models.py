"""``cn-zoo models``: what the zoo holds."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from cn_zoo.errors import WeightsError
from cn_zoo.zoo import Preset, get_preset, list_models


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
def models(as_json: bool) -> None:
    """List the zoo."""
    presets = _whole_presets()
    if as_json:
        click.echo(json.dumps([_facts(preset) for preset in presets], indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "skeleton", "camera (fx, fy, cx, cy)", "parameters", "licence", "measured error, mm")
    for preset in presets:
        camera = ", ".join(f"{value:g}" for value in preset.camera)
        errors = "\n".join(f"{error:.1f} {test}" for test, error in preset.errors_mm.items())
        table.add_row(preset.name, preset.skeleton, camera, f"{preset.parameters:,}", preset.licence, errors)
    Console().print(table)


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
