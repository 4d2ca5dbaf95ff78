"""What the synthetic frames of each benchmark look like: cameras, distances, viewpoints, sensors, scenes. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cn_zoo.geometry import CAMERAS, Camera


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
class Viewpoints:
    """How the palm is turned; zero is the palm to the camera and the fingers up.

    Attributes:
        yaw_deg, pitch_deg: half ranges about the vertical and the horizontal axis.
        lean_deg: mean pitch; positive: the fingers lean to the camera, as people's hands do.
        concentration: 1 spreads evenly over the ranges, more gathers in their middle.
        roll_deg: standard deviation of the in-plane rotation.
        any_roll: share of frames with any in-plane rotation.
        back: share of frames that show the back of the hand.
        any_view: share of frames seen from anywhere.
    """

    yaw_deg: float
    pitch_deg: float
    lean_deg: float
    concentration: float
    roll_deg: float = 25.0
    any_roll: float = 0.2
    back: float = 0.2
    any_view: float = 0.08


@dataclass(frozen=True)
class SceneShares:
    """How often what is around the hand. The first four exclude one another; the rest of the frames is empty.

    Attributes:
        body: head, torso and arm of the hand's owner behind it.
        wall: a wall behind.
        table: a table top close under the hand.
        clutter: loose things behind.
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
    sleeve: float = 0.35
    second_hand: float = 0.08
    held: float = 0.10
    passing: float = 0.04
    border: float = 0.06
    boxed: float = 0.08


@dataclass(frozen=True)
class Preset:
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
        scene: what is around the hand.
        cube_mm: edge of the crop cube.
    """

    name: str
    lenses: tuple[Lens, ...]
    sensors: tuple[tuple[str, float], ...]
    distance_mm: tuple[float, float]
    wide_distance_mm: tuple[float, float]
    wide: float
    views: Viewpoints
    scene: SceneShares = field(default_factory=SceneShares)
    cube_mm: float = 250.0

    def own(self) -> Preset:
        """This preset with the benchmark's own camera, sensor and distances only."""
        lens = replace(self.lenses[0], focal_jitter=0.0)
        return replace(self, lenses=(lens,), sensors=self.sensors[:1], wide=0.0)


_VGA_LONG = Lens(Camera(560.0, 560.0, 320.0, 240.0), 640, 480, share=0.25, focal_jitter=0.15)
_VGA_WIDE = Lens(Camera(410.0, 410.0, 320.0, 240.0), 640, 480, share=0.15, focal_jitter=0.18)
_QVGA = Lens(Camera(241.0, 241.0, 160.0, 120.0), 320, 240, share=0.06, focal_jitter=0.20)

#: The three benchmarks. Ranges and viewpoints as their papers describe them: NYU (Tompson et al. 2014) has a user at a
#: desk before a Carmine; ICVL (Tang et al. 2014) hands close before a Creative camera; MSRA (Sun et al. 2015) the same
#: camera and the widest turns.
PRESETS: dict[str, Preset] = {
    "nyu": Preset(
        name="nyu",
        lenses=(Lens(CAMERAS["nyu"], 640, 480, share=0.7, focal_jitter=0.05), _VGA_WIDE, _QVGA),
        sensors=(
            ("kinect_v1", 0.6), ("sr300", 0.12), ("kinect_v2", 0.1), ("d415", 0.08), ("d435", 0.05), ("ds325", 0.05),
        ),
        distance_mm=(500.0, 1100.0),
        wide_distance_mm=(350.0, 1300.0),
        wide=0.12,
        views=Viewpoints(yaw_deg=100.0, pitch_deg=70.0, lean_deg=18.0, concentration=1.6, back=0.15),
        scene=SceneShares(body=0.45, table=0.08, boxed=0.04),
    ),
    "icvl": Preset(
        name="icvl",
        lenses=(Lens(CAMERAS["icvl"], 320, 240, share=0.7, focal_jitter=0.05), _VGA_LONG, _VGA_WIDE),
        sensors=(
            ("ds325", 0.6), ("sr300", 0.12), ("kinect_v2", 0.1), ("kinect_v1", 0.06), ("d415", 0.06), ("d435", 0.06),
        ),
        distance_mm=(200.0, 450.0),
        wide_distance_mm=(300.0, 900.0),
        wide=0.2,
        views=Viewpoints(yaw_deg=75.0, pitch_deg=70.0, lean_deg=8.0, concentration=2.4, any_roll=0.15),
    ),
    "msra": Preset(
        name="msra",
        lenses=(Lens(CAMERAS["msra"], 320, 240, share=0.5, focal_jitter=0.05), _VGA_LONG, _VGA_WIDE),
        sensors=(
            ("ds325", 0.38), ("sr300", 0.15), ("d415", 0.18), ("d435", 0.14), ("kinect_v2", 0.1), ("kinect_v1", 0.05),
        ),
        distance_mm=(250.0, 500.0),
        wide_distance_mm=(350.0, 950.0),
        wide=0.35,
        views=Viewpoints(yaw_deg=95.0, pitch_deg=95.0, lean_deg=0.0, concentration=1.0, any_roll=0.3, back=0.25),
        scene=SceneShares(table=0.26, body=0.18, boxed=0.18),
    ),
}  # fmt: skip
