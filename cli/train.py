"""``cn-zoo train``: train a model by a recipe."""

from __future__ import annotations

from pathlib import Path

import click

from cn_zoo.keras_backend import need_keras


@click.command()
@click.argument("recipe")
@click.option("--data", type=click.Path(path_type=Path), help="Labelled depth maps [default: synthetic ones].")
@click.option("--unlabelled", type=click.Path(path_type=Path), help="Depth maps without labels, to learn from as well.")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), help="Run folder [default: runs/RECIPE].")
@click.option("--resume", is_flag=True, help="Go on where an earlier run stopped.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one value of the recipe.")
def train(
    recipe: str,
    data: Path | None,
    unlabelled: Path | None,
    output: Path | None,
    resume: bool,
    overrides: tuple[str, ...],
) -> None:
    """Train a model.

    RECIPE is a packaged recipe's name, or a TOML file. Data are folders of a known dataset, labelled folders
    (frames/*.png, camera.json, joints.csv), or converted sets (.h5).
    """
    need_keras("cn-zoo train")
    from cn_zoo.training import load_recipe
    from cn_zoo.training import train as run

    loaded = load_recipe(recipe, overrides)
    click.echo(run(loaded, output or Path("runs") / loaded.name, resume, data, unlabelled))
