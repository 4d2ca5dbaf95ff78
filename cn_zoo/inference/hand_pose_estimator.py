"""From a depth image to a hand pose: localise, crop, posterior, pose decoder, camera coordinates."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, WeightsError
from cn_zoo.geometry import CROP_SIZE, HAND_RANGE_MM, SKELETONS, Camera, Skeleton
from cn_zoo.inference._image_looks import ImageLooks
from cn_zoo.inference.hand_choice import ChosenHand, choose_hands, seems_other_side
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.latent_refinement import Synthesis, load_synthesis, refine_hand
from cn_zoo.inference.localisation.geometric import locate_hand
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.runtimes import Runtime, open_runtime
from cn_zoo.io.depth_image import checked_depth
from cn_zoo.zoo import Preset, get_preset, resolve
from cn_zoo.zoo.download import discard_unverified

#: What a user may ask for.
HANDS = ("right", "left", "auto")
#: Which of a model's files each runtime loads, fastest first.
_FILE_KINDS = {"onnx": "onnx", "tflite": "tflite", "keras": "estimator"}
#: What a user may ask for.
RUNTIMES = tuple(_FILE_KINDS)
#: ``confidence`` counts on joints within this distance of the truth.
_CONFIDENT_MM = 20.0


class HandPoseEstimator:
    """Estimates hand poses in depth images.

    Args:
        runtime: the loaded network.
        preset: its record: skeleton, camera, crop cube.
    """

    def __init__(self, runtime: Runtime, preset: Preset) -> None:
        self._runtime = runtime
        self.preset = preset
        self.skeleton: Skeleton = SKELETONS[preset.skeleton]
        self.camera: Camera = Camera(*preset.camera)

    @classmethod
    def from_pretrained(cls, model: str | Path, runtime: str = "auto", threads: int = 1) -> HandPoseEstimator:
        """Load a model of the zoo, or one's own.

        Args:
            model: a name of ``cn_zoo.list_models()``, a path, or a URL.
            runtime: ``"onnx"``, ``"tflite"``, ``"keras"``, or ``"auto"``: the first that the model has a file for.
            threads: how many threads one prediction may use.

        Raises:
            UnknownModelError: no such model.
            WeightsError: the weights are missing, broken, fail their hash, or none is for this runtime.
            MissingDependencyError: the runtime is not installed.
            ValueError: there is no such runtime.
        """
        if runtime not in ("auto", *RUNTIMES):
            raise ValueError(f"runtime is auto or one of {', '.join(RUNTIMES)}; received {runtime!r}")
        preset = get_preset(model)
        path = resolve(model, _file_kind(preset, runtime))
        if runtime != "auto" and path.suffix != f".{runtime}":
            raise WeightsError(
                f"{path}: is no file for the runtime {runtime}; export one, or leave the runtime to auto"
            )
        if "nets" in preset.files and path.name == preset.files["nets"].path:
            raise WeightsError(f"{path}: holds the nets; give its folder, or the estimator beside it")
        try:
            runtime = open_runtime(path, threads)
            _check_network(runtime, path, len(SKELETONS[preset.skeleton]))
        except WeightsError:
            discard_unverified(path)
            raise
        return cls(runtime, preset)

    def predict(
        self,
        depth_mm: np.ndarray,
        camera: Camera | None = None,
        center: tuple[float, float, float] | None = None,
        hand: str = "right",
        refine: int = 0,
    ) -> HandPose:
        """Estimate the pose of one hand in a depth image: the likeliest, of the wanted side where both are in view.

        The network looks at it three times, straight and turned a little to either side; joints are the mean of what it
        sees, the surer ones counting more.

        ``confidence`` is the probability that there is a hand (1 where ``center`` is given; else what hand locator and
        pose network say of it together) times the share of joints that, by their sigma, lie within 20 mm of the truth.

        Args:
            depth_mm: ``(H, W)`` depth in mm, row 0 at the top; 0, negative and non-finite mean no measurement.
            camera: the camera that took it; by default the model's own.
            center: hand centre, the mean of the joints, as (u px, v px, d mm); by default found in the image.
            hand: ``"right"``, ``"left"`` (mirrored for the network), or ``"auto"``: whichever of the two is likelier,
                decided mostly by which of them the network is surer of.
            refine: steps in latent space towards the depth map that was seen; needs Keras and a model with its nets.

        Raises:
            InputError: the array is no plausible depth image, or the centre lies outside it.
            NoHandError: no hand was found, or there is nothing at the centre.
            WeightsError: ``refine``, and the model was released without its nets.
            MissingDependencyError: ``refine``, and Keras is not installed.
            ValueError: ``hand`` is none of the three, ``center`` is not three numbers, or ``refine`` is negative.
            TypeError: ``camera`` is no `Camera`.
        """
        if refine < 0:
            raise ValueError(f"refine is a number of steps, 0 or more; received {refine}")
        if refine:
            found = self.predict(depth_mm, camera, center, hand)
            return refine_hand(found, checked_depth(depth_mm, "the depth image"), self._synthesis, refine)
        if center is None:
            return self.predict_hands(depth_mm, camera, hand, max_hands=1)[0]
        _check_hand(hand)
        depth_mm = checked_depth(depth_mm, "the depth image")
        camera = self._camera_or_own(camera)
        _check_center(center, depth_mm, camera, self.preset.cube_mm)
        looks = ImageLooks(self._runtime, self.preset, depth_mm, camera)
        place = HandLocation(tuple(center), 1.0)
        return _finished(looks, place, looks.at(place, hand), hand)

    def predict_hands(
        self, depth_mm: np.ndarray, camera: Camera | None = None, hand: str = "auto", max_hands: int = 2
    ) -> list[HandPose]:
        """Find hands in a depth image and estimate the pose of each, the likeliest first.

        Args:
            depth_mm, camera: as for `predict`.
            hand: ``"auto"``: each hand is of the side that is likelier. ``"right"`` or ``"left"``: hands of this side
                come first, and all are taken for such.
            max_hands: how many at most. Without the hand locator one is found.

        Raises:
            InputError, NoHandError, ValueError, TypeError: as for `predict`.
        """
        _check_hand(hand)
        depth_mm = checked_depth(depth_mm, "the depth image")
        looks = ImageLooks(self._runtime, self.preset, depth_mm, self._camera_or_own(camera))
        locator = HandLocator.find()
        chosen = choose_hands(locator, looks, hand, max_hands) if locator else [_by_geometry(looks, hand)]
        return [_finished(looks, place, looks.centered(place, pose, hand), hand) for place, pose in chosen]

    def _camera_or_own(self, camera: Camera | None) -> Camera:
        if not isinstance(camera, Camera | None):
            raise TypeError(f"camera is a cn_zoo.Camera(fx, fy, cx, cy); received {camera!r}")
        return camera or self.camera

    @cached_property
    def _synthesis(self) -> Synthesis:
        return load_synthesis(self.preset)


def _by_geometry(looks: ImageLooks, hand: str) -> ChosenHand:
    """The hand that geometry alone finds."""
    place = locate_hand(looks.depth_mm, looks.camera)
    return ChosenHand(place, looks.at(place, hand))


def _finished(looks: ImageLooks, place: HandLocation, pose: HandPose, hand: str) -> HandPose:
    """What is left to say once it is known from where, and as a hand of which side, it is seen."""
    is_doubted = hand != "auto" and seems_other_side(place, pose, looks)
    looks_like = {"right": "left", "left": "right"}[pose.hand] if is_doubted else None
    pose = looks.averaged_over_turns(pose)
    return replace(pose, confidence=place.confidence * _share_near(pose.sigma), looks_like=looks_like)


def _share_near(sigma: np.ndarray) -> float:
    """The share of joints ``(J,)`` that by their deviations, in mm, lie near the truth."""
    return sum(math.erf(_CONFIDENT_MM / (math.sqrt(2) * each)) for each in sigma.tolist()) / len(sigma)


def _file_kind(preset: Preset, runtime: str) -> str:
    """The kind of file to load; for ``"auto"`` the first that the model has."""
    if runtime != "auto":
        return _FILE_KINDS[runtime]
    return next((kind for kind in _FILE_KINDS.values() if kind in preset.files), "onnx")


def _check_network(runtime: Runtime, path: Path, joints: int) -> None:
    """See that a network estimates poses of so many joints, by an empty crop."""
    wanted = {"pose": (joints, 3), "sigma": (joints,), "hand": (2,)}
    try:
        outputs = runtime.run(np.ones((CROP_SIZE, CROP_SIZE), np.float32))
    except Exception as error:  # each runtime has its own for inputs of another shape
        raise WeightsError(f"{path}: is no network that takes a crop; give an estimator") from error
    shapes = {name: value.shape for name, value in outputs.items()}
    if "pose" in shapes and "hand" not in shapes:
        raise WeightsError(f"{path}: is of an earlier cn_zoo; train or export the model again")
    if any(shapes.get(name) != shape for name, shape in wanted.items()):
        raise WeightsError(
            f"{path}: is no estimator of {joints} joints, as its record says; give the record's own file"
        )


def _check_hand(hand: str) -> None:
    if hand not in HANDS:
        raise ValueError(f"hand is one of {', '.join(HANDS)}; received {hand!r}")


def _check_center(center: tuple[float, float, float], depth_mm: np.ndarray, camera: Camera, cube_mm: float) -> None:
    """A hand may be cut by the border, and its centre lie beyond it; but some of the crop must be in the image."""
    if len(center) != 3:
        raise ValueError(f"center is three numbers, u px, v px, d mm; received {center!r}")
    height, width = depth_mm.shape
    u, v, d = center
    near, far = HAND_RANGE_MM
    if not near <= d <= far:
        raise InputError(
            f"the centre's depth {d:g} mm is implausible ({near:g} to {far:g}); --center takes u px, v px, d mm"
        )
    aside, above = (cube_mm / 2 * focal / d for focal in (camera.fx, camera.fy))
    if not (-aside < u < width + aside and -above < v < height + above):
        raise InputError(f"the centre u {u:g}, v {v:g} lies outside the {width}x{height} image; check --center")
