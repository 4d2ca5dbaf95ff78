"""``cn-zoo info``: one model's card."""

from __future__ import annotations

import click

from cn_zoo.zoo import get_preset
from cn_zoo.zoo.card import model_card


@click.command()
@click.argument("model")
def info(model: str) -> None:
    """Show one model's card, with joint names and order."""
    click.echo(model_card(get_preset(model)))
