"""``cn-zoo finetune``: adapt a model to one's own depth maps."""

from __future__ import annotations

from pathlib import Path

import click

from cn_zoo.keras_backend import need_keras


@click.command()
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--labelled", required=True, type=click.Path(path_type=Path), help="Depth maps with joints.")
@click.option("--unlabelled", type=click.Path(path_type=Path), help="Depth maps without joints, to learn from as well.")
@click.option("--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Run folder.")
@click.option("--resume", is_flag=True, help="Go on where an earlier run stopped.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the recipe.")
def finetune(
    model: str,
    labelled: Path,
    unlabelled: Path | None,
    output: Path,
    resume: bool,
    overrides: tuple[str, ...],
) -> None:
    """Adapt a model to your camera and hands; the run folder becomes a model for predict.

    Folders hold frames/*.png (16-bit), camera.json and, for --labelled, joints.csv.
    """
    need_keras("cn-zoo finetune")
    from cn_zoo.training import finetune as run

    click.echo(run(model, labelled, unlabelled, output, resume, overrides))
