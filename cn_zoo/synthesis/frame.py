"""Synthetic depth frames and crops of a hand in a scene, as a depth camera would deliver them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cn_zoo.geometry import CROP_SIZE, LABELLED, Camera, HandCrop
from cn_zoo.synthesis.crop_cut import cut_crop
from cn_zoo.synthesis.labels import label_joints
from cn_zoo.synthesis.presets import Lens, SynthesisPreset
from cn_zoo.synthesis.sensors import SENSORS, sense
from cn_zoo.synthesis.setting import JOINT_ROWS, Setting, draw_setting, keep_box, render, render_into
from cn_zoo.synthesis.split import sample_generator
from cn_zoo.synthesis.visibility import LEAST_SEEN, share_seen

#: Pixels around a crop's window that can influence it: sensors look at neighbours.
_MARGIN = 5
#: How often a situation is drawn anew in which most of the hand cannot be seen.
_TRIES = 10
_OTHER_SIDE = {"right": "left", "left": "right", "": ""}


@dataclass(frozen=True)
class SyntheticFrame:
    """A labelled depth frame of one hand, drawn as a right one.

    Attributes:
        depth_mm: (H, W) float32 mm, 0 = no measurement.
        camera: intrinsics of the frame.
        joints: skeleton name -> (J, 3) joints xyz in mm, camera frame (x right, y down, z forward).
        center_uvd: hand centre (u px, v px, d mm): mean of the preset's scored joints.
        hand: "right", or "left" in a mirror.
        second_hand: side of another hand beside this one, "right" or "left"; "" without one.
    """

    depth_mm: np.ndarray
    camera: Camera
    joints: dict[str, np.ndarray]
    center_uvd: tuple[float, float, float]
    hand: str
    second_hand: str

    def mirrored(self) -> SyntheticFrame:
        """The same in a mirror: the hand becomes one of the other side."""
        width = self.depth_mm.shape[1]
        u, v, d = self.center_uvd
        return replace(
            self,
            depth_mm=np.ascontiguousarray(self.depth_mm[:, ::-1]),
            camera=self.camera.mirrored(width),
            joints={name: xyz * [-1, 1, 1] for name, xyz in self.joints.items()},
            center_uvd=(width - 1 - u, v, d),
            hand=_OTHER_SIDE[self.hand],
            second_hand=_OTHER_SIDE[self.second_hand],
        )


@dataclass(frozen=True)
class SyntheticCrop:
    """A labelled crop, what the networks train on.

    Attributes:
        depth: (128, 128) float32 in [-1, 1], +1 = background.
        poses: skeleton name -> (J, 3) float32 crop coordinates, units of 50 mm.
        pose: that of the preset's own skeleton.
        crop: the cube, with its camera.
    """

    depth: np.ndarray
    poses: dict[str, np.ndarray]
    pose: np.ndarray
    crop: HandCrop


def draw_frame(preset: SynthesisPreset, seed: int, index: int, split: str = "train") -> SyntheticFrame:
    """Draw labelled frame ``index``. It depends on preset, seed, split and index only.

    Args:
        preset: what frames look like; one of `PRESETS` or made from one.
        seed: of the whole sequence, not negative.
        index: which frame, not negative.
        split: one of `SPLITS`; splits share neither subjects nor poses nor scenes.

    Raises:
        ValueError: an unknown split, or a negative number.
    """
    rng = sample_generator(seed, index, split)
    for _ in range(_TRIES):
        setting = draw_setting(preset, rng, split, binned=False)
        lens = setting.lens
        depth = render(setting, lens.camera, lens.width, lens.height)
        depth = sense(depth, lens.camera, SENSORS[setting.sensor], rng)
        keep_box(depth, setting.box)
        if share_seen(depth, lens.camera.xyz_to_uvd(setting.joints[preset.name])) >= LEAST_SEEN:
            break
    joints = {**setting.joints, "nyu36": label_joints(setting.posed, "nyu36")}
    center = tuple(float(value) for value in lens.camera.xyz_to_uvd(setting.center))
    return SyntheticFrame(depth, lens.camera, joints, center, "right", setting.second_hand)


def draw_crop(
    preset: SynthesisPreset, seed: int, index: int, split: str = "train", jitter: bool = True
) -> SyntheticCrop:
    """Draw labelled crop ``index``: the cube around the hand of a frame, only that window being rendered.

    Where the camera is finer than the crop, at the crop's own resolution, for speed.

    Args:
        preset, seed, index, split: as for `draw_frame`.
        jitter: move the cube off the hand centre as an imperfect localisation does: mostly by 5 mm (standard
            deviation per axis), in a tenth of the crops by anything up to 25 mm per axis.
    """
    return draw_crops(preset, seed, (index,), split, jitter)[0]


def draw_crops(
    preset: SynthesisPreset, seed: int, indices: Sequence[int], split: str = "train", jitter: bool = True
) -> list[SyntheticCrop]:
    """What `draw_crop` draws for each index; a fifth faster for ten than one by one.

    All are posed, then all rendered, and so on: what a stage needs stays in the processor's caches.
    """
    rngs = [sample_generator(seed, index, split) for index in indices]
    shots = _shoot(preset, rngs, split, jitter)
    for _ in range(_TRIES - 1):
        again = [i for i, shot in enumerate(shots) if not _shows_hand(shot, preset)]
        if not again:
            break
        for i, shot in zip(again, _shoot(preset, [rngs[i] for i in again], split, jitter), strict=True):
            shots[i] = shot
    return [_develop(shot, preset) for shot in shots]


@dataclass(frozen=True)
class _Shot:
    """A crop's window of an image.

    Attributes:
        setting: what was before the camera.
        crop: the cube to be cut out.
        uvd: (51, 3) the joints of all `LABELLED` skeletons in the whole image.
        left, top: column and row of the image at which the window begins.
        depth: (H, W) float32 mm, what the sensor gives in the window.
    """

    setting: Setting
    crop: HandCrop
    uvd: np.ndarray
    left: int
    top: int
    depth: np.ndarray

    @property
    def camera(self) -> Camera:
        """The camera that sees the window only."""
        camera = self.setting.lens.camera
        return Camera(camera.fx, camera.fy, camera.cx - self.left, camera.cy - self.top)


def _shoot(preset: SynthesisPreset, rngs: Sequence[np.random.Generator], split: str, jitter: bool) -> list[_Shot]:
    """Draw what is before the camera and take its picture, for each of some samples."""
    settings = [draw_setting(preset, rng, split, binned=True) for rng in rngs]
    shots = [_aim(preset, setting, rng, jitter) for setting, rng in zip(settings, rngs, strict=True)]
    for shot in shots:
        render_into(shot.depth, shot.setting, shot.camera)
    return [_sensed(shot, rng) for shot, rng in zip(shots, rngs, strict=True)]


def _aim(preset: SynthesisPreset, setting: Setting, rng: np.random.Generator, jitter: bool) -> _Shot:
    """Choose the cube; the window is still empty."""
    center = setting.center + _center_jitter(rng) if jitter else setting.center
    camera = setting.lens.camera
    crop = HandCrop(camera, tuple(camera.xyz_to_uvd(center)), preset.cube_mm)
    uvd = camera.xyz_to_uvd(np.concatenate([setting.joints[name] for name in LABELLED]))
    left, top, width, height = _window(crop, setting.lens)
    return _Shot(setting, crop, uvd, left, top, np.zeros((height, width), np.float32))


def _sensed(shot: _Shot, rng: np.random.Generator) -> _Shot:
    depth = sense(shot.depth, shot.camera, SENSORS[shot.setting.sensor], rng)
    keep_box(depth, shot.setting.box, shot.left, shot.top)
    return _Shot(shot.setting, shot.crop, shot.uvd, shot.left, shot.top, depth)


def _shows_hand(shot: _Shot, preset: SynthesisPreset) -> bool:
    return share_seen(shot.depth, shot.uvd[JOINT_ROWS[preset.name]], shot.left, shot.top) >= LEAST_SEEN


def _develop(shot: _Shot, preset: SynthesisPreset) -> SyntheticCrop:
    pose = shot.crop.uvd_to_crop(shot.uvd).astype(np.float32)
    poses = {name: pose[rows] for name, rows in JOINT_ROWS.items()}
    depth = cut_crop(shot.crop, shot.depth, shot.left, shot.top)
    return SyntheticCrop(depth, poses, poses[preset.name], shot.crop)


def _center_jitter(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-25, 25, 3) if rng.random() < 0.1 else 5 * rng.standard_normal(3)


def _window(crop: HandCrop, lens: Lens) -> tuple[int, int, int, int]:
    """Left, top, width and height of the part of the image that the crop can see, with a margin for the sensor."""
    camera, (u, v, d) = lens.camera, crop.center_uvd
    half = (1 - 1 / CROP_SIZE) * crop.cube_mm / 2 / d
    half_u, half_v = half * camera.fx, half * camera.fy
    left, right = max(round(u - half_u) - _MARGIN, 0), min(round(u + half_u) + _MARGIN, lens.width - 1)
    top, bottom = max(round(v - half_v) - _MARGIN, 0), min(round(v + half_v) + _MARGIN, lens.height - 1)
    return left, top, right - left + 1, bottom - top + 1
