"""The commands that README and docs tell are ones that the programs take. Nothing is run."""

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from cn_zoo.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: A command begins a line of code, or stands behind a pipe or another command; in a text it is between backticks.
_COMMAND = re.compile(r"(?:^ {4}|^|[|&`] ?)((?:cn-zoo|python (?:tools|benchmarks)/)[^|&`\n]*)", re.MULTILINE)


def _commands(program):
    commands = []
    for page in PAGES:
        for found in _COMMAND.findall(page.read_text(encoding="utf-8")):
            words = shlex.split(found, comments=True)
            # Alone, a program's name is only spoken of; brackets and dots leave something out.
            if words[0] == program and len(words) > 2 and not re.search(r"[\[…]", found):
                commands.append(pytest.param(words, id=f"{page.name}: {found.strip()[:60]}"))
    return commands


@pytest.mark.parametrize("words", _commands("cn-zoo"))
def test_cn_zoo_takes_it(words, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)  # whether or not it exists
    name, *arguments = words[1:]
    assert name in COMMANDS
    getattr(import_module(f"cn_zoo.cli.{name}"), name).make_context(name, arguments)


@pytest.mark.parametrize("words", _commands("python"))
def test_a_script_takes_it(words, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)
    script, arguments = ROOT / words[1], [word for word in words[2:] if not word.startswith("$")]
    monkeypatch.syspath_prepend(script.parent)
    command = import_module(script.stem).main
    if isinstance(command, click.Group):
        command = command.commands[arguments.pop(0)]
    command.make_context(script.stem, arguments)
