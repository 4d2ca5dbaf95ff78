"""What the synthetic frames of each benchmark look like: cameras, distances, viewpoints, sensors, scenes. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.geometry import CAMERAS, CUBE_MM, Camera


@dataclass(frozen=True)
class Lens:
    """A camera with its image size.

    Attributes:
        camera: intrinsics.
        width, height: image size in pixels.
        share: how often it is used, relative to the preset's other lenses.
        focal_jitter: relative half range by which the focal length varies.
    """

    camera: Camera
    width: int
    height: int
    share: float = 1.0
    focal_jitter: float = 0.0


@dataclass(frozen=True)
class Spread:
    """A normal distribution of an angle, degrees: its mean and standard deviation."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class Viewpoints:
    """How the palm is turned; zero is the palm to the camera and the fingers up.

    A mixture: what is usual before this benchmark's camera, wide ranges around the palm and the back, and anything.

    Attributes:
        usual: share of the usual turns.
        yaw, pitch, roll: those, about the vertical axis (negative: the palm to the thumb's side), the horizontal one
            (positive: the fingers lean to the camera) and the line of sight.
        yaw_deg, pitch_deg: half ranges of the wide part.
        lean_deg: its mean pitch.
        concentration: 1 spreads evenly over the ranges, more gathers in their middle.
        roll_deg: standard deviation of its in-plane rotation.
        any_roll: share of the wide part with any in-plane rotation.
        back: share of the wide part that shows the back of the hand.
        any_view: share of frames seen from anywhere.
    """

    usual: float
    yaw: Spread
    pitch: Spread
    roll: Spread
    yaw_deg: float
    pitch_deg: float
    lean_deg: float
    concentration: float
    roll_deg: float = 25.0
    any_roll: float = 0.2
    back: float = 0.2
    any_view: float = 0.08


@dataclass(frozen=True)
class UsualPose:
    """Where joints mostly are, as (mean, standard deviation) in degrees.

    Attributes:
        thumb: radial, palmar, roll, MCP, IP, as in ``kinematics.ANGLES``.
        fingers: for index, middle, ring, little: abduction, MCP, PIP, DIP.
    """

    thumb: tuple[tuple[float, float], ...]
    fingers: tuple[tuple[tuple[float, float], ...], ...]


#: Between relaxed and open, whoever's hand it is.
OPEN_POSE = UsualPose(
    thumb=((35, 20), (28, 18), (22, 18), (14, 16), (8, 20)),
    fingers=(
        ((6, 8), (14, 26), (24, 26), (14, 18)),
        ((-2, 6), (16, 26), (24, 28), (16, 20)),
        ((6, 6), (16, 26), (24, 28), (16, 20)),
        ((15, 11), (10, 28), (22, 26), (14, 18)),
    ),
)


@dataclass(frozen=True)
class PoseShares:
    """How often what kind of pose; the rest lies on the way from a gesture to another pose.

    Attributes:
        usual: share of poses around ``around``.
        gesture: share of named gestures with noise.
        free: share of any poses, of mostly open hands.
        around: the usual pose.
        families: (name in `gestures.FAMILIES`, share) pairs, shares relative to each other.
    """

    usual: float = 0.2
    gesture: float = 0.34
    free: float = 0.2
    around: UsualPose = OPEN_POSE
    families: tuple[tuple[str, float], ...] = (("counting", 1.0), ("letters", 1.0), ("msra", 1.0), ("everyday", 1.0))


@dataclass(frozen=True)
class SceneShares:
    """How often what is around the hand. The first six exclude one another; the rest of the frames is empty.

    Attributes:
        body: head, torso and arm of the hand's owner behind it.
        wall: a wall behind.
        table: a table top close under the hand.
        clutter: loose things behind.
        lying: a table top on which the hand lies.
        resting: a table top parallel to the palm, on which the hand lies or over which it is held.
        sleeve: a sleeve over the forearm.
        second_hand: another hand near or touching.
        held: an object in the hand.
        passing: an object in front of a part of the hand.
        border: the hand is cut by the image's border.
        boxed: only a box around the hand is kept, as segmented datasets do.
    """

    body: float = 0.25
    wall: float = 0.10
    table: float = 0.15
    clutter: float = 0.08
    lying: float = 0.0
    resting: float = 0.0
    sleeve: float = 0.35
    second_hand: float = 0.08
    held: float = 0.10
    passing: float = 0.04
    border: float = 0.06
    boxed: float = 0.08


#: A preset's own mix in training, too.
NOTHING_BESIDES = {"resting": 0.0, "widened": 0.0}


@dataclass(frozen=True)
class SynthesisPreset:
    """How to draw the synthetic frames of one benchmark.

    Training mixes the benchmark's own conditions with others, so that a model also serves other people's cameras;
    `own` is the preset without the others.

    Attributes:
        name: of the benchmark and its skeleton.
        lenses: cameras; the first is the benchmark's.
        sensors: (name in `SENSORS`, share) pairs; the first is the benchmark's.
        distance_mm: range of the hand's distance.
        wide_distance_mm: range for the share ``wide``.
        wide: share of frames with a distance outside the benchmark's.
        views: viewpoints.
        poses: kinds of poses.
        scene: what is around the hand.
        resting: share of training frames, over and above all of this, that are those of `at_rest`. Tests are without
            them: their figures can be compared with earlier ones.
        widened: likewise, share of training frames that are drawn as the preset `WIDEST` has them.
        cube_mm: edge of the crop cube.
    """

    name: str
    lenses: tuple[Lens, ...]
    sensors: tuple[tuple[str, float], ...]
    distance_mm: tuple[float, float]
    wide_distance_mm: tuple[float, float]
    wide: float
    views: Viewpoints
    poses: PoseShares = field(default_factory=PoseShares)
    scene: SceneShares = field(default_factory=SceneShares)
    resting: float = 0.0
    widened: float = 0.0
    cube_mm: float = CUBE_MM

    def own(self) -> SynthesisPreset:
        """This preset with the benchmark's own camera, sensor and distances only."""
        lens = replace(self.lenses[0], focal_jitter=0.0)
        return replace(self, lenses=(lens,), sensors=self.sensors[:1], wide=0.0, **NOTHING_BESIDES)

    def bare(self) -> SynthesisPreset:
        """This preset with nothing to be seen but the hand and its arm."""
        nothing = SceneShares(**{share.name: 0.0 for share in fields(SceneShares)})
        return replace(self, scene=nothing, **NOTHING_BESIDES)

    def at_rest(self) -> SynthesisPreset:
        """This preset with flat hands on or above a table, seen by cameras that smear the two into one."""
        scene = replace(self.bare().scene, resting=1.0, sleeve=SceneShares.sleeve)
        return replace(
            self,
            sensors=_SMEARING,
            distance_mm=(350.0, 1000.0),
            wide=0.0,
            views=_FROM_ABOVE,
            poses=_RESTING,
            scene=scene,
            **NOTHING_BESIDES,
        )

    def widest(self) -> SynthesisPreset:
        """The preset `WIDEST` with this one's joints and cube."""
        return replace(PRESETS[WIDEST], name=self.name, cube_mm=self.cube_mm, **NOTHING_BESIDES)


def _own_lens(name: str, share: float) -> Lens:
    """A benchmark's own camera."""
    benchmark = BENCHMARKS[name]
    return Lens(CAMERAS[name], benchmark.width, benchmark.height, share, focal_jitter=0.05)


_VGA_LONG = Lens(Camera(560.0, 560.0, 320.0, 240.0), 640, 480, share=0.25, focal_jitter=0.15)
_VGA_WIDE = Lens(Camera(410.0, 410.0, 320.0, 240.0), 640, 480, share=0.15, focal_jitter=0.18)
_QVGA = Lens(Camera(241.0, 241.0, 160.0, 120.0), 320, 240, share=0.06, focal_jitter=0.20)

#: Open hands with the thumb far out.
_NYU_POSE = UsualPose(
    thumb=((40, 25), (35, 20), (30, 20), (28, 16), (2, 18)),
    fingers=(
        ((10, 10), (18, 28), (26, 20), (14, 14)),
        ((-2, 7), (18, 24), (20, 20), (14, 15)),
        ((8, 7), (18, 24), (15, 20), (12, 16)),
        ((20, 13), (6, 28), (10, 18), (8, 16)),
    ),
)
#: Fingers fanned out, each straight or bent, the thumb flat beside the palm.
_ICVL_POSE = UsualPose(
    thumb=((16, 16), (9, 14), (18, 25), (0, 15), (15, 38)),
    fingers=(
        ((2, 7), (8, 26), (38, 32), (16, 28)),
        ((-8, 6), (22, 24), (36, 36), (26, 30)),
        ((11, 7), (28, 24), (34, 36), (28, 32)),
        ((24, 13), (4, 30), (38, 32), (20, 24)),
    ),
)

#: A hand at rest: fingers all but straight, more or less spread.
_FLAT_POSE = UsualPose(
    thumb=((32, 18), (10, 12), (5, 12), (5, 10), (2, 14)),
    fingers=(
        ((5, 8), (6, 12), (12, 14), (6, 9)),
        ((0, 5), (8, 12), (13, 14), (7, 9)),
        ((5, 6), (8, 12), (13, 14), (7, 9)),
        ((12, 10), (6, 13), (14, 15), (8, 10)),
    ),
)
_RESTING = PoseShares(usual=0.7, gesture=0.15, free=0.05, around=_FLAT_POSE, families=(("everyday", 1.0),))
#: Mostly its back.
_FROM_ABOVE = Viewpoints(
    usual=0.5,
    yaw=Spread(180.0, 25.0),
    pitch=Spread(0.0, 32.0),
    roll=Spread(0.0, 120.0),
    yaw_deg=80.0,
    pitch_deg=75.0,
    lean_deg=0.0,
    concentration=1.0,
    any_roll=1.0,
    back=0.85,
    any_view=0.0,
)
_SMEARING = (("d415_filtered", 0.45), ("d415", 0.2), ("d435", 0.2), ("kinect_v1", 0.07), ("sr300", 0.08))

#: The preset with the widest mix of cameras, sensors, views and scenes.
WIDEST = "msra"

#: The three benchmarks. Cameras, distances and wide ranges as their papers describe them: NYU (Tompson et al. 2014) has
#: a user at a desk before a Carmine; ICVL (Tang et al. 2014) hands close before a Creative camera; MSRA (Sun et al.
#: 2015) the same camera and the widest turns. What is usual for NYU and ICVL is rounded from fits to their published
#: labels (``tools/fit_real_poses.py``).
PRESETS: dict[str, SynthesisPreset] = {
    "nyu": SynthesisPreset(
        name="nyu",
        lenses=(_own_lens("nyu", share=0.7), _VGA_WIDE, _QVGA),
        sensors=(
            ("kinect_v1", 0.6), ("sr300", 0.12), ("kinect_v2", 0.1), ("d415", 0.08), ("d435", 0.05), ("ds325", 0.05),
        ),
        distance_mm=(500.0, 1100.0),
        wide_distance_mm=(350.0, 1300.0),
        wide=0.12,
        views=Viewpoints(
            usual=0.65, yaw=Spread(-30.0, 36.0), pitch=Spread(20.0, 20.0), roll=Spread(10.0, 40.0),
            yaw_deg=120.0, pitch_deg=70.0, lean_deg=18.0, concentration=1.4, back=0.2,
        ),
        poses=PoseShares(usual=0.5, gesture=0.14, free=0.2, around=_NYU_POSE),
        scene=SceneShares(body=0.45, table=0.08, boxed=0.04),
        resting=0.05,
    ),
    "icvl": SynthesisPreset(
        name="icvl",
        lenses=(_own_lens("icvl", share=0.7), _VGA_LONG, _VGA_WIDE),
        sensors=(
            ("ds325", 0.6), ("sr300", 0.12), ("kinect_v2", 0.1), ("kinect_v1", 0.06), ("d415", 0.06), ("d435", 0.06),
        ),
        distance_mm=(200.0, 450.0),
        wide_distance_mm=(300.0, 900.0),
        wide=0.2,
        views=Viewpoints(
            usual=0.7, yaw=Spread(6.0, 15.0), pitch=Spread(3.0, 14.0), roll=Spread(10.0, 22.0),
            yaw_deg=75.0, pitch_deg=70.0, lean_deg=8.0, concentration=1.8, any_roll=0.15, back=0.15, any_view=0.06,
        ),
        poses=PoseShares(usual=0.48, gesture=0.16, free=0.18, around=_ICVL_POSE),
        resting=0.05,
        widened=0.25,
    ),
    "msra": SynthesisPreset(
        name="msra",
        lenses=(_own_lens("msra", share=0.5), _VGA_LONG, _VGA_WIDE),
        sensors=(
            ("ds325", 0.38), ("sr300", 0.15), ("d415", 0.14), ("d415_filtered", 0.04), ("d435", 0.14),
            ("kinect_v2", 0.1), ("kinect_v1", 0.05),
        ),
        distance_mm=(250.0, 500.0),
        wide_distance_mm=(350.0, 950.0),
        wide=0.35,
        views=Viewpoints(
            usual=0.4, yaw=Spread(0.0, 28.0), pitch=Spread(4.0, 24.0), roll=Spread(0.0, 28.0),
            yaw_deg=95.0, pitch_deg=95.0, lean_deg=0.0, concentration=1.0, any_roll=0.3, back=0.25,
        ),
        poses=PoseShares(families=(("counting", 0.12), ("letters", 0.12), ("msra", 0.46), ("everyday", 0.3))),
        scene=SceneShares(table=0.26, body=0.18, lying=0.04, boxed=0.18),
        resting=0.06,
    ),
}  # fmt: skip
