import subprocess
import sys

import pytest

from cn_zoo.cli.main import COMMANDS

#: Runs a command where no deep-learning framework (nor anything else that is optional) can be imported.
_BARE = """
import sys
for name in ("keras", "tensorflow", "torch", "jax", "numba", "h5py", "matplotlib", "onnx", "tf2onnx"):
    sys.modules[name] = None
sys.argv = ["cn-zoo", *sys.argv[1:]]
from cn_zoo.cli.main import main
main()
"""


def run_bare(*arguments, **options):
    return subprocess.run([sys.executable, "-c", _BARE, *arguments], capture_output=True, text=True, **options)


def test_help_lists_all_commands_and_imports_next_to_nothing():
    result = subprocess.run([sys.executable, "-X", "importtime", "-c", _BARE, "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    for command in COMMANDS:
        assert command in result.stdout
    imported = {line.rsplit("|", 1)[-1].strip() for line in result.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"numpy", "scipy", "onnxruntime", "PIL", "rich"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_on_a_light_install(command):
    result = run_bare(command, "--help")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage: cn-zoo")


def test_unknown_command_is_a_usage_error():
    assert run_bare("conjure").returncode == 2


@pytest.mark.parametrize("arguments", [("train", "nyu"), ("synthesize", "--dataset", "nyu", "--count", "1")])
def test_missing_dependencies_exit_6_with_the_pip_line(arguments, tmp_path):
    result = run_bare(*arguments, "--output", str(tmp_path / "out"))
    assert result.returncode == 6
    assert "pip install 'cn_zoo[" in result.stderr
    assert "Traceback" not in result.stderr


def test_models_and_info_on_a_light_install():
    assert "nyu" in run_bare("models").stdout
    card = run_bare("info", "nyu").stdout
    assert "little_tip" in card
    unknown = run_bare("info", "nyv")
    assert unknown.returncode == 2
    assert "nyu" in unknown.stderr


def test_a_warning_of_ours_is_one_line(tmp_path):
    """Others' warnings keep Python's form, which names the place."""
    script = (
        "import sys, warnings; from cn_zoo.cli import main; sys.argv = ['cn-zoo', '--version']\n"
        "try: main.main()\n"
        "except SystemExit: warnings.warn('mind this'); warnings.warn('and that', FutureWarning)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "cn-zoo: mind this"
    assert "<string>:3: FutureWarning: and that" in done.stderr
