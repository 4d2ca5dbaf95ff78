"""Fit the synthetic hand to labelled real poses: can the engine's shapes and poses reach what real hands do?

    python tools/fit_real_poses.py nyu labels_uvd.txt.gz fits.npz --subjects 0:2440,2440:8252 --count 300

Labels are text, a frame a line, u v d of each joint. Each subject gets one shape, each frame a pose, by least squares
in turns. Left hands are mirrored first. Prints the residuals and writes the fits (arrays: frame, subject, angles
(N, 24), rotation (N, 3, 3), translation (N, 3), residual_mm (N, J), and per subject length_mm and scales (21, 3)), from
which ``HandShape`` and ``ShapedHand.pose`` make the hands again.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from cn_zoo.geometry import CAMERAS, SKELETONS
from cn_zoo.io.atomic import atomic_path
from cn_zoo.synthesis.bones import LANDMARK_HEADS, LANDMARK_ROWS, LAST, PALM, TIP_ROWS
from cn_zoo.synthesis.hand_model import HandModel
from cn_zoo.synthesis.hand_pose import LIMITS, gesture_pose
from cn_zoo.synthesis.hand_shape import HandShape, ShapedHand
from cn_zoo.synthesis.kinematics import ANGLES, bone_transforms
from cn_zoo.synthesis.labels import BLENDS

ROUNDS = 4
SOMA_SHARE = 0.7
LOW = np.radians([LIMITS[name].low for name in ANGLES])
HIGH = np.radians([LIMITS[name].high for name in ANGLES])
PIP = np.array([i for i, name in enumerate(ANGLES) if name.endswith("_pip")])
#: Weak pull to a relaxed hand where labels leave an angle open (the wrist always): radians that weigh as 0.5 mm.
LOOSE = np.radians([1, 1, 6, 25, 25, 12, 25, 30, *(15, 40, 45, 30) * 4])
LIMIT_WEIGHT, COUPLING_WEIGHT = 120.0, 4.0  # mm per radian beyond a limit, and off the usual DIP for a PIP
#: Shape parameters, logarithms of factors: size, palm width and thickness, 12 phalanx and 3 thumb bone lengths.
SHAPE_SPREAD = np.array([0.12, 0.06, 0.06] + [0.06] * 15)
PHALANGES = (6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20)


class Subject:
    """One person: what posing needs of a shape, without the skin."""

    def __init__(self, parameters: np.ndarray) -> None:
        mesh = HandModel.load().mesh
        scales = mesh.proportions.astype(np.float64)
        factors = np.exp(parameters)
        scales[PALM, 0] *= factors[1]
        scales[PALM, 2] *= factors[2]
        scales[PHALANGES, 1] *= factors[3:15]
        scales[2:5, 1] *= factors[15:]
        self.shape = HandShape(185.0 * factors[0], SOMA_SHARE, np.zeros(len(mesh.components)), scales)
        hand = ShapedHand.build(mesh, self.shape)
        self.heads, self.frames = hand.heads, hand.frames
        tips = hand.vertices[mesh.tips].mean(axis=1).astype(np.float64)
        self.tips = tips - self.heads[LAST]

    def landmarks(self, angles: np.ndarray) -> np.ndarray:
        """``(21, 3)`` in the hand's frame; the skin of a tip is rigid with its last bone."""
        turns, posed = bone_transforms(angles, self.heads, self.frames)
        joints = np.empty((21, 3))
        joints[LANDMARK_ROWS] = posed[LANDMARK_HEADS]
        joints[TIP_ROWS] = posed[LAST] + np.einsum("fij,fj->fi", turns[LAST], self.tips)
        return joints

    def label(self, state: np.ndarray, blend: np.ndarray) -> np.ndarray:
        """Label joints of a state: 24 angles, rotation vector, translation."""
        turn = Rotation.from_rotvec(state[24:27]).as_matrix()
        return blend @ self.landmarks(state[:24]) @ turn.T + state[27:]


def fit_pose(joints: np.ndarray, subject: Subject, blend: np.ndarray, starts: list[np.ndarray]) -> np.ndarray:
    """The best state from several starts."""
    relaxed = gesture_pose("relaxed")

    def residuals(state: np.ndarray) -> np.ndarray:
        angles = state[:24]
        beyond = np.maximum(angles - HIGH, 0.0) + np.minimum(angles - LOW, 0.0)
        coupling = angles[PIP + 1] - 0.7 * angles[PIP]
        return np.concatenate(
            [
                (subject.label(state, blend) - joints).ravel(),
                LIMIT_WEIGHT * beyond,
                0.5 * (angles - relaxed) / LOOSE,
                COUPLING_WEIGHT * coupling,
            ]
        )

    results = [least_squares(residuals, start, method="lm", max_nfev=450) for start in starts]
    return min(results, key=lambda result: result.cost).x


def first_states(joints: np.ndarray, subject: Subject, blend: np.ndarray) -> list[np.ndarray]:
    """An open and a closed hand, each laid over the joints."""
    states = []
    for gesture in ("relaxed", "fist"):
        angles = gesture_pose(gesture)
        mine = blend @ subject.landmarks(angles)
        turn, _ = Rotation.align_vectors(joints - joints.mean(axis=0), mine - mine.mean(axis=0))
        shift = joints.mean(axis=0) - turn.apply(mine.mean(axis=0))
        states.append(np.concatenate([angles, turn.as_rotvec(), shift]))
    return states


def fit_shape(parameters: np.ndarray, frames: np.ndarray, states: list[np.ndarray], blend: np.ndarray) -> np.ndarray:
    """The shape that fits the frames best in their present poses."""

    def residuals(parameters: np.ndarray) -> np.ndarray:
        subject = Subject(parameters)
        errors = [subject.label(state, blend) - joints for state, joints in zip(states, frames, strict=True)]
        return np.concatenate([np.ravel(errors), 8.0 * parameters / SHAPE_SPREAD])

    return least_squares(residuals, parameters, max_nfev=8).x


def fit_subject(frames: np.ndarray, blend: np.ndarray) -> tuple[Subject, np.ndarray, np.ndarray]:
    """Shape and poses of one person's frames; returns the subject, states (N, 30) and residuals (N, J) in mm."""
    parameters, states = np.zeros(len(SHAPE_SPREAD)), None
    for _ in range(ROUNDS):
        subject = Subject(parameters)
        starts = [[s] for s in states] if states else [first_states(joints, subject, blend) for joints in frames]
        states = [fit_pose(joints, subject, blend, start) for joints, start in zip(frames, starts, strict=True)]
        some = slice(None, None, max(1, len(frames) // 40))
        parameters = fit_shape(parameters, frames[some], states[some], blend)
    subject = Subject(parameters)
    states = np.array([fit_pose(j, subject, blend, [s]) for j, s in zip(frames, states, strict=True)])
    errors = np.array([subject.label(s, blend) - j for s, j in zip(states, frames, strict=True)])
    return subject, states, np.linalg.norm(errors, axis=2)


@click.command()
@click.argument("dataset", type=click.Choice(tuple(SKELETONS)))
@click.argument("labels", type=click.Path(exists=True, path_type=Path))
@click.argument("output", type=click.Path(path_type=Path))
@click.option("--subjects", required=True, help="Frame ranges of one person each: first:last,first:last")
@click.option("--count", default=300, show_default=True, help="Frames to fit, evenly over each range.")
def main(dataset: str, labels: Path, output: Path, subjects: str, count: int) -> None:
    """Fit, print residuals, write the fits."""
    skeleton, blend = SKELETONS[dataset], BLENDS[dataset]
    xyz = CAMERAS[dataset].uvd_to_xyz(np.loadtxt(labels).reshape(-1, len(skeleton), 3))
    if skeleton.handedness(xyz) == "left":
        xyz = skeleton.mirror(xyz)
    ranges = [tuple(map(int, span.split(":"))) for span in subjects.split(",")]
    fits: dict[str, list[np.ndarray]] = {key: [] for key in ("frame", "subject", "state", "residual_mm")}
    shapes = []
    for number, (first, last) in enumerate(ranges):
        chosen = np.linspace(first, last - 1, count // len(ranges)).astype(int)
        person, states, residuals = fit_subject(xyz[chosen], blend)
        shapes.append(person.shape)
        for key, value in zip(fits, (chosen, np.full(len(chosen), number), states, residuals), strict=True):
            fits[key].append(value)
        click.echo(f"{dataset} {first}:{last}, {len(chosen)} frames: {_summary(residuals)}")
    frame, subject, states, residuals = (np.concatenate(values) for values in fits.values())
    click.echo(f"{dataset}, all: {_summary(residuals)}")
    for joint, median in zip(skeleton.joints, np.median(residuals, axis=0), strict=True):
        click.echo(f"  {joint:14s} {median:5.1f}")
    with atomic_path(output) as path:
        np.savez_compressed(
            path,
            frame=frame,
            subject=subject,
            angles=states[:, :24],
            rotation=Rotation.from_rotvec(states[:, 24:27]).as_matrix(),
            translation=states[:, 27:],
            residual_mm=residuals,
            soma=SOMA_SHARE,
            length_mm=np.array([shape.length_mm for shape in shapes]),
            scales=np.array([shape.scales for shape in shapes]),
        )


def _summary(residuals: np.ndarray) -> str:
    return (
        f"joint residual median {np.median(residuals):.2f} mm, mean {residuals.mean():.2f} mm, "
        f"95th percentile {np.percentile(residuals, 95):.2f} mm"
    )


if __name__ == "__main__":
    main()
