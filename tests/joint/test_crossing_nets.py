"""The whole of Crossing Nets as one Keras model: inference, training, saving; the same on every backend."""

import os
import subprocess
import sys
from pathlib import Path

import joint_steps
import keras
import numpy as np
import pytest
import tensorflow as tf

import cn_zoo
from cn_zoo.errors import WeightsError
from cn_zoo.objective import TERMS, JointObjective
from cn_zoo.zoo.preset import Preset
from cn_zoo.zoo.save_preset import save_preset

RNG = np.random.default_rng(0)
#: Five batches of two labelled and two unlabelled crops.
DATA = {
    "depth": RNG.uniform(-1, 1, (10, 128, 128, 1)).astype("float32"),
    "unlabelled": RNG.uniform(-1, 1, (10, 128, 128, 1)).astype("float32"),
    "pose": RNG.normal(size=(10, 14, 3)).astype("float32"),
}
LATENTS = RNG.normal(size=(2, 23)).astype("float32")
LABELLED = DATA["depth"][:2], DATA["pose"][:2]
POSES = {"pose": DATA["pose"]}
POSE_TERMS = dict.fromkeys(TERMS["pose_vae"], 1.0)


def _nets(run_eagerly=True, **options):
    keras.utils.set_random_seed(1)
    nets = cn_zoo.CrossingNets("paper", "nyu", **options)
    # A larger epsilon: where a gradient is all rounding, Adam would make a step of it, another on every backend.
    nets.compile(keras.optimizers.Adam(3e-4, epsilon=1e-3), run_eagerly=run_eagerly)
    return nets


def _numpy(value):
    return keras.ops.convert_to_numpy(value)


def _weights(networks):
    return [weight.numpy() for network in networks for weight in network.trainable_weights]


def _start(model, data, output, backend, *options):
    """Train saved nets in another process."""
    script = Path(joint_steps.__file__)
    # A tiny batch on one thread, compiled with less care: most of the time here is compilation.
    hurry = {"OMP_NUM_THREADS": "1", "XLA_FLAGS": "--xla_backend_optimization_level=1"}
    environment = {**os.environ, **hurry, "KERAS_BACKEND": backend}
    command = [sys.executable, str(script), str(model), str(data), str(output), *options]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def _finish(process, output):
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return dict(np.load(output))


@pytest.fixture(scope="module")
def nets():
    return _nets()


def test_estimates_synthesizes_and_encodes(nets):
    estimate = nets.estimate(DATA["depth"][:2])
    assert {name: tuple(value.shape) for name, value in estimate.items()} == {
        "pose": (2, 14, 3),
        "sigma": (2, 14),
        "latent": (2, 23),
        "hand": (2, 2),
    }
    np.testing.assert_allclose(_numpy(estimate["pose"]), _numpy(nets.pose_decoder(estimate["latent"])), atol=1e-5)
    code = nets.encode_pose(DATA["pose"][:2])
    assert code["mean"].shape == (2, 23) and code["log_variance"].shape == (2, 20)
    hand = nets.synthesize(LATENTS)
    assert hand["pose"].shape == (2, 14, 3) and hand["depth"].shape == (2, 128, 128, 1)


def test_predicts_as_it_estimates(nets):
    predicted = nets.predict(DATA["depth"][:2], verbose=0)
    np.testing.assert_allclose(predicted["pose"], _numpy(nets.estimate(DATA["depth"][:2])["pose"]), atol=1e-5)


def test_config_makes_the_same_architecture():
    nets = cn_zoo.CrossingNets("default", "icvl", cube_mm=300.0, seed=7)
    again = cn_zoo.CrossingNets.from_config(nets.get_config())
    assert again.get_config() == nets.get_config()
    assert [weight.shape for weight in again.weights] == [weight.shape for weight in nets.weights]


def test_nan_is_known_by_the_terms_that_it_reaches(nets):
    spoilt = np.full((2, 128, 128, 1), np.nan, "float32")
    values = nets.evaluate({"depth": LABELLED[0], "unlabelled": spoilt}, LABELLED[1], verbose=0, return_dict=True)
    lost = {name for name, value in values.items() if np.isnan(value)}
    assert lost == {"loss", "realness", "feature_matching", "unlabelled_cycle", "unlabelled_reconstruction"}


def test_frozen_networks_stay_and_missing_data_leaves_its_terms_out():
    nets = _nets()
    fixed = (nets.pose_encoder, nets.pose_decoder, nets.trunk, nets.mapping)
    for network in fixed:
        network.trainable = False
    moving = (nets.posterior_head, nets.realness_head, nets.metric_head, nets.generator)
    nets.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    before, before_moving = [weight.numpy() for net in fixed for weight in net.weights], _weights(moving)
    history = nets.fit(*LABELLED, verbose=0).history
    after = [weight.numpy() for net in fixed for weight in net.weights]
    assert all(np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    assert not any(np.array_equal(old, new) for old, new in zip(before_moving, _weights(moving), strict=True))
    assert int(nets.optimizer.iterations) == 1
    assert not {"unlabelled_cycle", "unlabelled_reconstruction", "pose_kl"} & history.keys()


def test_poses_alone_train_the_pose_vae_alone():
    nets = _nets(run_eagerly=False)
    every = [*nets.players["discriminator"], *nets.players["generator"]]
    before, before_others = _weights(nets.players["pose_vae"]), [network.get_weights() for network in every]
    history = nets.fit(POSES, batch_size=2, verbose=0).history
    assert history.keys() == {"loss", *TERMS["pose_vae"]}
    assert not any(map(np.array_equal, before, _weights(nets.players["pose_vae"])))
    for network, earlier in zip(every, before_others, strict=True):
        assert all(map(np.array_equal, network.get_weights(), earlier))
    assert int(nets.optimizer.iterations) == 5
    assert nets.optimizer.turn is None
    assert nets.evaluate(POSES, verbose=0, return_dict=True).keys() == history.keys()


def test_poses_alone_on_other_backends():
    test = f"{__file__}::{test_poses_alone_train_the_pose_vae_alone.__name__}"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    environments = [{**os.environ, "KERAS_BACKEND": backend} for backend in ("jax", "torch")]
    for process in [subprocess.Popen(command, env=each, stdout=subprocess.PIPE, text=True) for each in environments]:
        output, _ = process.communicate()
        assert process.returncode == 0, output


def test_a_batch_that_nobody_learns_from_is_an_error():
    nets = _nets()
    nets.pose_encoder.trainable = nets.pose_decoder.trainable = False
    nets.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="no data for any term of discriminator, generator"):
        nets.fit(POSES, verbose=0)
    nets.compile(objective=JointObjective.of({"pose": 1.0}), run_eagerly=True)
    with pytest.raises(ValueError, match="no data for any term of pose_vae, discriminator, generator"):
        nets.evaluate(POSES, verbose=0)


def test_nothing_to_train_is_an_error():
    nets = _nets()
    with pytest.raises(ValueError, match="no term of the objective weighs anything"):
        nets.compile(objective=JointObjective.of({}))
    nets.pose_encoder.trainable = nets.pose_decoder.trainable = False
    with pytest.raises(ValueError, match="terms reach pose_encoder, pose_decoder only, and these are frozen"):
        nets.compile(objective=JointObjective.of(POSE_TERMS))
    nets.trunk.trainable = nets.posterior_head.trainable = False
    with pytest.raises(ValueError, match="terms reach trunk, posterior_head only, and these are frozen"):
        nets.compile(objective=JointObjective.of({"pose": 1.0}))


def test_networks_that_no_term_reaches_are_not_stepped():
    """On JAX, where such gradients are zero and not absent, weight decay would wear them away."""
    nets = _nets()
    nets.compile(keras.optimizers.AdamW(1e-2, weight_decay=0.1), JointObjective.of({"pose": 1.0}), run_eagerly=True)
    reached = (nets.trunk, nets.posterior_head)
    others = [network for network in nets.networks.values() if network not in reached]
    before, before_others = _weights(reached), _weights(others)
    weights = nets.trainable_variables
    nets.optimizer.apply([np.zeros(weight.shape, "float32") for weight in weights], weights)
    assert not all(map(np.array_equal, before, _weights(reached)))
    assert all(map(np.array_equal, before_others, _weights(others)))


def test_the_side_head_learns_once_it_is_asked_to():
    nets, objective = _nets(), JointObjective.of({"side": 1.0})
    with pytest.raises(ValueError, match=r"set nets\.side_head\.trainable = True"):
        nets.compile(keras.optimizers.Adam(1e-2), objective, run_eagerly=True)
    nets.side_head.trainable = True
    nets.compile(keras.optimizers.Adam(1e-2), objective, run_eagerly=True)
    sides = [nets.fit(*LABELLED, verbose=0).history["side"][0] for _ in range(4)]
    assert sides[-1] < sides[0] - 0.1
    # A discriminator that is frozen as a whole has nothing to learn from sides.
    for network in nets.players["discriminator"]:
        network.trainable = False
    nets.compile(objective=JointObjective.of({"side": 1.0, "depth_reconstruction": 1.0}))


def test_validation_leaves_out_what_it_has_no_data_for():
    nets = _nets()
    terms = {"pose": 1.0, "unlabelled_cycle": 1.0}
    nets.compile(objective=JointObjective.of(terms))
    training = {"depth": LABELLED[0], "unlabelled": LABELLED[0]}
    history = nets.fit(training, LABELLED[1], validation_data=LABELLED, epochs=2, verbose=0).history
    logged = {"loss", "error_mm", *terms}
    assert history.keys() == logged | {"val_loss", "val_error_mm", "val_pose"}
    assert all(len(values) == 2 and all(values) for values in history.values())
    assert nets.evaluate(training, LABELLED[1], verbose=0, return_dict=True).keys() == logged
    assert nets.evaluate(*LABELLED, verbose=0, return_dict=True).keys() == logged - {"unlabelled_cycle"}


def test_weights_of_samples_are_an_error(nets):
    for run in (nets.fit, nets.evaluate):
        with pytest.raises(ValueError, match="give no sample_weight or class_weight"):
            run(*LABELLED, sample_weight=np.zeros(2), verbose=0)


def test_mixed_precision():
    nets = _nets(dtype="mixed_bfloat16")
    assert nets.trunk.compute_dtype == "bfloat16" and nets.pose_encoder.compute_dtype == "float32"
    before = _weights(nets.players["discriminator"])
    history = nets.fit(*LABELLED, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    assert not any(map(np.array_equal, before, _weights(nets.players["discriminator"])))
    for value in [*nets.estimate(LABELLED[0]).values(), *nets.synthesize(LATENTS).values()]:
        assert keras.backend.standardize_dtype(value.dtype) == "float32"


def test_resumed_in_a_fresh_process_equals_uninterrupted(tmp_path):
    np.savez(tmp_path / "data.npz", **DATA)
    nets = _nets(run_eagerly=False)
    nets.fit(*LABELLED, verbose=0)
    nets.save(tmp_path / "nets.keras")
    process = _start(tmp_path / "nets.keras", tmp_path / "data.npz", tmp_path / "out.npz", "tensorflow")
    expected = joint_steps.joint_steps(nets, DATA)
    found = _finish(process, tmp_path / "out.npz")
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4, rtol=1e-4, err_msg=name)


def test_saved_nets_keep_what_was_frozen_and_the_optimizer(tmp_path, recwarn):
    nets = _nets()
    nets.pose_decoder.trainable = False
    for network, layer in ((nets.pose_encoder, "pose_encoder_hidden"), (nets.trunk, "trunk_conv1_norm")):
        network.get_layer(layer).trainable = False
    nets.compile(objective=JointObjective.of(POSE_TERMS), run_eagerly=True)
    nets.fit(POSES, batch_size=2, verbose=0)
    # The optimizer goes by what was frozen when the nets were compiled.
    nets.trunk.trainable = nets.pose_encoder.trainable = False
    nets.save(tmp_path / "nets.keras")
    recwarn.clear()
    loaded = cn_zoo.CrossingNets.from_pretrained(tmp_path / "nets.keras")
    assert not [warning.message for warning in recwarn if "optimizer" in str(warning.message)]
    frozen = [name for name, network in loaded.networks.items() if not network.trainable]
    assert frozen == ["pose_decoder", "side_head"]
    for network, expected in (
        (loaded.pose_encoder, {"pose_encoder_hidden"}),
        (loaded.trunk, {"trunk_conv1_norm"}),
        (loaded.generator, set()),
    ):
        assert {layer.name for layer in network.layers if layer.weights and not layer.trainable} == expected
    assert int(loaded.optimizer.iterations) == 5
    for found, expected in zip(loaded.optimizer.variables, nets.optimizer.variables, strict=True):
        np.testing.assert_array_equal(_numpy(found), _numpy(expected))


@pytest.mark.parametrize("is_compiled", [True, False])
def test_what_is_frozen_stays_so_in_files_of_nets_that_are_not_compiled(tmp_path, is_compiled):
    nets = cn_zoo.CrossingNets("paper", "nyu")
    nets.pose_decoder.trainable = nets.trunk.get_layer("trunk_conv1_norm").trainable = False
    if is_compiled:
        nets.compile(objective=JointObjective.of(POSE_TERMS))
    nets.save(tmp_path / "nets.keras")
    loaded = keras.models.load_model(tmp_path / "nets.keras", compile=False)
    assert [name for name, network in loaded.networks.items() if not network.trainable] == ["pose_decoder", "side_head"]
    assert [layer.name for layer in loaded.trunk.layers if not layer.trainable and layer.weights] == [
        "trunk_conv1_norm"
    ]


def test_nets_saved_before_files_told_what_is_frozen_load_as_built():
    config = cn_zoo.CrossingNets("paper", "nyu").get_config()
    del config["frozen"]
    nets = cn_zoo.CrossingNets.from_config(config)
    assert [name for name, network in nets.networks.items() if not network.trainable] == ["side_head"]


def test_five_steps_agree_on_every_backend(tmp_path, monkeypatch):
    np.savez(tmp_path / "data.npz", **DATA)
    nets = _nets()
    nets.save(tmp_path / "nets.keras")
    outputs = {backend: tmp_path / f"{backend}.npz" for backend in ("jax", "torch")}
    started = {
        backend: _start(tmp_path / "nets.keras", tmp_path / "data.npz", output, backend, "noise-free")
        for backend, output in outputs.items()
    }
    monkeypatch.setattr(keras.random, "normal", keras.random.normal)
    monkeypatch.setattr(keras.random, "uniform", keras.random.uniform)
    joint_steps.without_noise()
    expected = joint_steps.joint_steps(nets, DATA)
    for backend, output in outputs.items():
        found = _finish(started[backend], output)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-3, rtol=1e-3, err_msg=f"{backend} {name}")


def test_a_model_released_without_nets_says_so(tmp_path):
    camera = (588.0, 587.0, 320.0, 240.0)
    facts = ("mine", "nyu", camera, 250.0, "right", "paper", 23, "none", "Apache-2.0", "none", {}, 0, {})
    save_preset(Preset(*facts), tmp_path)
    with pytest.raises(WeightsError, match="mine: has no file of kind 'nets'"):
        cn_zoo.CrossingNets.from_pretrained(tmp_path)


def test_another_model_is_no_crossing_nets(tmp_path):
    x = keras.Input((2,))
    keras.Model(x, keras.layers.Dense(1)(x)).save(tmp_path / "other.keras")
    with pytest.raises(WeightsError, match="holds no CrossingNets"):
        cn_zoo.CrossingNets.from_pretrained(tmp_path / "other.keras")


def test_a_network_of_frozen_nets_is_frozen():
    nets = _nets()
    nets.trainable = False
    nets.trunk.trainable = True
    with pytest.raises(ValueError, match="nothing to train: the objective's terms reach"):
        nets.compile()


def test_a_smaller_last_batch_counts_for_less():
    nets = _nets()
    pose = DATA["pose"][:3].copy()
    pose[2] += 10.0
    data = DATA["depth"][:3], pose
    single = [nets.evaluate(*data, batch_size=size, verbose=0, return_dict=True) for size in (1, 2)]
    for name in ("loss", "pose", "error_mm"):
        assert single[1][name] == pytest.approx(single[0][name], rel=1e-4), name


def test_callbacks_may_go_by_any_term():
    """Told that less is better: Keras knows that of compiled metrics only."""
    nets = _nets()
    stop = keras.callbacks.EarlyStopping(monitor="val_error_mm", mode="min", patience=5)
    history = nets.fit(*LABELLED, validation_data=LABELLED, callbacks=[stop], verbose=0).history
    assert history["val_error_mm"][0] == pytest.approx(50 * history["val_pose"][0], rel=1e-5)
    assert stop.best == pytest.approx(history["val_error_mm"][0], rel=1e-5)


@pytest.mark.parametrize(
    ("inputs", "pose", "reason"),
    [
        (
            DATA["depth"][:2, ..., 0],
            DATA["pose"][:2],
            r"depth must be of shape \(N, 128, 128, 1\); received \(2, 128, 128\)",
        ),
        (DATA["depth"][:2, 1:], DATA["pose"][:2], r"depth must be of shape .*; received \(2, 127, 128, 1\)"),
        (DATA["depth"][:2], DATA["pose"][:2, :13], r"pose must be of shape \(N, 14, 3\); received \(2, 13, 3\)"),
        ({"depth": DATA["depth"][:2], "unlabeled": DATA["depth"][:2]}, DATA["pose"][:2], "a batch holds no unlabeled"),
        ({"depth": DATA["depth"][:2], "pose": DATA["pose"][:2]}, DATA["pose"][:2], "its poses twice"),
        (
            {"depth": DATA["depth"][:2], "unlabelled": DATA["depth"][:2], "twin": DATA["depth"][:2]},
            DATA["pose"][:2],
            "the batch has twin without turn",
        ),
        (
            {"depth": DATA["depth"][:2], "twin": DATA["depth"][:2], "turn": np.zeros((2, 4, 3))},
            DATA["pose"][:2],
            "the batch has twin without unlabelled",
        ),
        (
            {"depth": DATA["depth"][:2], "unlabelled": DATA["depth"][:2], "turn": np.zeros((2, 4, 3))},
            DATA["pose"][:2],
            "the batch has turn without twin",
        ),
        (
            {"depth": DATA["depth"][:2], **dict.fromkeys(("unlabelled", "twin"), DATA["depth"]), "turn": np.eye(3)},
            DATA["pose"][:2],
            r"turn must be of shape \(N, 4, 3\); received \(3, 3\)",
        ),
        (
            {"depth": DATA["depth"][:2], "unlabelled": DATA["depth"][:2, :64]},
            DATA["pose"][:2],
            r"unlabelled must be of shape .*; received \(2, 64, 128, 1\)",
        ),
    ],
)
def test_batches_that_do_not_fit_are_errors(nets, inputs, pose, reason):
    with pytest.raises(ValueError, match=reason):
        nets.compute_loss(inputs, pose)


def test_metrics_are_those_of_the_terms_that_weigh_something():
    nets = _nets()
    nets.compile(objective=JointObjective.of({"pose": 1.0, "latent": 0.1}))
    assert nets.metrics_names == ["loss", "pose", "latent", "error_mm"]
    assert len(nets.evaluate(*LABELLED, verbose=0)) == 4
    nets.compile(objective=JointObjective.of({"latent": 0.1}))
    assert nets.metrics_names == ["loss", "latent"]


def test_exports_what_it_estimates(tmp_path):
    nets = cn_zoo.CrossingNets("paper", "nyu")
    nets.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(tmp_path / "saved")
    served = saved.serve(DATA["depth"][:2])
    for name, value in nets.estimate(DATA["depth"][:2]).items():
        np.testing.assert_allclose(served[name], value, atol=1e-5)


def test_steps_compiled_by_torch_log_their_terms():
    # In a process of its own, as a backend cannot be changed.
    script = """
import keras, numpy as np, cn_zoo
from cn_zoo.objective import JointObjective
nets = cn_zoo.CrossingNets("paper", "nyu")
nets.compile(objective=JointObjective.of({"pose_kl": 1.0}), jit_compile=True)
print(sorted(nets.fit({"pose": np.ones((2, 14, 3), "float32")}, verbose=0).history))
"""
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout == "['loss', 'pose_kl']\n", done.stderr


def test_the_loss_is_the_mean_of_the_players_weighted_terms():
    nets = _nets()
    nets.compile(objective=JointObjective.of({"pose_kl": 2.0, "pose": 3.0, "latent": 0.5}), run_eagerly=True)
    found = nets.evaluate(*LABELLED, verbose=0, return_dict=True)
    expected = (2.0 * found["pose_kl"] + (3.0 * found["pose"] + 0.5 * found["latent"])) / 2
    assert found["loss"] == pytest.approx(expected, rel=1e-5)


def test_training_leaves_out_what_only_earlier_batches_had_data_for():
    nets = _nets()
    terms = {"pose": 1.0, "unlabelled_cycle": 1.0}
    nets.compile(objective=JointObjective.of(terms), run_eagerly=True)
    unlabelled = nets.fit({"depth": LABELLED[0], "unlabelled": LABELLED[0]}, LABELLED[1], verbose=0).history
    assert unlabelled.keys() == {"loss", "error_mm", *terms}
    assert nets.fit(*LABELLED, verbose=0).history.keys() == {"loss", "error_mm", "pose"}


def test_the_networks_know_the_edge_of_the_cube():
    """What is read off the same depth maps grows with the cube, and of the same latents other maps are drawn."""
    one, other = cn_zoo.CrossingNets("default", "icvl", 200.0), cn_zoo.CrossingNets("default", "icvl", 300.0)
    offsets = one.posterior_head.get_layer("posterior_offsets")
    offsets.set_weights([np.zeros_like(weight) for weight in offsets.get_weights()])
    other.set_weights(one.get_weights())
    joints = [nets.posterior_head(nets.trunk(LABELLED[0]))["joints"] for nets in (one, other)]
    np.testing.assert_allclose(_numpy(joints[1]), 1.5 * _numpy(joints[0]), atol=1e-4)
    latents = one.estimate(LABELLED[0])["latent"]
    assert not np.allclose(one.synthesize(latents)["depth"], other.synthesize(latents)["depth"])


def test_hands_are_synthesized_each_by_itself(nets):
    """By moving statistics, which stay."""
    before = [network.get_weights() for network in (nets.mapping, nets.generator)]
    alone, both = nets.synthesize(LATENTS[:1])["depth"], nets.synthesize(LATENTS)["depth"]
    np.testing.assert_allclose(_numpy(both)[:1], _numpy(alone), atol=1e-5)
    for network, weights in zip((nets.mapping, nets.generator), before, strict=True):
        assert all(map(np.array_equal, network.get_weights(), weights))


def test_by_default_all_players_have_adam_as_in_the_paper():
    nets = _nets()
    nets.compile()
    assert list(nets.optimizer.players) == list(TERMS)
    for optimizer in nets.optimizer.players.values():
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert (float(optimizer.learning_rate), optimizer.beta_1) == (pytest.approx(1e-3), 0.5)


def test_the_noise_is_that_of_the_seed():
    generators = cn_zoo.CrossingNets("paper", "nyu", seed=7).seed_generator, keras.random.SeedGenerator(7)
    mine, expected = (_numpy(keras.random.normal((4,), seed=each)) for each in generators)
    np.testing.assert_array_equal(mine, expected)
