"""What ``import cn_zoo`` offers."""

import subprocess
import sys

import pytest

import cn_zoo

_WITHOUT_KERAS = """
import sys
sys.modules["keras"] = None
import cn_zoo
from cn_zoo.errors import MissingDependencyError
try:
    cn_zoo.CrossingNets
except MissingDependencyError as error:
    print(error)
"""


@pytest.mark.parametrize("name", cn_zoo.__all__)
def test_every_name_is_there(name):
    assert getattr(cn_zoo, name) is not None


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="conjure"):
        _ = cn_zoo.conjure


def test_importing_it_imports_next_to_nothing():
    code = "import sys, cn_zoo; print([name for name in ('numpy', 'keras', 'onnxruntime') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_without_keras_the_pip_line_is_said():
    result = subprocess.run([sys.executable, "-c", _WITHOUT_KERAS], capture_output=True, text=True, check=True)
    assert "pip install 'cn_zoo[tensorflow]'" in result.stdout
