"""ONNX Runtime writes and sends nothing about the user."""

import os
import subprocess
import sys

import pytest

from cn_zoo.zoo import get_preset

_LOAD = """
import sys
from cn_zoo.inference.runtimes import open_runtime
open_runtime(sys.argv[1])
import os
print(os.environ["ORT_DISABLE_TELEMETRY"])
"""


@pytest.mark.parametrize("wish", [None, "0"])
def test_no_telemetry_unless_asked_for(tmp_path, wish):
    network = get_preset("nyu").folder / "estimator.onnx"
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    if wish:
        environment["ORT_DISABLE_TELEMETRY"] = wish
    code = [sys.executable, "-c", _LOAD, str(network)]
    result = subprocess.run(code, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == (wish or "1")
    if not wish:
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
