import keras
import numpy as np
import pytest
from network_checks import NetworkChecks

from cn_zoo.geometry import SKELETONS
from cn_zoo.models import ARCHITECTURES, build_pose_decoder, build_pose_encoder, initialize_from_poses

RNG = np.random.default_rng(0)


class TestPaperEncoder(NetworkChecks):
    batch = RNG.normal(size=(2, 14, 3)).astype("float32")

    def build(self):
        return build_pose_encoder(ARCHITECTURES["paper"], SKELETONS["nyu"])


class TestDefaultEncoder(NetworkChecks):
    batch = RNG.normal(size=(2, 21, 3)).astype("float32")

    def build(self):
        return build_pose_encoder(ARCHITECTURES["default"], SKELETONS["msra"])


class TestPaperDecoder(NetworkChecks):
    batch = RNG.normal(size=(2, 23)).astype("float32")

    def build(self):
        return build_pose_decoder(ARCHITECTURES["paper"], SKELETONS["icvl"])


class TestDefaultDecoder(NetworkChecks):
    batch = RNG.normal(size=(2, 43)).astype("float32")

    def build(self):
        return build_pose_decoder(ARCHITECTURES["default"], SKELETONS["msra"])


@pytest.mark.parametrize(("name", "joints"), [("nyu", 14), ("icvl", 16), ("msra", 21)])
def test_sizes_of_the_papers_scale(name, joints):
    """3J -> Dense 40 -> mean 20, log-variance 20; 20 -> Dense 40 -> 3J."""
    encoder = build_pose_encoder(ARCHITECTURES["paper"], SKELETONS[name])
    decoder = build_pose_decoder(ARCHITECTURES["paper"], SKELETONS[name])
    assert encoder.count_params() == 3 * joints * 40 + 40 + 2 * (40 * 20 + 20)
    assert decoder.count_params() == 20 * 40 + 40 + 40 * 3 * joints + 3 * joints
    code = encoder(np.zeros((1, joints, 3), "float32"))
    assert {name: tuple(value.shape) for name, value in code.items()} == {"mean": (1, 23), "log_variance": (1, 20)}
    assert decoder.input_shape == (None, 23)
    assert decoder.output_shape == (None, joints, 3)


def test_root_offset_is_split_off_and_put_back():
    skeleton = SKELETONS["icvl"]
    encoder = build_pose_encoder(ARCHITECTURES["paper"], skeleton)
    decoder = build_pose_decoder(ARCHITECTURES["paper"], skeleton)
    pose = RNG.normal(size=(5, 16, 3)).astype("float32")
    shift = np.array([1.0, -2.0, 0.5], dtype="float32")
    here, there = (keras.ops.convert_to_numpy(encoder(y)["mean"]) for y in (pose, pose + shift))
    np.testing.assert_allclose(here[:, 20:], pose[:, skeleton.root], atol=1e-6)
    np.testing.assert_allclose(there[:, :20], here[:, :20], atol=1e-5)
    decoded, moved = (keras.ops.convert_to_numpy(decoder(z)) for z in (here, there))
    np.testing.assert_allclose(moved - decoded, np.broadcast_to(shift, decoded.shape), atol=1e-5)


def test_pca_fills_first_and_last_weights():
    skeleton = SKELETONS["nyu"]
    encoder = build_pose_encoder(ARCHITECTURES["paper"], skeleton)
    decoder = build_pose_decoder(ARCHITECTURES["paper"], skeleton)
    poses = RNG.normal(size=(500, 14, 3)) * np.linspace(0.2, 2.0, 42).reshape(14, 3) + 0.3
    initialize_from_poses(encoder, decoder, skeleton, poses)

    relative = (poses - poses[:, 13:14]).reshape(500, 42)
    kernel, bias = encoder.get_layer("pose_encoder_hidden").get_weights()
    scores = relative @ kernel + bias
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-3)
    spread = scores.std(axis=0)
    assert (np.diff(spread) <= 1e-6).all()
    back, center = decoder.get_layer("pose_decoder_output").get_weights()
    # 39 of the 42 coordinates vary (the root's are zero), so 40 components lose nothing.
    np.testing.assert_allclose(scores @ back + center, relative, atol=1e-3)
