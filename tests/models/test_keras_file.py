import json
import zipfile

import keras
import numpy as np
import pytest

from cn_zoo.errors import WeightsError
from cn_zoo.models import load_keras_file, save_keras_file
from cn_zoo.zoo import list_models, weights_path


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Conv2D(3, 3)(inputs))
    return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(x)))


def _words(path):
    """All keys of a file's configuration."""
    with zipfile.ZipFile(path) as archive:
        return set(json.loads(archive.read("config.json"), object_pairs_hook=lambda pairs: pairs).__repr__().split("'"))


def test_a_saved_model_is_the_same_and_says_nothing_that_keras_3_12_does_not_know(model, tmp_path):
    save_keras_file(model, tmp_path / "model.keras")
    image = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    found = load_keras_file(tmp_path / "model.keras")
    np.testing.assert_array_equal(found.predict_on_batch(image), model.predict_on_batch(image))
    assert {"kernel_initializer", "momentum"} <= _words(tmp_path / "model.keras")
    assert not {"input_axes", "quantization_config", "renorm"} & _words(tmp_path / "model.keras")


def test_what_changes_something_is_kept(tmp_path):
    inputs = keras.Input((4,))
    initializer = keras.initializers.GlorotUniform(seed=1)
    model = keras.Model(inputs, keras.layers.Dense(2, kernel_initializer=initializer)(inputs))
    save_keras_file(model, tmp_path / "model.keras")
    assert "seed" in _words(tmp_path / "model.keras")


@pytest.mark.parametrize("name", list_models())
def test_released_estimators_are_for_all_versions(name):
    assert not {"input_axes", "quantization_config", "renorm"} & _words(weights_path(name))


def test_what_is_no_keras_file_is_told(tmp_path):
    (tmp_path / "a.keras").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match=r"a\.keras: cannot be loaded"):
        load_keras_file(tmp_path / "a.keras")
