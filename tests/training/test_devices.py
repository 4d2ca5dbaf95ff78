import json
import os
import subprocess
import sys

import pytest
import shared_steps

from cn_zoo.errors import InputError
from cn_zoo.training.devices import use_devices


def test_eight_devices_train_as_one_does(tmp_path):
    flags = "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=1"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    command = [sys.executable, shared_steps.__file__, str(tmp_path / "rows.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert rows["devices"] == 8
    assert len(rows["one"]) == len(rows["all"]) == 3
    for one, shared in zip(rows["one"], rows["all"], strict=True):
        assert shared == pytest.approx(one, rel=1e-4, abs=1e-4)


def test_other_backends_say_what_to_do():
    use_devices("one")
    with pytest.raises(InputError, match=r"needs the JAX backend and this is tensorflow.*cn_zoo\[jax\]"):
        use_devices("all")
