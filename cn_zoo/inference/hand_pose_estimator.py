"""From a depth image to a hand pose: localise, crop, posterior, pose decoder, camera coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from cn_zoo.errors import InputError, NoHandError, WeightsError
from cn_zoo.geometry import (
    CROP_SIZE,
    HAND_RANGE_MM,
    POSE_UNIT_MM,
    SKELETONS,
    Camera,
    HandCrop,
    Skeleton,
    turn_crop,
    turn_joints,
)
from cn_zoo.inference.hand_choice import ChosenHand, choose_hands, is_side_open, right_probability, seems_other_side
from cn_zoo.inference.hand_pose import HandPose
from cn_zoo.inference.latent_refinement import Synthesis, load_synthesis, refine_hand
from cn_zoo.inference.localisation.geometric import locate_hand
from cn_zoo.inference.localisation.hand_location import HandLocation
from cn_zoo.inference.localisation.hand_locator import HandLocator
from cn_zoo.inference.runtimes import Outputs, Runtime, open_runtime
from cn_zoo.io.depth_image import checked_depth
from cn_zoo.zoo import Preset, get_preset, resolve
from cn_zoo.zoo.download import discard_unverified

#: What a user may ask for.
HANDS = ("right", "left", "auto")
#: Which of a model's files each runtime loads, fastest first.
_FILE_KINDS = {"onnx": "onnx", "tflite": "tflite", "keras": "estimator"}
#: What a user may ask for.
RUNTIMES = tuple(_FILE_KINDS)
#: A crop with less of its pixels inside the cube shows no hand: the smallest fist fills about five times as much.
_LEAST_FILLED = 0.01
#: A crop centre this near to the mean of the joints needs no further look: training moves most crops as much.
_WELL_CENTERED_MM = 5.0
#: How many further looks there are at most. A third would change next to nothing.
_FURTHER_LOOKS = 2
#: A hand whose side is open is also looked at from so far aside, in mm.
_ASIDE_MM = 15.0
#: At the end a hand is also looked at turned by these angles: what all looks say together is nearer the truth.
_TURNS = (-math.radians(20.0), math.radians(20.0))
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
            hand: ``"right"``, ``"left"`` (mirrored for the network), or ``"auto"``: whichever of the two is likelier;
                mostly the network's own sureness tells.
            refine: steps in latent space towards the depth map that was seen; needs Keras and a model with its nets.

        Raises:
            InputError: the array is no plausible depth image, or the centre lies outside it.
            NoHandError: no hand was found, or there is nothing at the centre.
            WeightsError: ``refine``, and the model was released without its nets.
            MissingDependencyError: ``refine``, and Keras is not installed.
            ValueError: ``hand`` is none of the three.
        """
        if refine:
            found = self.predict(depth_mm, camera, center, hand)
            return refine_hand(found, checked_depth(depth_mm, "the depth image"), self._synthesis, refine)
        if center is None:
            return self.predict_hands(depth_mm, camera, hand, max_hands=1)[0]
        _check_hand(hand)
        depth_mm = checked_depth(depth_mm, "the depth image")
        camera = camera or self.camera
        _check_center(center, depth_mm, camera, self.preset.cube_mm)
        place = HandLocation(tuple(center), 1.0)
        return self._finish(depth_mm, place, self._estimate(depth_mm, camera, place, hand), hand)

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
            InputError, NoHandError, ValueError: as for `predict`.
        """
        _check_hand(hand)
        depth_mm = checked_depth(depth_mm, "the depth image")
        camera = camera or self.camera

        def look_at(place: HandLocation, side: str) -> HandPose:
            return self._estimate(depth_mm, camera, place, side)

        if locator := HandLocator.find():

            def search(known: Sequence[HandLocation]) -> list[HandLocation]:
                centers = [each.center_uvd for each in known]
                return locator.candidates(depth_mm, camera, self.skeleton.name, max_hands, centers)

            usual_mm, least = self.preset.sigma_mm, locator.record.threshold
            chosen = choose_hands(search, look_at, hand, max_hands, usual_mm, least)
        else:
            place = locate_hand(depth_mm, camera)
            chosen = [ChosenHand(place, look_at(place, hand))]
        return [
            self._finish(depth_mm, each.place, self._look_again(depth_mm, camera, each, hand), hand) for each in chosen
        ]

    @cached_property
    def _synthesis(self) -> Synthesis:
        return load_synthesis(self.preset)

    def _look_again(self, depth_mm: np.ndarray, camera: Camera, chosen: ChosenHand, hand: str) -> HandPose:
        """Where the joints say that their mean is far from the centre, look from there: it tells them better.

        Sides are told better from there, too: if ``hand`` is ``"auto"``, the last look has the word.
        """
        place, pose = chosen
        for _ in range(_FURTHER_LOOKS):
            mean = pose.xyz.mean(axis=0)
            if math.dist(mean, camera.uvd_to_xyz(pose.center_uvd)) < _WELL_CENTERED_MM:
                break
            try:
                pose = self._estimate(depth_mm, camera, replace(place, center_uvd=tuple(camera.xyz_to_uvd(mean))), hand)
            except NoHandError:
                # The joints led away from the hand: the look before is the better one.
                break
        return pose

    def _finish(self, depth_mm: np.ndarray, place: HandLocation, pose: HandPose, hand: str) -> HandPose:
        """What is left to say once it is known from where, and as a hand of which side, it is seen."""
        pose = self._doubted(depth_mm, place, pose, hand)
        pose = self._steadied(depth_mm, pose)
        return replace(pose, confidence=place.confidence * _share_near(pose.sigma))

    def _steadied(self, depth_mm: np.ndarray, pose: HandPose) -> HandPose:
        """Joints are the mean of what is seen straight and turned, weighed by the deviations of each look."""
        picture = pose.crop.cut(depth_mm)
        poses, sigmas = [pose.crop.uvd_to_crop(pose.uvd)], [pose.sigma]
        for angle in _TURNS:
            outputs = self._runtime.run(turn_crop(picture, angle))
            poses.append(turn_joints(outputs["pose"], -angle))
            sigmas.append(outputs["sigma"] * POSE_UNIT_MM)
        weights = np.stack(sigmas).astype(np.float64) ** -2
        weights /= weights.sum(axis=0)
        uvd = pose.crop.crop_to_uvd((weights[..., None] * poses).sum(axis=0))
        return replace(pose, uvd=uvd, xyz=pose.camera.uvd_to_xyz(uvd), sigma=(weights * sigmas).sum(axis=0))

    def _doubted(self, depth_mm: np.ndarray, place: HandLocation, pose: HandPose, hand: str) -> HandPose:
        """Say of a hand that was taken for one of a side if it looks like one of the other."""
        if hand == "auto":
            return pose

        def look_at(place: HandLocation, side: str) -> HandPose:
            return self._look(depth_mm, pose.camera, replace(place, center_uvd=pose.center_uvd), side)

        if not seems_other_side(place, pose, look_at, self.preset.sigma_mm):
            return pose
        return replace(pose, looks_like="left" if pose.hand == "right" else "right")

    def _estimate(self, depth_mm: np.ndarray, camera: Camera, place: HandLocation, hand: str) -> HandPose:
        """One look at the image from a given centre; one for each hand where it may be either."""
        if hand != "auto":
            return self._look(depth_mm, camera, place, hand)
        right, left = self._look_both_ways(depth_mm, camera, place)
        probability = right_probability(place.right, [(right, left)])
        if is_side_open(probability):
            looks = [(right, left), *self._looks_beside(depth_mm, camera, place)]
            probability = right_probability(place.right, looks)
        return right if probability >= 0.5 else left

    def _look(self, depth_mm: np.ndarray, camera: Camera, place: HandLocation, hand: str) -> HandPose:
        crop = HandCrop(camera, place.center_uvd, self.preset.cube_mm, mirror=hand != self.preset.hand)
        picture = crop.cut(depth_mm)
        if np.count_nonzero(picture < 1.0) < _LEAST_FILLED * picture.size:
            u, v, d = place.center_uvd
            raise NoHandError(f"nothing within the crop cube around u {u:.0f}, v {v:.0f}, d {d:.0f} mm; check --center")
        return self._to_hand_pose(self._runtime.run(picture), crop, place, hand)

    def _looks_beside(
        self, depth_mm: np.ndarray, camera: Camera, place: HandLocation
    ) -> list[tuple[HandPose, HandPose]]:
        """The hand as a right and as a left one, seen from a little to the right of a place, the left, below and above.

        Crops turned instead told more on synthetic hands, but less on real ones.
        """
        center, looks = camera.uvd_to_xyz(np.array(place.center_uvd)), []
        for aside in _ASIDE_MM * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]):
            moved = replace(place, center_uvd=tuple(camera.xyz_to_uvd(center + aside)))
            # From there, next to nothing may be left of the hand.
            with suppress(NoHandError):
                looks.append(self._look_both_ways(depth_mm, camera, moved))
        return looks

    def _look_both_ways(self, depth_mm: np.ndarray, camera: Camera, place: HandLocation) -> tuple[HandPose, HandPose]:
        """A hand taken for a right one, and for a left one."""
        return self._look(depth_mm, camera, place, "right"), self._look(depth_mm, camera, place, "left")

    def _to_hand_pose(self, outputs: Outputs, crop: HandCrop, place: HandLocation, hand: str) -> HandPose:
        shows_hand, fits_side = outputs["hand"].tolist()
        uvd = crop.crop_to_uvd(outputs["pose"])
        sigma = outputs["sigma"].astype(np.float64) * POSE_UNIT_MM
        # How sure the joints are counts at the end, when all looks are taken.
        return HandPose(
            xyz=crop.camera.uvd_to_xyz(uvd),
            uvd=uvd,
            sigma=sigma,
            latent=outputs["latent"],
            confidence=place.confidence,
            hand=hand,
            skeleton=self.skeleton,
            camera=crop.camera,
            crop=crop,
            shows_hand=shows_hand,
            fits_side=fits_side,
        )


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
