from dataclasses import replace

import numpy as np
import pytest

from cn_zoo.geometry import Camera
from cn_zoo.synthesis.sensors import SENSORS, TimeOfFlight, sense

STRUCTURED = SENSORS["kinect_v1"]
STEREO = SENSORS["d415"]
FLIGHT = SENSORS["ds325"]


def camera_of(sensor, width=160, height=120):
    return Camera(sensor.focal_px, sensor.focal_px, width / 2, height / 2)


def measure(depth, sensor, seed=0):
    return sense(depth, camera_of(sensor), sensor, np.random.default_rng(seed))


def wall(z):
    return np.full((120, 160), z, np.float32)


def step(left, right):
    """Two surfaces that meet in the middle column."""
    depth = wall(right)
    depth[:, :80] = left
    return depth


@pytest.mark.parametrize("name", SENSORS)
def test_a_wall_is_measured_where_it_is(name):
    measured = measure(wall(700.0), SENSORS[name])
    assert measured.dtype == np.float32
    seen = measured[measured > 0]
    assert seen.size > 0.97 * measured.size
    # The periodic error of time of flight is an honest offset of a few millimetres.
    assert np.median(seen) == pytest.approx(700.0, abs=6.0)
    assert 0.05 < seen.std() < 12.0


@pytest.mark.parametrize("name", SENSORS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(name):
    depth = step(600.0, 700.0)
    first, again, other = (measure(depth, SENSORS[name], seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("name", SENSORS)
def test_nothing_stays_nothing_and_the_range_is_kept(name):
    sensor = SENSORS[name]
    assert not measure(wall(0.0), sensor).any()
    assert not measure(wall(0.7 * sensor.range_mm[0]), sensor).any()
    assert not measure(wall(1.3 * sensor.range_mm[1]), sensor).any()


def test_structured_light_measures_in_steps_of_disparity():
    slope = wall(0.0) + np.linspace(800.0, 900.0, 160, dtype=np.float32)
    measured = measure(slope, STRUCTURED)
    disparity = STRUCTURED.focal_px * STRUCTURED.baseline_mm / measured[measured > 0]
    steps = disparity / STRUCTURED.disparity_step_px
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    # At 800 mm an eighth of a pixel is z^2 / (f b) / 8 = 1.8 mm.
    values = np.unique(measured[(measured > 0) & (measured < 815)])
    assert np.median(np.diff(values)) == pytest.approx(800**2 / (580 * 75) / 8, rel=0.1)


def spread(sensor, z):
    """Mean standard deviation over seeds: single calls differ in strength."""
    stds = []
    for seed in range(30):
        measured = measure(wall(z), sensor, seed)
        stds.append(measured[measured > 0].std())
    return np.mean(stds)


@pytest.mark.parametrize(("name", "growth"), [("d415", (3.0, 5.0)), ("ds325", (1.5, 4.0))])
def test_noise_grows_with_the_square_of_the_distance(name, growth):
    low, high = growth
    assert low < spread(SENSORS[name], 1000.0) / spread(SENSORS[name], 500.0) < high


@pytest.mark.parametrize(("name", "side"), [("kinect_v1", "right"), ("d435", "left")])
def test_the_shadow_of_a_near_thing_falls_to_one_side(name, side):
    sensor = replace(SENSORS[name], fattening_px=0.0, halo_px=0.0, jitter_px=0.0, hole_rate=0.0, smoothing=0.0)
    depth = wall(1000.0)
    depth[:, 70:90] = 500.0
    holes = measure(depth, replace(sensor, shadow_kept=1.0))
    width = sensor.focal_px * abs(sensor.baseline_mm) * (1 / 500 - 1 / 1000)
    lost = (holes[:, 90:] == 0).sum(axis=1) if side == "right" else (holes[:, :70] == 0).sum(axis=1)
    other = (holes[:, :70] == 0).sum(axis=1) if side == "right" else (holes[:, 90:] == 0).sum(axis=1)
    assert np.median(lost) == pytest.approx(min(width, 70), abs=3)
    assert np.median(other) == 0


def test_stereo_lets_a_hand_flow_into_a_near_surface_but_not_into_a_far_one():
    sensor = replace(STEREO, disparity_noise_px=0.0, waviness_px=0.0, jitter_px=0.0, hole_rate=0.0)
    melted = measure(step(600.0, 612.0), sensor)[60]
    apart = measure(step(600.0, 900.0), sensor)[60]
    assert np.count_nonzero((melted > 601.5) & (melted < 610.5)) >= 4
    assert np.count_nonzero((apart > 640.0) & (apart < 860.0)) == 0


def test_stereo_fattens_what_is_near():
    sensor = replace(STEREO, jitter_px=0.0, shadow_kept=0.0)
    widths = [np.count_nonzero(measure(step(600.0, 900.0), sensor, seed)[60] < 700.0) for seed in range(10)]
    assert 81 <= np.mean(widths) <= 86


def test_time_of_flight_pixels_fly_between_the_surfaces_of_an_outline():
    calm = replace(FLIGHT, noise_mm=0.1, noise_per_m2=0.0, wiggle_mm=0.0, hole_rate=0.0)
    flying = [
        np.count_nonzero((measured > 520.0) & (measured < 780.0)) / 120
        for measured in (measure(step(500.0, 800.0), replace(calm, flying=share)) for share in (0.0, 0.5))
    ]
    assert flying[0] == 0.0
    assert 0.2 < flying[1] < 4.0


def test_time_of_flight_errs_periodically_with_distance():
    calm = replace(FLIGHT, noise_mm=0.1, noise_per_m2=0.0)
    errors = np.array([np.median(measure(wall(z), calm)) - z for z in (600.0, 600.0 + 375.0, 600.0 + 750.0)])
    assert errors[0] == pytest.approx(errors[2], abs=0.2)
    assert errors[0] == pytest.approx(-errors[1], abs=0.2)
    assert 0.05 < np.abs(errors).max() < 10.0


def test_records_tell_the_principle():
    assert {name for name, sensor in SENSORS.items() if isinstance(sensor, TimeOfFlight)} == {"ds325", "kinect_v2"}


@pytest.mark.parametrize(
    "sensor",
    [
        replace(FLIGHT, noise_mm=0.0, wiggle_mm=0.0, hole_rate=0.0),
        replace(STRUCTURED, disparity_step_px=1e-4, waviness_px=0.0, jitter_px=0.0, hole_rate=0.0),
    ],
)
def test_the_part_of_the_noise_that_grows_is_as_large_as_its_record_says(sensor):
    square_mm = {
        TimeOfFlight: lambda: sensor.noise_per_m2,
        type(STRUCTURED): lambda: sensor.disparity_noise_px * 1000**2 / (sensor.focal_px * sensor.baseline_mm),
    }[type(sensor)]()
    near, far = (spread(sensor, z) for z in (500.0, 1000.0))
    assert far / near == pytest.approx(4.0, rel=0.02)
    assert far == pytest.approx(square_mm, rel=0.3)


def slanted(tangent, sensor, rises):
    """A surface that falls away from the middle of the image, to the right or downwards."""
    across, down = np.meshgrid(np.arange(160) - 80, np.arange(120) - 60)
    aside = (across if rises == "right" else down) / sensor.focal_px
    return (700.0 / (1 - tangent * aside)).astype(np.float32)


@pytest.mark.parametrize(
    ("sensor", "rises"),
    [
        (replace(STRUCTURED, waviness_px=0.0, jitter_px=0.0, hole_rate=0.0, grazing=1.0), "right"),
        (replace(FLIGHT, hole_rate=0.0, grazing=1.0), "right"),
        (replace(FLIGHT, hole_rate=0.0, grazing=1.0), "down"),
    ],
)
def test_surfaces_seen_from_their_side_get_lost(sensor, rises):
    """Those at the tangent of the record by half, on the mean of all that devices differ by."""
    lost = []
    for tangent in (0.15, 1.0, 2.0):
        depth = slanted(tangent, sensor, rises)
        lost.append(np.mean([(measure(depth, sensor, seed) == 0).mean() for seed in range(30)]))
    assert lost[0] < 0.02
    assert 0.35 < lost[1] < 0.65
    assert lost[2] > 0.7


@pytest.mark.parametrize("sensor", [STRUCTURED, STEREO, FLIGHT])
def test_holes_are_as_frequent_as_their_record_says(sensor):
    calm = {} if isinstance(sensor, TimeOfFlight) else {"jitter_px": 0.0, "waviness_px": 0.0}

    def lost(rate):
        drawn = [measure(wall(700.0), replace(sensor, hole_rate=rate, **calm), seed) for seed in range(30)]
        return np.median([(measured == 0).mean() for measured in drawn])

    assert lost(0.0) == 0
    assert 0.1 < lost(0.2) < 0.35


def test_stereo_measures_nothing_in_a_band_around_near_things():
    sensor = replace(STEREO, fattening_px=0.0, jitter_px=0.0, hole_rate=0.0, smoothing=0.0, shadow_kept=1.0)
    depth = wall(1000.0)
    depth[50:70, 70:90] = 500.0
    bands = {}
    for halo in (0.0, 3.0):
        drawn = [measure(depth, replace(sensor, halo_px=halo), seed) for seed in range(20)]
        above = [np.count_nonzero(measured[30:50, 80] == 0) for measured in drawn]
        assert all((measured[52:68, 72:88] > 0).all() for measured in drawn)
        bands[halo] = np.mean(above)
    assert bands[0.0] == 0
    assert bands[3.0] == pytest.approx(3.0, abs=0.8)
    # A step of less than the smoothing would let flow into one another has none.
    flat = np.where(depth == 500.0, np.float32(990.0), depth)
    assert measure(flat, replace(sensor, halo_px=3.0))[30:50, 80].all()


def test_window_matching_makes_smooth_bumps():
    sensor = replace(STRUCTURED, disparity_step_px=1e-4, disparity_noise_px=0.0, jitter_px=0.0, hole_rate=0.0)
    sensor = replace(sensor, waviness_px=0.2)
    bumps = []
    for seed in range(20):
        disparity = sensor.focal_px * sensor.baseline_mm / measure(wall(700.0), sensor, seed)
        bumps.append(disparity.std())
        assert np.diff(disparity, axis=1).std() < 0.4 * bumps[-1]
        assert np.diff(disparity, axis=0).std() < 0.4 * bumps[-1]
    assert np.median(bumps) == pytest.approx(0.2, rel=0.3)
