"""Starting from the weights of a trained model."""

from __future__ import annotations

from collections.abc import Collection

import keras

from cn_zoo.errors import InputError
from cn_zoo.joint import CrossingNets
from cn_zoo.models import HAND_HEAD, NETWORKS, SIDE_HEAD, SIGMA_CALIBRATION, load_keras_file
from cn_zoo.zoo import FileRecord, get_preset, resolve

_TRY = "train that network too, or start from a model of the same architecture and skeleton"
_POSE_VAE = ("pose_encoder", "pose_decoder")
_ESTIMATOR = ("trunk", "posterior_head", "pose_decoder")


def has_nets(model: str) -> bool:
    """Whether a model comes with its nets. A weights file is taken as it is, whatever lies beside it."""
    nets = get_preset(model).files.get("nets")
    return nets is not None and FileRecord.of(resolve(model, "nets")).sha256 == nets.sha256


def is_alike(model: str, skeleton: str, architecture: str) -> bool:
    """Whether a model is of this skeleton and architecture: its calibration and heads can be taken over."""
    preset = get_preset(model)
    return (preset.skeleton, preset.architecture) == (skeleton, architecture)


def known_networks(nets: CrossingNets, model: str) -> set[str]:
    """Names of the networks that nets which `start_from` a model need not learn from nothing."""
    known = set(NETWORKS if has_nets(model) else _ESTIMATOR)
    return known if is_alike(model, nets.skeleton, nets.architecture) else known - {*_POSE_VAE}


def start_from(nets: CrossingNets, model: str, trained: Collection[str]) -> None:
    """Copy a trained model's weights, wherever layers' names and shapes agree.

    All of its nets if it was released with them, else its estimator's networks. The pose VAE is copied only between
    models of one skeleton: of half a latent space nothing can be made.

    Args:
        nets: they get the weights.
        model: a name, path or URL.
        trained: names of the networks that will be trained; of the estimator's others all layers must agree.

    Raises:
        UnknownModelError, WeightsError: the model is not there.
        InputError: it is of another architecture or skeleton, and a network that must agree does not.
    """
    source = load_keras_file(resolve(model, "nets" if has_nets(model) else "estimator"))
    if isinstance(source, CrossingNets):
        sources, estimator = source.networks, source.estimator
    else:
        by_layer = {nets.networks[name].name: name for name in NETWORKS}
        sources, estimator = {by_layer[each.name]: each for each in source.layers if each.name in by_layer}, source
    if not {"pose_encoder"} & {*sources, *trained}:
        raise InputError(f"{model}: was released without its pose encoder; put the stage pose_encoder first")
    alike = is_alike(model, nets.skeleton, nets.architecture)
    # Its evidence is another for each skeleton; between models of one it is copied below.
    sources.pop(SIDE_HEAD, None)
    for name, source in sources.items():
        if alike or name not in _POSE_VAE:
            whole = _copy_layers(source, nets.networks[name])
            if not whole and name not in trained:
                wanted = f"the architecture {nets.architecture} with the skeleton {nets.skeleton}"
                raise InputError(f"{model}: its {name} does not fit {wanted}; {_TRY}")
        elif name not in trained:
            raise InputError(f"{model}: is of another skeleton or architecture, so its {name} must be trained; {_TRY}")
    if alike:
        for layer in (SIGMA_CALIBRATION, HAND_HEAD, SIDE_HEAD):
            nets.estimator.get_layer(layer).set_weights(estimator.get_layer(layer).get_weights())


def _copy_layers(source: keras.Model, target: keras.Model) -> bool:
    """Copy what agrees; tell whether that was everything."""
    copied = 0
    trained = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in target.layers:
        weights = trained.get(layer.name, [])
        if [weight.shape for weight in weights] == [weight.shape for weight in layer.get_weights()]:
            layer.set_weights(weights)
            copied += len(weights)
    return copied == len(target.weights) == len(source.weights)
