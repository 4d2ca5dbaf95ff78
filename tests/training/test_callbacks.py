"""Training stops where it makes no sense any more, and leaves the last good checkpoint."""

from contextlib import suppress
from io import StringIO
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

from cn_zoo.errors import InputError
from cn_zoo.training.checkpoint import Checkpoint
from cn_zoo.training.loss_guard import LossGuard
from cn_zoo.training.rich_progress import RichProgress


def _model(width=2, optimizer="adam"):
    keras.utils.set_random_seed(0)
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(width)(x))
    model.compile(optimizer, "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def _fit(model, targets, *callbacks):
    x = np.ones((len(targets), 3), "float32")
    model.fit(x, np.array(targets, "float32"), batch_size=1, shuffle=False, callbacks=list(callbacks), verbose=0)


def test_nan_names_the_term_and_keeps_the_checkpoint(tmp_path):
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    model = _model()
    _fit(model, [[1, 1], [1, 1]], checkpoint)
    with pytest.raises(InputError, match=r"stage joint: loss became NaN.*mine\.weights\.h5 is the last good"):
        _fit(
            model,
            [[np.nan, 1], [1, 1]],
            LossGuard("joint", [tmp_path / "earlier.weights.h5", checkpoint.path]),
            checkpoint,
        )
    again = _model()
    assert checkpoint.restore(again) == 2
    assert all(np.isfinite(weight).all() for weight in again.get_weights())


def test_nan_in_a_stage_names_the_checkpoint_of_the_one_before(tmp_path):
    checkpoints = [tmp_path / f"{stage}.weights.h5" for stage in ("pose_vae", "posterior", "joint")]
    for path in checkpoints[:2]:
        path.touch()
    with pytest.raises(
        InputError, match=r"posterior\.weights\.h5 is the last good .*--resume.*--set joint\.terms\.pose="
    ):
        LossGuard("joint", checkpoints).on_train_batch_end(0, {"loss": np.nan, "pose": np.nan})


def test_terms_are_named_before_their_sum():
    with pytest.raises(InputError, match="joint: realness, metric became NaN or infinite; no checkpoint"):
        logs = {"loss": np.nan, "realness": np.nan, "pose": 1.0, "metric": np.inf}
        LossGuard("joint", [Path("nowhere.weights.h5")]).on_train_batch_end(0, logs)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path):
    model = _model()
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    checkpoint.set_model(model)
    checkpoint.save()
    good = checkpoint.path.read_bytes()
    model.layers[1].kernel.assign(np.full((3, 2), np.nan))
    with pytest.raises(InputError, match="kernel is no longer finite"):
        checkpoint.save()
    assert checkpoint.path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [checkpoint.path]


def test_a_checkpoint_of_another_architecture(tmp_path):
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    checkpoint.set_model(_model())
    checkpoint.save()
    with pytest.raises(InputError, match="another architecture") as caught:
        checkpoint.restore(_model(width=5))
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"does not fit .*optimizer"):
        checkpoint.restore(_model(optimizer="sgd"))
    checkpoint.path.write_bytes(b"broken")
    with pytest.raises(InputError, match="damaged"):
        checkpoint.restore(_model())


@pytest.mark.parametrize("target", [1.0, np.nan])
def test_the_terminal_is_given_back_however_training_ends(target, monkeypatch, tmp_path):
    """Rich hides the cursor while a bar is shown."""
    shown = StringIO()
    monkeypatch.setattr(
        "cn_zoo.training.rich_progress.Console", lambda stderr: Console(file=shown, force_terminal=True)
    )
    guard = LossGuard("joint", [])
    with suppress(InputError), RichProgress("joint", steps=2, done=0, batch_size=1) as progress:
        _fit(_model(), [[1, 1], [target, 1]], guard, progress)
    assert shown.getvalue().count("\x1b[?25l") == shown.getvalue().count("\x1b[?25h") == 1
