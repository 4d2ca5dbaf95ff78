import numpy as np
import pytest

from cn_zoo.synthesis.crop_stream import CropStream
from cn_zoo.synthesis.frame import draw_crop
from cn_zoo.synthesis.presets import PRESETS

PRESET = PRESETS["icvl"]


@pytest.fixture
def make_stream():
    streams = []

    def make(**options):
        streams.append(CropStream(PRESET, 3, 9, processes=1, **options))
        return streams[-1]

    yield make
    for stream in streams:
        stream.close()


def test_batches_are_the_samples_in_order(make_stream):
    stream = make_stream(length=2)
    x, y = stream[1]
    assert x.shape == (3, 128, 128, 1) and x.dtype == np.float32
    assert y.shape == (3, 16, 3) and y.dtype == np.float32
    for row in range(3):
        crop = draw_crop(PRESET, 9, 3 + row)
        np.testing.assert_array_equal(x[row, :, :, 0], crop.depth)
        np.testing.assert_array_equal(y[row], crop.pose)
    assert set(stream.batch(1).poses) == {"nyu", "icvl", "msra"}


def test_a_resumed_stream_equals_the_uninterrupted_one(make_stream):
    whole = make_stream(length=2)
    assert len(whole) == 2
    whole[0], whole[1]
    whole.on_epoch_end()
    resumed = make_stream(length=2, start=2)
    for left, right in zip(whole[1], resumed[1], strict=True):
        np.testing.assert_array_equal(left, right)


def test_an_epoch_ends_when_its_last_batch_was_drawn(make_stream):
    """Keras ends an epoch before the first, having looked at a batch."""
    stream = make_stream(length=2)
    first = stream[0][0]
    stream.on_epoch_end()
    np.testing.assert_array_equal(stream[0][0], first)


def test_keras_trains_on_all_samples_in_order(make_stream):
    import keras

    class Model(keras.Model):
        def train_step(self, *arguments):
            poses.append(np.asarray(arguments[-1][1]))
            return super().train_step(*arguments)

    poses, depths = [], keras.Input((128, 128, 1))
    model = Model(depths, keras.layers.Reshape((16, 3))(keras.layers.Dense(48)(keras.layers.Flatten()(depths))))
    model.compile(loss="mse", run_eagerly=True)
    model.fit(make_stream(length=3), epochs=2, verbose=0, shuffle=False)
    expected = [draw_crop(PRESET, 9, sample).pose for sample in range(18)]
    np.testing.assert_array_equal(np.concatenate(poses), expected)


def test_errors_of_a_worker_reach_the_caller(make_stream):
    with pytest.raises(ValueError, match="split is one of"):
        make_stream(split="trian")[0]


def test_a_lost_worker_is_told(make_stream):
    stream = make_stream()
    child = stream._pool._children[0]
    child.kill()
    child.wait()
    with pytest.raises(RuntimeError, match="a worker ended"):
        stream[0]


def test_a_pool_needs_a_process():
    with pytest.raises(ValueError, match="at least one process"):
        CropStream(PRESET, 3, 9, processes=0)
