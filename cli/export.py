"""``cn-zoo export``: a model for other runtimes."""

from __future__ import annotations

from pathlib import Path

import click

from cn_zoo.keras_backend import need_keras
from cn_zoo.zoo import Preset
from cn_zoo.zoo.preset import PRESET_FILE


@click.command()
@click.option("--model", required=True, help="A name of `cn-zoo models`, a path, or a URL.")
@click.option("--format", "form", type=click.Choice(["onnx", "tflite"]), required=True)
@click.option("--precision", type=click.Choice(["fp32", "fp16", "int8"]), default="fp32", show_default=True)
@click.option(
    "--part",
    type=click.Choice(["estimator", "generator", "finder", "judge"]),
    default="estimator",
    show_default=True,
    help="estimator: depth to pose; generator: latent to depth, of models that come with their nets; finder, judge: "
    "the hand locator's networks, for the model's own camera.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="FILE.onnx, FILE.tflite")
def export(model: str, form: str, precision: str, part: str, output: Path) -> None:
    """Write a model for another runtime.

    The file is measured against Keras in that runtime before it is kept. It carries its own record: predict with
    --model FILE.
    """
    if output.suffix != f".{form}":
        raise click.UsageError(f"--output: a file of the format {form} ends in .{form}; received {output}")
    _refuse_recorded(output)
    need_keras("cn-zoo export", "pip install 'cn_zoo[export]'")
    from cn_zoo.exporting import export as write

    parity = write(model, form, precision, output, part)
    click.echo(f"{output.stat().st_size / 1e6:.2f} MB; from Keras, {parity}", err=True)
    click.echo(output)


def _refuse_recorded(output: Path) -> None:
    """No file that a model's record beside it names, with its hash: the model could not be loaded any more."""
    folder = output.resolve().parent
    recorded = Preset.load(folder).files.values() if (folder / PRESET_FILE).is_file() else ()
    if output.name in {file.path for file in recorded}:
        raise click.UsageError(f"{output} is a file of the model in {folder}; write to another path")
