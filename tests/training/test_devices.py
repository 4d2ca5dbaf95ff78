import json
import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
import recipe_run
import shared_steps

from cn_zoo.errors import InputError
from cn_zoo.training import load_recipe
from cn_zoo.training.devices import Host, use_devices

SHORT = (
    "start=",
    "architecture=paper",
    'stages=["pose_vae", "posterior"]',
    "mixed_precision=false",
    "poses=600",
    "pose_vae.samples=1200",
    "posterior.samples=48",
    "posterior.batch_size=16",
    "posterior.checkpoint_every=2",
    'posterior.optimizer="adamw"',
    "finish.hand_frames=0",
    "finish.side_crops=0",
    "finish.samples=100",
    "finish.test_samples=20",
)


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


def _start_run(folder, *overrides, **environment):
    more = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=1"}
    command = [sys.executable, recipe_run.__file__, str(folder), *SHORT, *overrides]
    return subprocess.Popen(command, env={**os.environ, **more, **environment}, stderr=subprocess.PIPE, text=True)


def test_two_hosts_learn_what_one_does(tmp_path):
    """Both are started with the same command and share a folder; the first one writes there."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    place = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    hosts = [
        _start_run(tmp_path / "two", "devices=all", **place, KERAS_DISTRIBUTION_PROCESS_ID=str(number))
        for number in range(2)
    ]
    for host in hosts:
        assert host.wait() == 0, host.stderr.read()
    alone = _start_run(tmp_path / "one")
    assert alone.wait() == 0, alone.stderr.read()
    for name in ("pose_vae.csv", "posterior.csv"):
        one, two = ((tmp_path / folder / name).read_text().splitlines() for folder in ("one", "two"))
        assert one[0] == two[0] and len(one) == len(two)
    one, two = (keras.models.load_model(tmp_path / folder / "estimator.keras") for folder in ("one", "two"))
    crops = np.random.default_rng(0).uniform(-1, 1, (4, 128, 128, 1)).astype("float32")
    np.testing.assert_allclose(one.predict(crops, verbose=0)["pose"], two.predict(crops, verbose=0)["pose"], atol=2e-3)


def test_every_host_gets_its_rows():
    batch = np.arange(12).reshape(6, 2)
    parts = [Host(index, 3).rows(batch) for index in range(3)]
    assert [len(part) for part in parts] == [2, 2, 2]
    np.testing.assert_array_equal(np.concatenate(parts), batch)


def test_other_backends_say_what_to_do():
    assert use_devices(load_recipe("nyu")) == Host(0, 1)
    with pytest.raises(InputError, match=r"needs the JAX backend and this is tensorflow.*cn_zoo\[jax\]"):
        use_devices(load_recipe("nyu", ("devices=all",)))


def test_batches_that_devices_cannot_share(monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.setattr("cn_zoo.training.devices.keras.backend.backend", lambda: "jax")
    monkeypatch.setattr(jax, "device_count", lambda: 3)
    with pytest.raises(InputError, match=r"stage pose_vae: batches of 200 .* 3 devices; set pose_vae\.batch_size"):
        use_devices(load_recipe("nyu", ("devices=all",)))
