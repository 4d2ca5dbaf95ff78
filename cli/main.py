"""The ``cn-zoo`` command: which commands there are, and how errors are told."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from importlib import import_module
from io import TextIOWrapper

import click

from cn_zoo import __version__
from cn_zoo.cli._exit_codes import EXIT_USAGE, exit_code
from cn_zoo.errors import CnZooError

#: Commands and their one-line helps, told here so that ``--help`` imports none of them.
COMMANDS = {
    "models": "List the zoo: name, skeleton, camera, parameters, licence, measured error.",
    "info": "Show one model's card, with joint names and order.",
    "predict": "Estimate 3D hand joints in depth images.",
    "evaluate": "Measure predictions, or a model, on a benchmark dataset.",
    "synthesize": "Write labelled synthetic depth frames in a dataset's own file format.",
    "train": "Train a model by a recipe.",
    "finetune": "Adapt a model to your own depth maps, labelled and unlabelled.",
    "sample": "Draw pairs of pose and depth map out of a model's latent space.",
    "export": "Write a model for ONNX Runtime or TFLite, in fp32, fp16 or int8.",
    "benchmark": "Time a model on this machine.",
}


class _LazyGroup(click.Group):
    """Imports a command's module only when that command runs."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(import_module(f"cn_zoo.cli.{name}"), name)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cn-zoo")
def _cn_zoo() -> None:
    """3D hand pose from a single depth image: the Crossing Nets model zoo."""
    if isinstance(sys.stdout, TextIOWrapper):
        # As files have it, whatever the terminal's; names of files that are not UTF-8 come out as they are.
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


_format_as_python = warnings.formatwarning


def _format_warning(message: Warning, category: type[Warning], *place: object, **line: object) -> str:
    """Our own warnings are a line for the user; others' tell where they come from."""
    return f"cn-zoo: {message}\n" if category is UserWarning else _format_as_python(message, category, *place, **line)


def _stop(number: int, frame: object) -> None:
    """Asked to end, a command does what it does at Ctrl-C: it keeps what is done, and leaves nothing half written."""
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line; an error of the user's becomes one line on stderr and the contract's exit code."""
    signal.signal(signal.SIGTERM, _stop)
    warnings.formatwarning = _format_warning
    # TensorFlow tells its inner workings, line by line, unless asked before it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        _cn_zoo(prog_name="cn-zoo")
    except CnZooError as error:
        click.echo(f"cn-zoo: {error}", err=True)
        sys.exit(exit_code(error))
    except OSError as error:
        # What cannot be read is told above; what is left is output that cannot be written.
        from cn_zoo.io.atomic import NO_ROOM

        advice = "make room there, or write elsewhere" if error.errno in NO_ROOM else "check the path"
        click.echo(f"cn-zoo: {error.filename or 'output'}: {error.strerror or error}; {advice}", err=True)
        sys.exit(EXIT_USAGE)
