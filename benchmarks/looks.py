"""What the looks at a hand that is turned a little add: one look of the network beside what `predict` makes of three.

    python benchmarks/looks.py [--model msra] [--frames 1000]

Synthetic frames, cut at the true centre; unseen hands of the training mesh, and those of the WebXR mesh. For each: mean
joint error, and the share of joints that are off by less than their sigma (68 % where sigma is right).
"""

from __future__ import annotations

import click
import numpy as np

from cn_zoo.evaluation.synthetic_cases import SYNTHETIC_TESTS, frame_case
from cn_zoo.geometry import POSE_UNIT_MM
from cn_zoo.inference import HandPoseEstimator
from cn_zoo.inference.runtimes import Runtime, open_runtime
from cn_zoo.synthesis.frame import SyntheticFrame, draw_frame
from cn_zoo.synthesis.presets import PRESETS
from cn_zoo.zoo import resolve

_SEED = 1
#: Errors (J,) and deviations (J,) of a hand's joints, in mm.
Judged = tuple[np.ndarray, np.ndarray]


@click.command()
@click.option("--model", "models", type=click.Choice(list(PRESETS)), multiple=True, default=list(PRESETS))
@click.option("--frames", default=1_000, show_default=True, help="Of each test.")
def main(models: tuple[str, ...], frames: int) -> None:
    """Measure and print."""
    for model in models:
        runtime, estimator = open_runtime(resolve(model, "onnx")), HandPoseEstimator.from_pretrained(model)
        for test, split in SYNTHETIC_TESTS.items():
            drawn = [draw_frame(PRESETS[model], _SEED, index, split) for index in range(frames)]
            one = [_look(runtime, frame, model) for frame in drawn]
            three = [_predict(estimator, frame, model) for frame in drawn]
            click.echo(f"{model}, {test}: {_told(one)} by one look, {_told(three)} by predict")


def _look(runtime: Runtime, frame: SyntheticFrame, model: str) -> Judged:
    case = frame_case(frame, PRESETS[model])
    outputs = runtime.run(case.depth)
    return case.errors(outputs["pose"]), outputs["sigma"] * POSE_UNIT_MM


def _predict(estimator: HandPoseEstimator, frame: SyntheticFrame, model: str) -> Judged:
    pose = estimator.predict(frame.depth_mm, frame.camera, frame.center_uvd)
    return np.linalg.norm(pose.xyz - frame.joints[model], axis=-1), pose.sigma


def _told(judged: list[Judged]) -> str:
    errors, sigmas = (np.stack(each) for each in zip(*judged, strict=True))
    return f"{errors.mean():.2f} mm (inside sigma {(errors < sigmas).mean():.1%})"


if __name__ == "__main__":
    main()
