"""The joint step of the paper-scale networks written plainly in TensorFlow: tf.nn, tf.GradientTape, AdamW by hand.

It computes what `CrossingNets.train_step` does with a frozen pose VAE, without random numbers (latents are mixed in
equal parts): two players in turn, each with its own tape over its own weights. Networks are functions of weights by
layer name. Batch norm of maps is TensorFlow's fused operation, the fastest that there is.
"""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf

from cn_zoo.geometry import SKELETONS
from cn_zoo.joint import CrossingNets
from cn_zoo.objective import MIXED_LATENTS

_BATCH_NORM_EPSILON, _MOMENTUM = 1e-3, 0.99
_BETA_1, _BETA_2 = 0.9, 0.999

Tensors = dict[str, tf.Tensor]


class NativeJointStep:
    """One training step; weights start as copies of those of ``nets``.

    Args:
        nets: of the ``paper`` architecture.
        weights_of_terms: as for `cn_zoo.objective.JointObjective`; all terms of the two players are computed.
        learning_rate, weight_decay, clip_norm, epsilon: AdamW's.
    """

    def __init__(
        self,
        nets: CrossingNets,
        weights_of_terms: dict[str, float],
        learning_rate: float,
        weight_decay: float,
        clip_norm: float,
        epsilon: float,
    ) -> None:
        self.weights = {
            layer.name: [tf.Variable(weight.numpy()) for weight in layer.weights]
            for network in nets.networks.values()
            for layer in network.layers
        }
        self.dtype = nets.compute_dtype
        self.latent_size = nets.pose_encoder.get_layer("pose_encoder_mean").units
        self.joints = nets.pose_decoder.output_shape[1]
        self.root_joint = SKELETONS[nets.skeleton].root
        self.weights_of_terms = weights_of_terms
        self.rate, self.decay, self.clip, self.epsilon = learning_rate, weight_decay, clip_norm, epsilon
        self.discriminator = self._trainable(nets.players["discriminator"])
        self.generator = self._trainable(nets.players["generator"])
        learned = self.discriminator + self.generator
        self.moments = {id(weight): (_zeros(weight), _zeros(weight)) for weight in learned}
        self.steps = tf.Variable(0.0)

    @tf.function
    def __call__(self, batch: Tensors) -> Tensors:
        """Both players step once; the terms, not weighted."""
        self.steps.assign_add(1.0)
        terms = {}
        for losses, weights in (
            (self.discriminator_terms, self.discriminator),
            (self.generator_terms, self.generator),
        ):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(weights)
                own = losses(batch)
                loss = sum(self.weights_of_terms[name] * value for name, value in own.items())
            for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
                self.adamw(weight, gradient)
            terms |= own
        return terms

    def adamw(self, weight: tf.Variable, gradient: tf.Tensor) -> None:
        """Step one weight, its gradient clipped to a longest norm."""
        gradient = tf.clip_by_norm(gradient, self.clip)
        mean, square = self.moments[id(weight)]
        weight.assign_sub(weight * (self.decay * self.rate))
        mean.assign_add((gradient - mean) * (1 - _BETA_1))
        square.assign_add((tf.square(gradient) - square) * (1 - _BETA_2))
        rate = self.rate * tf.sqrt(1 - _BETA_2**self.steps) / (1 - _BETA_1**self.steps)
        weight.assign_sub(mean * rate / (tf.sqrt(square) + self.epsilon))

    def discriminator_terms(self, batch: Tensors) -> Tensors:
        """What trunk and heads learn from."""
        count, pose = len(batch["depth"]), batch["pose"]
        latent, random_latent = self.latents(pose)
        real = self.trunk(tf.concat([batch["depth"], batch["unlabelled"], batch["twin"]], 0), True)
        mean, log_variance = self.posterior_head(real, True)
        decoded = self.pose_decoder(mean)
        fake = self.trunk(tf.stop_gradient(self.generate(tf.concat([latent, random_latent], 0), False)), False)
        random_fake = fake[count:]
        random_mean, random_log_variance = self.posterior_head(random_fake, False)
        cycled = self.generate(mean[count : 2 * count], False)
        expected = tf.stop_gradient(tf.matmul(decoded[count : 2 * count], batch["turn"][:, :3]) + batch["turn"][:, 3:])
        # What is compared with generated depth maps is normalised as they are; the others set the statistics.
        compared = self.trunk(tf.concat([batch["depth"], batch["unlabelled"], batch["twin"]], 0), False)
        self.realness_head(real, True), self.metric_head(real, True)
        is_real, is_fake = self.realness_head(compared, False)[0], self.realness_head(fake, False)[0]
        embedding, random_embedding = self.metric_head(compared[:count], False), self.metric_head(random_fake, False)
        return {
            "pose": _joint_error(pose, decoded[:count]),
            "posterior": _likelihood(latent, tf.stop_gradient(mean[:count]), log_variance[:count]),
            "latent": tf.reduce_mean(tf.square(latent - mean[:count])),
            "unlabelled_cycle": _clipped(batch["unlabelled"], cycled),
            "consistency": _joint_error(expected, decoded[2 * count :]),
            "synthetic_posterior": _likelihood(random_latent, random_mean, random_log_variance),
            "realness": tf.reduce_mean(tf.nn.softplus(-is_real)) + tf.reduce_mean(tf.nn.softplus(is_fake)),
            "metric": _difference(embedding, tf.roll(embedding, 1, 0), latent, tf.roll(latent, 1, 0))
            + _difference(random_embedding, embedding, random_latent, latent),
        }

    def generator_terms(self, batch: Tensors) -> Tensors:
        """What mapping and generator learn from."""
        count = len(batch["depth"])
        latent, random_latent = self.latents(batch["pose"])
        real, unlabelled = self.trunk(batch["depth"], False), self.trunk(batch["unlabelled"], False)
        posterior = self.posterior_head(unlabelled, False)[0]
        generated = self.generate(tf.concat([latent, random_latent, posterior], 0), True)
        fake = self.trunk(generated[: 2 * count], False)
        features = self.realness_head(tf.concat([real, unlabelled], 0), False)[1]
        difference = _mean_features(features) - _mean_features(self.realness_head(fake, False)[1])
        embedding, random_embedding = self.metric_head(real, False), self.metric_head(fake[count:], False)
        return {
            "depth_reconstruction": _clipped(batch["depth"], generated[:count]),
            "unlabelled_reconstruction": _clipped(batch["unlabelled"], generated[2 * count :]),
            "feature_matching": tf.reduce_mean(tf.abs(difference)),
            "generator_metric": _difference(random_embedding, embedding, random_latent, latent),
        }

    def latents(self, pose: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Of poses, and mixtures of five of them in equal parts."""
        root = pose[:, self.root_joint]
        relative = tf.reshape(pose - root[:, None], (-1, 3 * self.joints))
        hidden = tf.nn.relu(self.dense(relative, "pose_encoder_hidden", "float32"))
        latent = tf.concat([self.dense(hidden, "pose_encoder_mean", "float32"), root], 1)
        return latent, sum(tf.roll(latent, -step, 0) for step in range(MIXED_LATENTS)) / MIXED_LATENTS

    def pose_decoder(self, latent: tf.Tensor) -> tf.Tensor:
        hidden = tf.nn.leaky_relu(self.dense(latent[:, : self.latent_size], "pose_decoder_hidden", "float32"), 0.2)
        relative = self.dense(hidden, "pose_decoder_output", "float32")
        return tf.reshape(relative, (-1, self.joints, 3)) + latent[:, None, self.latent_size :]

    def trunk(self, depth: tf.Tensor, learning: bool) -> tf.Tensor:
        return self.convolutions(depth, ("trunk_conv1", "trunk_conv2"), learning)

    def posterior_head(self, x: tf.Tensor, learning: bool) -> tuple[tf.Tensor, tf.Tensor]:
        x = self.convolutions(x, [f"posterior_conv{index}" for index in (3, 4, 5)], learning)
        x = self.dense(_flat(x), "posterior_hidden", self.dtype)
        x = tf.nn.leaky_relu(self.norm_vectors(x, "posterior_hidden_norm", learning, learning), 0.2)
        return self.dense(x, "posterior_mean", "float32"), self.dense(x, "posterior_log_variance", "float32")

    def realness_head(self, x: tf.Tensor, learning: bool) -> tuple[tf.Tensor, tf.Tensor]:
        x = self.convolutions(x, [f"realness_conv{index}" for index in (3, 4, 5)], learning)
        return self.dense(_flat(x), "realness", "float32"), x

    def metric_head(self, x: tf.Tensor, learning: bool) -> tf.Tensor:
        x = self.convolutions(x, [f"metric_conv{index}" for index in (3, 4, 5)], learning)
        x = self.dense(_flat(x), "metric_hidden", self.dtype)
        x = tf.nn.leaky_relu(self.norm_vectors(x, "metric_hidden_norm", learning, learning), 0.2)
        return self.dense(x, "metric", "float32")

    def generate(self, latent: tf.Tensor, learning: bool) -> tf.Tensor:
        """Mapping and generator, normalised by the batch; moving statistics move where they are ``learning``."""
        x = self.norm_vectors(self.dense(latent, "mapping", "float32"), "mapping_norm", True, learning)
        x = self.dense(tf.tanh(tf.cast(x, self.dtype)), "generator_dense", self.dtype)
        x = tf.nn.relu(self.norm_vectors(x, "generator_dense_norm", True, learning))
        x = tf.reshape(x, (-1, 4, 4, 32))
        for index in (1, 2, 3, 4):
            x = self.transposed_convolution(x, f"generator_conv{index}", self.dtype)
            x = tf.nn.relu(self.norm_maps(x, f"generator_conv{index}_norm", True, learning))
        return tf.tanh(self.transposed_convolution(x, "generator_conv5", "float32"))

    def dense(self, x: tf.Tensor, name: str, dtype: str) -> tf.Tensor:
        kernel, *bias = (tf.cast(weight, dtype) for weight in self.weights[name])
        y = tf.matmul(tf.cast(x, dtype), kernel)
        return y + bias[0] if bias else y

    def convolutions(self, x: tf.Tensor, names: Iterable[str], learning: bool) -> tf.Tensor:
        x = tf.cast(x, self.dtype)
        for name in names:
            x = tf.nn.conv2d(x, tf.cast(self.weights[name][0], self.dtype), 2, "SAME")
            x = tf.nn.leaky_relu(self.norm_maps(x, f"{name}_norm", learning, learning), 0.2)
        return x

    def transposed_convolution(self, x: tf.Tensor, name: str, dtype: str) -> tf.Tensor:
        kernel, *bias = (tf.cast(weight, dtype) for weight in self.weights[name])
        shape = (len(x), 2 * x.shape[1], 2 * x.shape[2], kernel.shape[2])
        y = tf.nn.conv2d_transpose(tf.cast(x, dtype), kernel, shape, 2)
        return y + bias[0] if bias else y

    def norm_maps(self, x: tf.Tensor, name: str, by_batch: bool, learning: bool) -> tf.Tensor:
        scale, offset, moving_mean, moving_variance = self.weights[name]
        known = {} if by_batch else {"mean": moving_mean, "variance": moving_variance}
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, scale, offset, **known, epsilon=_BATCH_NORM_EPSILON, is_training=by_batch
        )
        if learning:
            count = tf.size(x) // x.shape[-1]
            self.move_statistics(name, mean, variance * tf.cast((count - 1) / count, "float32"))
        return y

    def norm_vectors(self, x: tf.Tensor, name: str, by_batch: bool, learning: bool) -> tf.Tensor:
        scale, offset, mean, variance = self.weights[name]
        wide = tf.cast(x, "float32")
        if by_batch:
            mean, variance = tf.nn.moments(wide, 0)
        if learning:
            self.move_statistics(name, mean, variance)
        return tf.cast(tf.nn.batch_normalization(wide, mean, variance, offset, scale, _BATCH_NORM_EPSILON), x.dtype)

    def move_statistics(self, name: str, mean: tf.Tensor, variance: tf.Tensor) -> None:
        for moving, new in zip(self.weights[name][2:], (mean, variance), strict=True):
            moving.assign(moving * _MOMENTUM + new * (1 - _MOMENTUM))

    def _trainable(self, networks: Iterable) -> list[tf.Variable]:
        layers = [layer for network in networks for layer in network.layers]
        return [weight for layer in layers for weight in self.weights[layer.name][: len(layer.trainable_weights)]]


def _zeros(weight: tf.Variable) -> tf.Variable:
    return tf.Variable(tf.zeros_like(weight))


def _flat(x: tf.Tensor) -> tf.Tensor:
    return tf.reshape(x, (len(x), -1))


def _mean_features(features: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.cast(features, "float32"), 0)


def _joint_error(pose: tf.Tensor, estimate: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.sqrt(tf.reduce_sum(tf.square(pose - estimate), -1) + 1e-6))


def _likelihood(target: tf.Tensor, mean: tf.Tensor, log_variance: tf.Tensor) -> tf.Tensor:
    return 0.5 * tf.reduce_mean(tf.square(target - mean) * tf.exp(-log_variance) + log_variance)


def _clipped(depth: tf.Tensor, generated: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.minimum(tf.square(depth - generated), 1.0))


def _difference(one: tf.Tensor, other: tf.Tensor, latent: tf.Tensor, other_latent: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.square((one - other) - (latent - other_latent)))
