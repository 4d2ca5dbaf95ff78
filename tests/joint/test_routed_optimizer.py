from types import SimpleNamespace

import keras
import numpy as np
import pytest

from cn_zoo.joint import RoutedOptimizer


def _routed(optimizers):
    weights = {player: [keras.Variable(np.ones(2, "float32"), name=player)] for player in ("mine", "yours")}
    optimizer = RoutedOptimizer(optimizers)
    optimizer.route(weights)
    every = weights["mine"] + weights["yours"]
    optimizer.build(every)
    return optimizer, every


def _values(weights):
    return [np.array(weight).tolist() for weight in weights]


#: Earlier ones know of one optimizer alone.
needs_callbacks_for_several = pytest.mark.skipif(
    tuple(map(int, keras.version().split(".")[:2])) < (3, 15), reason="Keras before 3.15"
)

GRADIENTS = [np.ones(2, "float32"), np.ones(2, "float32")]


def test_each_player_has_its_own_optimizer():
    optimizer, weights = _routed({"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.SGD(0.5)})
    optimizer.apply(GRADIENTS, weights)
    np.testing.assert_allclose(_values(weights), [[0.9, 0.9], [0.5, 0.5]])


def test_waiting_players_keep_weights_moments_and_steps():
    optimizer, weights = _routed({"mine": keras.optimizers.Adam(0.1), "yours": keras.optimizers.Adam(0.1)})
    optimizer.apply(GRADIENTS, weights)
    waiting = [np.array(state) for state in optimizer.players["yours"].variables]
    before = _values(weights)
    optimizer.turn = "mine"
    optimizer.apply([GRADIENTS[0], np.zeros(2, "float32")], weights)
    after = _values(weights)
    assert after[0] != before[0] and after[1] == before[1]
    for old, new in zip(waiting, optimizer.players["yours"].variables, strict=True):
        np.testing.assert_array_equal(old, np.array(new))


def test_learning_rate_is_everyones():
    optimizer, _ = _routed({"mine": keras.optimizers.Adam(0.1), "yours": keras.optimizers.Adam(0.1)})
    optimizer.learning_rate = 0.25
    assert [float(each.learning_rate) for each in optimizer.players.values()] == [0.25, 0.25]


@needs_callbacks_for_several
@pytest.mark.parametrize(
    ("schedule", "expected"), [(lambda epoch, rate: rate / 2, [0.05, 0.1]), (lambda epoch: 0.3, [0.3, 0.3])]
)
def test_callbacks_change_each_players_rate_and_tell_it(schedule, expected):
    optimizer, _ = _routed({"mine": keras.optimizers.Adam(0.1), "yours": keras.optimizers.Adam(0.2)})
    callback, logs = keras.callbacks.LearningRateScheduler(schedule), {"loss": 0.0}
    callback.set_model(SimpleNamespace(optimizer=optimizer))
    callback.on_epoch_begin(0)
    assert [float(each.learning_rate) for each in optimizer.players.values()] == pytest.approx(expected)
    callback.on_epoch_end(0, logs)
    assert [logs[f"learning_rate_{player}"] for player in ("mine", "yours")] == pytest.approx(expected)


def test_before_any_weight_is_anyones_it_stands_at_the_start():
    optimizer = RoutedOptimizer({"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.SGD(0.5)})
    assert (float(optimizer.learning_rate), int(optimizer.iterations)) == (0.5, 0)


def test_steps_are_those_of_the_player_that_did_most():
    optimizer, weights = _routed({"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.SGD(0.1)})
    optimizer.turn = "mine"
    optimizer.apply(GRADIENTS, weights)
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("option", [{"use_ema": True}, {"loss_scale_factor": 4.0}])
def test_options_that_would_be_lost_are_an_error(option):
    with pytest.raises(ValueError, match=f"the optimizer of mine has {next(iter(option))}"):
        RoutedOptimizer.alike(keras.optimizers.SGD(0.1, **option), ["mine"])


def test_config_keeps_every_players_optimizer():
    optimizers = {"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.Adam(0.5, beta_1=0.5)}
    optimizer = RoutedOptimizer(optimizers, name="ours")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert again.players["yours"].beta_1 == 0.5


def test_a_player_without_optimizer_is_an_error():
    with pytest.raises(ValueError, match="no optimizer for yours"):
        _routed({"mine": keras.optimizers.SGD(0.1)})


def test_optimizers_that_scale_losses_are_refused():
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match="mine scales losses"):
        RoutedOptimizer({"mine": scaled})


def test_what_pytorch_has_saved_is_for_every_backend():
    """There, Keras makes its optimizers of classes of that backend's."""
    config = RoutedOptimizer({"mine": keras.optimizers.Adam(0.25)}).get_config()
    assert config["optimizers"]["mine"]["module"] == "keras.optimizers"
    own = {"module": "keras.src.backend.torch.optimizers.torch_adam", "registered_name": "Adam"}
    saved = {**config, "optimizers": {"mine": {**config["optimizers"]["mine"], **own}}}
    found = RoutedOptimizer.from_config(saved).players["mine"]
    assert type(found) is type(keras.optimizers.Adam())
    assert float(found.learning_rate) == 0.25


def test_alike_keeps_what_weight_decay_spares_and_rates_that_are_functions():
    def rate():
        return 0.25

    pattern = keras.optimizers.SGD(rate, weight_decay=0.4)
    pattern.exclude_from_weight_decay(var_names=["yours"])
    optimizer = RoutedOptimizer.alike(pattern, ["mine", "yours"])
    weights = {player: [keras.Variable(np.ones(2, "float32"), name=player)] for player in ("mine", "yours")}
    optimizer.route(weights)
    every = weights["mine"] + weights["yours"]
    optimizer.build(every)
    optimizer.apply(GRADIENTS, every)
    # Of 1, a tenth decays, and 0.25 is the step.
    np.testing.assert_allclose(_values(every), [[0.65, 0.65], [0.75, 0.75]], rtol=1e-6)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5)
    assert float(RoutedOptimizer.alike(keras.optimizers.SGD(schedule), ["mine"]).learning_rate) == 0.5


@pytest.mark.parametrize("by", ["names", "list"])
@pytest.mark.parametrize("make", ["each", "alike"])
def test_all_players_spare_the_same_weights(by, make):
    sgd, players = keras.optimizers.SGD(0.5, weight_decay=0.2), ("mine", "yours")
    weights = {player: [keras.Variable(np.ones(2, "float32"), name=player)] for player in players}
    spared = {"var_names": ["our"]} if by == "names" else {"var_list": weights["yours"]}
    if make == "alike":
        sgd.exclude_from_weight_decay(**spared)
        optimizer = RoutedOptimizer.alike(sgd, players)
    else:
        optimizer = RoutedOptimizer.alike(sgd, players)
        optimizer.exclude_from_weight_decay(**spared)
    optimizer.route(weights)
    every = weights["mine"] + weights["yours"]
    optimizer.build(every)
    optimizer.apply(GRADIENTS, every)
    np.testing.assert_allclose(_values(every), [[0.4, 0.4], [0.5, 0.5]], rtol=1e-6)


def test_players_without_weights_have_no_rate_to_tell():
    optimizer = RoutedOptimizer({"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.SGD(0.5)})
    optimizer.route({"mine": [keras.Variable(np.ones(2, "float32"))], "yours": []})
    assert [each.name for each in optimizer.optimizers] == ["mine"]
    assert float(optimizer.learning_rate) == pytest.approx(0.1)


def test_without_a_list_all_weights_are_stepped():
    optimizer, weights = _routed({"mine": keras.optimizers.SGD(0.1), "yours": keras.optimizers.SGD(0.5)})
    optimizer.apply(GRADIENTS)
    np.testing.assert_allclose(_values(weights), [[0.9, 0.9], [0.5, 0.5]])


def test_players_without_weights_need_no_optimizer():
    optimizer, weight = RoutedOptimizer({"mine": keras.optimizers.SGD(0.1)}), keras.Variable(np.ones(2, "float32"))
    optimizer.route({"mine": [weight], "yours": []})
    optimizer.apply(GRADIENTS[:1], [weight])
    np.testing.assert_allclose(_values([weight]), [[0.9, 0.9]])


def test_optimizers_of_ones_own_are_found_by_their_name():
    class Mine(keras.optimizers.SGD):
        pass

    config = RoutedOptimizer({"mine": Mine(0.1)}).get_config()
    assert type(RoutedOptimizer.from_config(config, {"Mine": Mine}).players["mine"]) is Mine
