import os

import pytest

from cn_zoo import keras_backend
from cn_zoo.errors import MissingDependencyError
from cn_zoo.keras_backend import need_keras, need_later_keras


@pytest.fixture
def having(monkeypatch, tmp_path):
    """Pretends that of Keras and all backends these are installed; no backend is chosen."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def pretend(*names):
        monkeypatch.setattr(keras_backend, "find_spec", lambda name: name if name in names else None)

    yield pretend
    # What `need_keras` has set, monkeypatch does not know of.
    os.environ.pop("KERAS_BACKEND", None)


@pytest.mark.parametrize("installed", [(), ("keras",), ("jax",)])
def test_without_keras_or_a_backend_the_pip_line_is_told(having, installed):
    having(*installed)
    with pytest.raises(MissingDependencyError, match=r"^mine needs Keras with a backend: pip install .*\[jax\]"):
        need_keras("mine")


def test_a_backend_that_is_there_is_taken(having):
    having("keras", "torch")
    need_keras("mine")
    assert os.environ["KERAS_BACKEND"] == "torch"


def test_keras_own_choice_stands(having, tmp_path):
    having("keras", "tensorflow", "jax")
    need_keras("mine")
    assert "KERAS_BACKEND" not in os.environ
    having("keras", "jax", "torch")
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    need_keras("mine")
    assert "KERAS_BACKEND" not in os.environ


def test_a_wish_that_cannot_be_met_is_told(having, monkeypatch):
    having("keras", "jax")
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(MissingDependencyError, match=r"run on tensorflow.*set it to jax.*cn_zoo\[tensorflow\]"):
        need_keras("mine")


@pytest.mark.parametrize("wish", ["openvino", "tf", "json", "plaidml.keras.backend", "numpy"])
def test_a_backend_that_cn_zoo_does_not_run_on_is_told(having, monkeypatch, wish):
    having("keras", "jax", wish)
    monkeypatch.setenv("KERAS_BACKEND", wish)
    with pytest.raises(MissingDependencyError, match=rf"KERAS_BACKEND is {wish}; set it to jax"):
        need_keras("mine")


@pytest.mark.parametrize("settings", ['{"backend": "numpy"}', '{"backend": 3}', "[1]", "{"])
def test_odd_settings_of_keras_are_no_choice(having, tmp_path, settings):
    having("keras", "jax")
    (tmp_path / "keras.json").write_text(settings)
    need_keras("mine")
    assert os.environ["KERAS_BACKEND"] == "jax"


def test_who_needs_more_tells_its_own_pip_line(having):
    having("keras")
    with pytest.raises(MissingDependencyError, match=r"backend: pip install 'cn_zoo\[export\]'$"):
        need_keras("mine", "pip install 'cn_zoo[export]'")


def test_what_python_3_10_cannot_have_is_told(monkeypatch):
    for found in ("3.13.0", "3.15.1", "4.0.0"):
        monkeypatch.setattr(keras_backend, "version", lambda name, found=found: found)
        need_later_keras("mine")
    monkeypatch.setattr(keras_backend, "version", lambda name: "3.12.4")
    with pytest.raises(
        MissingDependencyError, match=r"^mine needs Keras 3\.13, and 3\.12\.4 .*pip install 'keras>=3\.13'"
    ):
        need_later_keras("mine")
