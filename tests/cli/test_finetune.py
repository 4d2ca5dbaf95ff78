from pathlib import Path

import pytest
from click.testing import CliRunner

from cn_zoo.cli.main import _cn_zoo

NEEDED = ("--model", "nyu", "--labelled", "mine", "--output", "here")


@pytest.fixture
def finetune(recorded):
    return recorded("finetune")


def run(*arguments):
    return CliRunner().invoke(_cn_zoo, ["finetune", *arguments])


def test_every_option_arrives(finetune):
    changes = ("adapt.samples=1_000", "devices=all")
    result = run(*NEEDED, "--unlabelled", "plain.h5", "--resume", "--set", changes[0], "--set", changes[1])
    assert (result.exit_code, result.stdout) == (0, "done\n")
    finetune.assert_called_once_with(
        "nyu", Path("mine"), Path("plain.h5"), Path("here"), resume=True, overrides=changes
    )


def test_labelled_frames_alone(finetune):
    result = run(*NEEDED)
    assert (result.exit_code, result.stdout) == (0, "done\n")
    finetune.assert_called_once_with("nyu", Path("mine"), None, Path("here"), resume=False, overrides=())


@pytest.mark.parametrize("missing", NEEDED[::2])
def test_what_must_be_given(finetune, missing):
    at = NEEDED.index(missing)
    result = run(*NEEDED[:at], *NEEDED[at + 2 :])
    assert result.exit_code == 2
    assert missing in result.stderr
    finetune.assert_not_called()
