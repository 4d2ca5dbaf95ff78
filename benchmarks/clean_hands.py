"""Joint error on easy frames, the kind a colour hand tracker does well on: an empty hand before an indoor depth camera.

    python benchmarks/clean_hands.py [--model msra] [--frames 150]

640x480, focal length 498 px, the hand at 430-510 mm with its palm turned as is usual before the benchmark's camera, on
the way from an everyday gesture to another or, in two of five frames, to a free pose; a body, a wall, now and then
loose things behind, or nothing; a sleeve over the arm in a third; nothing in the hand or before it. The hands are those
of the WebXR mesh, which nothing trains on. For each sensor: mean and median over frames of the mean joint error, with
the true centre and with the localisation's own, and the frames in which no hand was found.
"""

from __future__ import annotations

from dataclasses import replace

import click
import numpy as np

from cn_zoo.errors import NoHandError
from cn_zoo.geometry import Camera
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.presets import PRESETS, Lens, PoseShares, SceneShares, SynthesisPreset

_SENSORS = ("sr300", "d415", "kinect_v2", "ds325")
_SEED, _SPLIT = 7, "test-webxr"


@click.command()
@click.option("--model", type=click.Choice(list(PRESETS)), default="msra", show_default=True)
@click.option("--frames", default=150, show_default=True, help="Frames of each sensor.")
def main(model: str, frames: int) -> None:
    """Measure and print."""
    estimator = HandPoseEstimator.from_pretrained(model)
    for sensor in _SENSORS:
        preset = _clean(PRESETS[model], sensor)
        cases = [draw_frame(preset, _SEED, index, _SPLIT) for index in range(frames)]
        given = [_error_mm(estimator, case, model, case.center_uvd) for case in cases]
        found = [error for case in cases if (error := _error_mm(estimator, case, model, None)) is not None]
        click.echo(
            f"{sensor}: {_told(given)} with the true centre, {_told(found)} with its own; refused {frames - len(found)}"
        )


def _told(errors: list[float]) -> str:
    return f"{np.mean(errors):.1f} mm (median {np.median(errors):.1f})"


def _clean(preset: SynthesisPreset, sensor: str) -> SynthesisPreset:
    return replace(
        preset,
        lenses=(Lens(Camera(498.0, 498.0, 320.0, 240.0), 640, 480),),
        sensors=((sensor, 1.0),),
        distance_mm=(430.0, 510.0),
        wide=0.0,
        views=replace(preset.views, usual=1.0, any_view=0.0, back=0.0),
        poses=PoseShares(usual=0.0, gesture=0.0, free=0.0, families=(("everyday", 1.0),)),
        scene=SceneShares(body=0.5, wall=0.2, table=0.0, second_hand=0.0, held=0.0, passing=0.0, border=0.0, boxed=0.0),
    )


def _error_mm(
    estimator: HandPoseEstimator, case: SyntheticFrame, skeleton: str, center: tuple[float, float, float] | None
) -> float | None:
    """Mean joint error; None: no hand was found."""
    try:
        pose = estimator.predict(case.depth_mm, case.camera, center=center)
    except NoHandError:
        return None
    return float(np.linalg.norm(pose.xyz - case.joints[skeleton], axis=-1).mean())


if __name__ == "__main__":
    main()
