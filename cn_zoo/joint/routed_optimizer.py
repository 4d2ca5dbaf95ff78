"""One optimizer made of several, each for the weights of one player."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import KerasTensor, Variable


@keras.saving.register_keras_serializable(package="cn_zoo")
class RoutedOptimizer(keras.optimizers.Optimizer):
    """Steps each player's weights with that player's optimizer, on any backend.

    Gradients come in for all weights, as Keras' trainers compute them; those of players whose turn it is not are
    left aside, and so are these players' moments and step counts.

    Args:
        optimizers: one for each player, by name; nothing between players is shared.
        name: as for any optimizer.

    Raises:
        ValueError: a player's optimizer averages weights (``use_ema``) or scales losses (``loss_scale_factor``,
            ``LossScaleOptimizer``).
    """

    def __init__(self, optimizers: Mapping[str, keras.optimizers.Optimizer], name: str = "routed_optimizer") -> None:
        super().__init__(learning_rate=0.0, name=name)
        for player, optimizer in optimizers.items():
            # Keras's trainers do a part of the work of these options, and ask this optimizer alone for them.
            if refused := [option for option in ("use_ema", "loss_scale_factor") if getattr(optimizer, option)]:
                raise ValueError(f"the optimizer of {player} has {', '.join(refused)}; no player's may have that")
            if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
                raise ValueError(f"the optimizer of {player} scales losses; no player's may: give the one inside it")
            # By these names Keras' callbacks tell the players' learning rates.
            optimizer.name = player
        self.players = dict(optimizers)
        #: The player that `apply` steps; with None all step at once.
        self.turn: str | None = None
        self._player_of: dict[int, str] = {}

    @classmethod
    def alike(cls, optimizer: keras.optimizers.Optimizer, players: Sequence[str]) -> RoutedOptimizer:
        """The same kind of optimizer, with the same settings, for every player; the one given is only their pattern."""
        return cls({player: _copy(optimizer) for player in players})

    def route(self, players: Mapping[str, Sequence[Variable]]) -> None:
        """Say whose each weight is, and make the players' optimizers ready; call it once, before training.

        Weights that are nobody's stay as they are.

        Raises:
            ValueError: a player with weights has no optimizer.
        """
        missing = sorted(player for player, weights in players.items() if weights and player not in self.players)
        if missing:
            raise ValueError(f"no optimizer for {', '.join(missing)}; optimizers are for {', '.join(self.players)}")
        self._player_of = {id(weight): player for player, weights in players.items() for weight in weights}
        for player, weights in players.items():
            if weights:
                self.players[player].build(list(weights))

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Exclude weights from every player's weight decay, before `route`, as for any optimizer."""
        for optimizer in self.players.values():
            optimizer.exclude_from_weight_decay(var_list, var_names)

    @property
    def variables(self) -> list[Variable]:
        """The state of all players' optimizers."""
        return self._variables + [variable for each in self.players.values() for variable in each.variables]

    @property
    def iterations(self) -> Variable:
        """Steps of the player that has done most of them; others are frozen, had no terms or wait for their turn."""
        return max((optimizer.iterations for optimizer in self.players.values()), key=int)

    @property
    def optimizers(self) -> Iterator[keras.optimizers.Optimizer]:
        """The optimizers of the players with weights, or of all before `route`.

        Callbacks that change or log learning rates do so with each of these (from Keras 3.15 on). No list: Keras would
        save its members under this name, too.
        """
        routed = set(self._player_of.values()) or set(self.players)
        return (optimizer for player, optimizer in self.players.items() if player in routed)

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the last player, after `route` the last with weights; setting it sets all players'."""
        last = [*self.players, *self._player_of.values()][-1]
        return self.players[last].learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        for optimizer in self.players.values():
            optimizer.learning_rate = learning_rate

    def apply(self, grads: Sequence[KerasTensor | None], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Step the player whose turn it is, or all players.

        Args:
            grads: a gradient for each weight; None where there is none.
            trainable_variables: the weights; without them, those that the optimizer was built with.
        """
        weights = self._trainable_variables if trainable_variables is None else trainable_variables
        for player, optimizer in self.players.items():
            if self.turn in (None, player):
                pairs = zip(grads, weights, strict=True)
                mine = [(grad, weight) for grad, weight in pairs if self._player_of.get(id(weight)) == player]
                optimizer.apply([grad for grad, _ in mine], [weight for _, weight in mine])

    def save_own_variables(self, store: Any) -> None:
        """Save nothing: Keras finds and saves the players' optimizers itself."""

    def load_own_variables(self, store: Any) -> None:
        """Load nothing, as nothing was saved."""

    def get_config(self) -> dict[str, Any]:
        """The players' optimizers and the name."""
        serialize = keras.saving.serialize_keras_object
        optimizers = {player: _portable(serialize(each)) for player, each in self.players.items()}
        return {"optimizers": optimizers, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> RoutedOptimizer:
        """The optimizer of such a config."""
        optimizers = {
            player: keras.saving.deserialize_keras_object(_portable(each), custom_objects=custom_objects)
            for player, each in config["optimizers"].items()
        }
        return cls(optimizers, config["name"])


def _copy(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """An optimizer of the same settings, those that are no part of its config included."""
    config = optimizer.get_config()
    if isinstance(config.get("learning_rate"), dict):
        # Of a function, a config holds what only Keras's schedules are made from again.
        config["learning_rate"] = optimizer._learning_rate
    copied = type(optimizer).from_config(config)
    for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if hasattr(optimizer, name):
            setattr(copied, name, getattr(optimizer, name))
    return copied


def _portable(facts: dict[str, Any]) -> dict[str, Any]:
    """An optimizer's description for every backend: on PyTorch, Keras makes optimizers of classes of its own."""
    own = facts["module"].startswith("keras.src.backend.")
    return {**facts, "module": "keras.optimizers", "registered_name": None} if own else facts
