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
from cn_zoo.training.curves import Curves, count_epochs, curves_path
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


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_not_saved(tmp_path, lost):
    model = _model()
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    checkpoint.set_model(model)
    checkpoint.save()
    good = checkpoint.path.read_bytes()
    model.layers[1].kernel.assign(np.full((3, 2), lost))
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


def test_millimetres_are_no_term_to_weigh_less():
    with pytest.raises(InputError, match=r"joint: pose became .*terms\.pose="):
        LossGuard("joint", []).on_train_batch_end(0, {"error_mm": np.nan, "loss": np.nan, "pose": np.nan})


def test_moving_statistics_that_are_no_numbers_are_not_saved(tmp_path):
    x = keras.Input((3,))
    norm = keras.layers.BatchNormalization()
    model = keras.Model(x, norm(x))
    model.compile("adam", "mse")
    norm.moving_variance.assign(np.full(3, np.inf))
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    checkpoint.set_model(model)
    with pytest.raises(InputError, match="moving_variance is no longer finite"):
        checkpoint.save()


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "mine.weights.h5")
    checkpoint.set_model(_model())
    checkpoint.save()
    good = checkpoint.path.read_bytes()

    def fail(path):
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint.model, "save_weights", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save()
    assert checkpoint.path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [checkpoint.path]


def test_a_stage_without_checkpoint_starts_at_step_0(tmp_path):
    assert Checkpoint(tmp_path / "mine.weights.h5").restore(_model()) == 0


def test_curves_keep_the_rows_of_saved_epochs_alone(tmp_path):
    path = curves_path(tmp_path, "posterior")
    assert count_epochs(path) == 0
    path.write_text("")
    assert count_epochs(path) == 0
    path.write_text("epoch,loss\n0,3.0\n1,2.0\n2,1.0\n")
    assert count_epochs(path) == 3
    _fit(_model(), [[1, 1]], Curves(path, done=2))
    rows = path.read_text().splitlines()
    assert rows[:3] == ["epoch,loss", "0,3.0", "1,2.0"] and len(rows) == 4
    assert float(rows[3].removeprefix("0,")) > 0


def test_curves_of_a_run_begun_anew_hold_no_earlier_rows(tmp_path):
    path = curves_path(tmp_path, "posterior")
    path.write_text("epoch,loss\n0,3.0\n")
    _fit(_model(), [[1, 1]], Curves(path, done=0))
    header, *rows = path.read_text().splitlines()
    assert header == "epoch,loss" and len(rows) == 1 and rows != ["0,3.0"]
