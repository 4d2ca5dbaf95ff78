"""Each term of the joint objective compares what it should, trains its own player, and no other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cn_zoo.joint import CrossingNets
from cn_zoo.models import evidence_of, posterior_evidence
from cn_zoo.objective import (
    MIXED_LATENTS,
    TERMS,
    Batch,
    JointObjective,
    clipped_reconstruction,
    convex_combinations,
    difference_error,
    feature_matching,
    joint_error,
    kl_divergence,
    latent_error,
    latent_likelihood,
    pose_reconstruction,
    realness_error,
    sample_latent,
    turn_pose,
)
from cn_zoo.objective.discriminator_pass import DiscriminatorPass
from cn_zoo.objective.generator_pass import GeneratorPass

#: The networks that each term must reach.
REACHED = {
    "pose_kl": {"pose_encoder"},
    "pose_reconstruction": {"pose_encoder", "pose_decoder"},
    "pose": {"trunk", "posterior_head"},
    "dense_pose": {"trunk", "posterior_head"},
    "posterior": {"trunk", "posterior_head"},
    "latent": {"trunk", "posterior_head"},
    "consistency": {"trunk", "posterior_head"},
    "synthetic_posterior": {"trunk", "posterior_head"},
    "realness": {"trunk", "realness_head"},
    "metric": {"trunk", "metric_head"},
    "side": {"trunk", "posterior_head", "side_head"},
    "unlabelled_cycle": {"trunk", "posterior_head"},
    "depth_reconstruction": {"mapping", "generator"},
    "unlabelled_reconstruction": {"mapping", "generator"},
    "generated_pose": {"mapping", "generator"},
    "feature_matching": {"mapping", "generator"},
    "generator_metric": {"mapping", "generator"},
}
#: Every term, those too that weigh nothing unless asked for.
ALL = JointObjective(side=0.1)
UNLABELLED = {"consistency", "unlabelled_cycle", "unlabelled_reconstruction"}


@pytest.fixture(scope="module")
def nets():
    keras.utils.set_random_seed(3)
    nets = CrossingNets("default", "nyu")
    nets.side_head.trainable = True
    # As they start, networks say nearly the same of everything.
    weights = [weight for network in nets.networks.values() for weight in network.weights]
    for kernel in (weight for weight in weights if weight.name == "kernel"):
        kernel.assign(2.0 * kernel)
    # These weights start at zero, which would let no gradient through.
    layers = nets.posterior_head.get_layer("posterior_log_variance"), nets.side_head.get_layer("side_head_odds")
    for layer in layers:
        layer.kernel.assign(np.full(layer.kernel.shape, 0.001))
    return nets


def _batch(unlabelled, labelled=2, training=True):
    rng = np.random.default_rng(0)
    depth = rng.uniform(-1, 1, (labelled + unlabelled, 128, 128, 1)).astype("float32")
    pose = rng.normal(size=(labelled, 14, 3)).astype("float32")
    more = {}
    if unlabelled:
        more = {"unlabelled": tf.constant(depth[labelled:]), "twin": tf.constant(depth[labelled:] * 0.9)}
        more["turn"] = tf.constant(rng.normal(size=(unlabelled, 4, 3)).astype("float32"))
    return Batch(tf.constant(pose), tf.constant(depth[:labelled]), **more, training=training)


def _reached(networks, term, tape):
    """Names of the networks whose weights get a gradient."""
    owners = [name for name, network in networks.items() for _ in network.trainable_weights]
    weights = [weight.value for network in networks.values() for weight in network.trainable_weights]
    pairs = zip(owners, tape.gradient(term, weights), strict=True)
    gradients = [(owner, np.array(gradient)) for owner, gradient in pairs if gradient is not None]
    assert all(np.isfinite(gradient).all() for _, gradient in gradients)
    return {owner for owner, gradient in gradients if gradient.any()}


def test_gradients_reach_the_players_they_should(nets):
    found = {}
    for player in nets.players:
        # Another number of unlabelled than of labelled depth maps shows that no slice mixes them.
        with tf.GradientTape(persistent=True) as tape:
            terms = ALL.terms(nets, player, _batch(unlabelled=3))
        found |= {name: _reached(nets.networks, term, tape) for name, term in terms.items()}
    assert found == REACHED
    assert set(JointObjective().get_config()) == set(REACHED)


def test_what_is_said_to_learn_from_a_term_does():
    assert {name: set(networks) for terms in TERMS.values() for name, networks in terms.items()} == REACHED
    objective = JointObjective.of({"realness": 1.0, "side": 0.1})
    assert objective.trains("discriminator") == {"trunk", "posterior_head", "side_head", "realness_head"}
    assert objective.trains("generator") == set()


def test_each_term_compares_what_it_should(nets):
    """Every term but the side's, which has a test of its own."""
    batch = _batch(labelled=3, unlabelled=2, training=False)
    terms = {}
    for player in nets.players:
        terms |= JointObjective().terms(nets, player, batch)
    expected = _by_the_networks(nets, batch)
    assert terms.keys() == expected.keys() == REACHED.keys() - {"side"}
    for name, value in expected.items():
        np.testing.assert_allclose(float(terms[name]), np.mean(value), rtol=2e-5, err_msg=name)
    # They find their depth maps where those of other terms are not generated, too.
    for name in TERMS["generator"]:
        alone = JointObjective.of({name: 1.0}).terms(nets, "generator", batch)[name]
        np.testing.assert_allclose(float(alone), np.mean(expected[name]), rtol=2e-5, err_msg=name)


def _by_the_networks(nets, batch):
    """The terms of each sample, or their sum, by what the networks say of one kind of depth maps at a time."""

    def read(depth):
        return nets.posterior_head(nets.trunk(depth))

    def told(*depths):
        return nets.realness_head(nets.trunk(np.concatenate(depths)))

    def embedded(depth):
        return nets.metric_head(nets.trunk(depth))

    def drawn(latent):
        return nets.generator(nets.mapping(latent))

    def decoded(posterior):
        return nets.pose_decoder(posterior["mean"])

    code = nets.pose_encoder(batch.pose)
    latent = np.array(code["mean"])
    # Without the noise of training all latents that are mixed weigh alike.
    mixed = np.array(convex_combinations(latent, np.ones((len(latent), MIXED_LATENTS), "float32")))
    labelled, unlabelled, twin = (read(depth) for depth in (batch.depth, batch.unlabelled, batch.twin))
    reconstructed, random = drawn(latent), drawn(mixed)
    turned = turn_pose(decoded(unlabelled), batch.turn)
    real, fake = told(batch.depth, batch.unlabelled, batch.twin), told(reconstructed, random)
    redrawn = clipped_reconstruction(batch.unlabelled, drawn(unlabelled["mean"]))
    embedding, random_embedding = np.array(embedded(batch.depth)), np.array(embedded(random))
    # Each depth map of the batch against the one before it, the first against the last.
    real_metric = difference_error(embedding, embedding[[2, 0, 1]], latent, latent[[2, 0, 1]])
    random_metric = difference_error(random_embedding, embedding, mixed, latent)
    return {
        "pose_kl": kl_divergence(latent[:, :-3], code["log_variance"]),
        "pose_reconstruction": pose_reconstruction(batch.pose, nets.pose_decoder(latent)),
        "pose": joint_error(batch.pose, decoded(labelled)),
        "dense_pose": joint_error(batch.pose, labelled["joints"]),
        "posterior": latent_likelihood(latent, labelled["mean"], labelled["log_variance"]),
        "latent": latent_error(latent, labelled["mean"]),
        "unlabelled_cycle": redrawn,
        "consistency": joint_error(turned, decoded(twin)) + joint_error(turned, twin["joints"]),
        "synthetic_posterior": latent_likelihood(mixed, read(random)["mean"], read(random)["log_variance"]),
        "realness": np.mean(realness_error(real["real"], True)) + np.mean(realness_error(fake["real"], False)),
        "metric": real_metric + random_metric,
        "depth_reconstruction": clipped_reconstruction(batch.depth, reconstructed),
        "unlabelled_reconstruction": redrawn,
        "generated_pose": [
            joint_error(nets.pose_decoder(latent), decoded(read(reconstructed))),
            joint_error(nets.pose_decoder(mixed), decoded(read(random))),
        ],
        "feature_matching": feature_matching(
            told(batch.depth, batch.unlabelled)["features"], told(reconstructed, random)["features"]
        ),
        "generator_metric": random_metric,
    }


def test_without_unlabelled_depth_only_its_own_terms_are_missing(nets):
    terms = {name for player in nets.players for name in ALL.terms(nets, player, _batch(0))}
    assert terms == set(REACHED) - UNLABELLED


def test_the_discriminator_cannot_tell_depth_maps_from_themselves(nets, monkeypatch):
    """In training, too: a batch's own statistics would tell what was normalised by them."""
    batch = _batch(unlabelled=0, labelled=4)

    def again(nets, latent):
        return tf.concat([batch.depth] * (len(latent) // len(batch.depth)), axis=0)

    monkeypatch.setattr(DiscriminatorPass, "_generate", again)
    found = DiscriminatorPass(nets, batch, ["realness"])
    assert float(found.realness()) >= 2 * np.log(2) - 1e-6


def test_in_training_the_discriminator_compares_by_moving_statistics(nets, monkeypatch):
    """Where generated depth maps are the real ones, the heads say the same of both."""
    batch = _batch(unlabelled=0, labelled=3)
    monkeypatch.setattr(DiscriminatorPass, "_generate", lambda nets, latent: tf.concat([batch.depth] * 2, axis=0))
    found = DiscriminatorPass(nets, batch, ["realness", "metric"])
    realness, metric = float(found.realness()), float(found.metric())
    latent, random_latent = map(np.array, found._latents)
    features = nets.trunk(batch.depth)
    odds = nets.realness_head(features)["real"]
    assert realness == pytest.approx(np.mean(realness_error(odds, True) + realness_error(odds, False)), rel=1e-4)
    embedding, before = np.array(nets.metric_head(features)), [2, 0, 1]
    real = difference_error(embedding, embedding[before], latent, latent[before])
    fake = difference_error(embedding, embedding, random_latent, latent)
    assert metric == pytest.approx(np.mean(real + fake), rel=1e-4)


@pytest.mark.parametrize("trainable", [True, False])
def test_what_is_compared_is_normalised_by_moving_statistics(nets, trainable):
    batch, start = _batch(unlabelled=3), nets.trunk.get_weights()
    nets.trunk.trainable = trainable
    found = DiscriminatorPass(nets, batch, ["realness"])
    seen = np.array(found._real)
    compared = np.array(found._compared)
    expected = np.array(nets.trunk(np.concatenate([batch.depth, batch.unlabelled, batch.twin]), training=False))
    np.testing.assert_allclose(compared, expected, atol=1e-5)
    # What sets the statistics is normalised by its own, unless nothing learns.
    assert np.allclose(seen, expected, atol=1e-5) is not trainable
    nets.trunk.trainable = True
    nets.trunk.set_weights(start)


def _statistics(nets):
    """What moves while a network sees depth maps or latents in training, by network."""
    return {
        name: [weight for weight in network.non_trainable_weights if "moving" in weight.name]
        for name, network in nets.networks.items()
    }


def _numbers(weights):
    return {name: [np.array(weight) for weight in each] for name, each in weights.items()}


def _moved(before, after):
    return {name for name in before if not all(map(np.array_equal, before[name], after[name]))}


def test_statistics_are_those_of_real_depth_maps_seen_once(nets):
    """Labelled, unlabelled, twin and mirrored ones in trunk and posterior; each head has those that it looks at."""
    batch, statistics = _batch(unlabelled=3), _statistics(nets)
    start = _numbers(statistics)
    ALL.terms(nets, "discriminator", _batch(unlabelled=3, training=False))
    assert _moved(start, _numbers(statistics)) == set()
    ALL.terms(nets, "discriminator", batch)
    found = _numbers(statistics)
    assert _moved(start, found) == set(nets.networks) - {"pose_encoder", "pose_decoder", "mapping", "generator"}
    for name, weights in statistics.items():
        for weight, value in zip(weights, start[name], strict=True):
            weight.assign(value)
    mirrored = np.flip(batch.depth, axis=2)
    features = nets.trunk(np.concatenate([batch.depth, batch.unlabelled, batch.twin, mirrored]), training=True)
    evidence = posterior_evidence(nets.posterior_head(features, training=True))
    nets.side_head(np.concatenate([evidence[: len(mirrored)], evidence[-len(mirrored) :]]), training=True)
    for head in (nets.realness_head, nets.metric_head):
        head(features[: -len(mirrored)], training=True)
    for name, expected in _numbers(statistics).items():
        for value, other in zip(found[name], expected, strict=True):
            np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6, err_msg=name)


def test_the_generators_statistics_are_those_of_its_own_turn(nets):
    statistics = _statistics(nets)
    before = _numbers(statistics)
    ALL.terms(nets, "generator", _batch(unlabelled=3))
    assert _moved(before, _numbers(statistics)) == {"mapping", "generator"}


def test_in_training_the_discriminator_sees_what_the_generator_draws_then(nets):
    """By the statistics of a batch."""
    latent = np.random.default_rng(1).normal(size=(3, 43)).astype("float32")
    found = DiscriminatorPass(nets, _batch(unlabelled=0), ["realness"])._generate(latent)
    expected = nets.generator(nets.mapping(latent, training=True), training=True)
    np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-5)


def test_what_the_generator_draws_in_training_is_judged_by_moving_statistics(nets):
    """Each depth map by itself, as those are judged that come without a batch."""
    batch = _batch(labelled=3, unlabelled=2)
    found = GeneratorPass(nets, batch, TERMS["generator"])
    latent, random_latent = found._latents

    def read(depth):
        return nets.posterior_head(nets.trunk(depth))["mean"]

    latents = tf.concat([latent, random_latent, read(batch.unlabelled)], axis=0)
    drawn = nets.generator(nets.mapping(latents, training=True), training=True)
    np.testing.assert_allclose(found._generated, drawn, atol=1e-5)
    fake, real = drawn[:6], tf.concat([batch.depth, batch.unlabelled], axis=0)
    features = [nets.realness_head(nets.trunk(depth))["features"] for depth in (real, fake)]
    embeddings = [nets.metric_head(nets.trunk(depth)) for depth in (fake[3:], batch.depth)]
    expected = {
        "feature_matching": feature_matching(*features),
        "generator_metric": difference_error(*embeddings, random_latent, latent),
        "generated_pose": joint_error(nets.pose_decoder(latents[:6]), nets.pose_decoder(read(fake))),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(float(getattr(found, name)()), np.mean(value), rtol=1e-4, err_msg=name)


def test_the_mean_learns_nothing_from_its_likelihood(nets):
    with tf.GradientTape() as tape:
        found = DiscriminatorPass(nets, _batch(unlabelled=0), ["posterior"])
        likelihood = found.posterior()
    mean, log_variance = tape.gradient(likelihood, [found._posterior[name] for name in ("mean", "log_variance")])
    assert mean is None and np.any(log_variance)


def test_a_twin_learns_from_its_depth_map_and_not_the_other_way_round(nets):
    batch = _batch(unlabelled=3, training=False)
    with tf.GradientTape() as tape:
        tape.watch([batch.unlabelled, batch.twin])
        consistency = JointObjective.of({"consistency": 1.0}).terms(nets, "discriminator", batch)["consistency"]
    unlabelled, twin = tape.gradient(consistency, [batch.unlabelled, batch.twin])
    assert not np.any(unlabelled) and np.any(twin)


def test_the_pose_vae_decodes_samples_in_training(nets):
    batch = _batch(unlabelled=0)
    state = np.array(nets.seed_generator.state)
    found = JointObjective.of({"pose_reconstruction": 1.0}).terms(nets, "pose_vae", batch)["pose_reconstruction"]
    nets.seed_generator.state.assign(state)
    code = nets.pose_encoder(batch.pose)
    noise = keras.random.normal(code["log_variance"].shape, seed=nets.seed_generator)
    samples = sample_latent(code["mean"], code["log_variance"], noise)
    expected = np.mean(pose_reconstruction(batch.pose, nets.pose_decoder(samples)))
    np.testing.assert_allclose(float(found), expected, rtol=1e-5)


def test_without_labels_there_is_no_term(nets):
    batch = _batch(unlabelled=2)
    unlabelled = Batch(depth=batch.depth, unlabelled=batch.unlabelled, training=True)
    assert all(JointObjective().terms(nets, player, unlabelled) == {} for player in nets.players)


def test_sides_are_told_by_features_and_leave_the_doubts_alone(nets):
    batch = _batch(unlabelled=3, training=False)
    with tf.GradientTape() as tape:
        side = JointObjective.of({"side": 1.0}).terms(nets, "discriminator", batch)["side"]
    doubts = nets.posterior_head.get_layer("posterior_log_variance").kernel.value
    assert tape.gradient(side, doubts) is None
    views = (batch.depth, keras.ops.flip(batch.depth, axis=2))
    evidence = [evidence_of(nets.estimator)(view) for view in views]
    known, mirrored = (np.array(nets.side_head(each))[:, 0] for each in evidence)
    expected = np.mean(np.log1p(np.exp(-known)) + np.log1p(np.exp(mirrored)) + np.log1p(np.exp(mirrored - known)))
    np.testing.assert_allclose(float(side), expected, rtol=1e-4)


def test_mirror_images_belong_to_no_other_term(nets):
    batch, noise = _batch(unlabelled=3, training=False), nets.seed_generator.state
    start, found = np.array(noise.value), []
    for objective in (JointObjective(), ALL):
        noise.assign(start)
        found.append(objective.terms(nets, "discriminator", batch))
    without, terms = found
    assert set(terms) - set(without) == {"side"}
    for name, value in without.items():
        np.testing.assert_allclose(float(terms[name]), float(value), rtol=1e-5, err_msg=name)


def test_weights():
    objective = JointObjective.from_config({**JointObjective().get_config(), "pose": 2.0, "realness": 0.0})
    assert objective.weigh({"pose": 3.0, "realness": 100.0}) == 6.0


def test_what_weighs_nothing_is_not_computed(nets):
    objective = JointObjective.of({"pose": 1.0, "latent": 0.5})
    terms = {player: set(objective.terms(nets, player, _batch(0))) for player in nets.players}
    assert terms == {"pose_vae": set(), "discriminator": {"pose", "latent"}, "generator": set()}
    assert [player for player in nets.players if objective.trains(player)] == ["discriminator"]


def test_unknown_terms_are_an_error():
    with pytest.raises(TypeError, match="colour"):
        JointObjective.of({"colour": 1.0})
