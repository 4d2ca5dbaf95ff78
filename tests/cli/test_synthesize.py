import sys

import pytest

from cn_zoo.cli.main import main


@pytest.fixture
def synthesize(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cn-zoo", "synthesize", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return end.value.code or 0, printed.out, printed.err

    return run


def test_frames_are_written_and_counted(synthesize, tmp_path):
    code, out, err = synthesize("--dataset", "icvl", "--count", 2, "--output", tmp_path / "set", "--seed", 3)
    assert (code, out) == (0, "")
    assert "2 frames" in err
    assert len(list(tmp_path.rglob("image_*.png"))) == 2
    assert len((tmp_path / "set/Training/labels.txt").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dataset", "hands", "--count", 2, "--output", "set"),
        ("--dataset", "nyu", "--count", 0, "--output", "set"),
        ("--dataset", "nyu", "--count", 2, "--output", "set", "--seed", -1),
        ("--dataset", "nyu", "--count", 2),
    ],
)
def test_wrong_usage_ends_with_2(synthesize, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = synthesize(*arguments)
    assert (code, out) == (2, "")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_ends_with_2_and_one_line(synthesize, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = synthesize("--dataset", "nyu", "--count", 1, "--output", tmp_path / "file" / "set")
    assert (code, out) == (2, "")
    message = [line for line in err.splitlines() if line.startswith("cn-zoo:")]
    assert len(message) == 1 and str(tmp_path / "file") in message[0]
