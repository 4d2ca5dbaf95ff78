"""What depth cameras make of a scene: one record per device family, and the models behind them.

Two measuring principles cover all of them. Triangulation (structured light and stereo) measures a disparity
``focal * baseline / z``: its noise and steps grow with the square of the distance, matching works on windows, and
what the second viewpoint cannot see has no depth. Time of flight mixes the surfaces a pixel sees, errs
periodically with distance, and gets noisier as less light returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cn_zoo.geometry import Camera
from cn_zoo.synthesis._jit import jit


@dataclass(frozen=True)
class Triangulation:
    """A structured-light or stereo camera. Lengths in pixels count at ``focal_px`` and scale with the image.

    Attributes:
        focal_px: focal length of the device's own depth image.
        baseline_mm: distance between its two viewpoints; positive: the second one is to the left, so that
            the shadow of a near thing falls to its right.
        disparity_step_px: quantisation of the disparity.
        disparity_noise_px: standard deviation of its white noise.
        waviness_px: standard deviation of its smooth noise, the bumps of window matching.
        jitter_px: standard deviation of the sideways error that frays outlines, one draw per cell.
        cell_px: size of the matching cell, the grain of frayed outlines and holes.
        fattening_px: how far near surfaces grow over their outline.
        halo_px: width of the band without depth around near things, where windows see both surfaces.
        smoothing: weight of the neighbourhood in the edge-preserving smoothing, 0 to 1.
        melt_px: disparity difference below which surfaces flow into one another.
        shadow_kept: share of shadow and halo that stays without depth; the rest is filled from behind.
        hole_rate: share of cells without depth for lack of texture or light.
        grazing: tangent of the viewing angle at which half of the surface is lost.
        range_mm: nearest and farthest distance measured.
    """

    focal_px: float
    baseline_mm: float
    disparity_step_px: float
    disparity_noise_px: float
    waviness_px: float
    jitter_px: float
    cell_px: float
    fattening_px: float
    halo_px: float
    smoothing: float
    melt_px: float
    shadow_kept: float
    hole_rate: float
    grazing: float
    range_mm: tuple[float, float]


@dataclass(frozen=True)
class TimeOfFlight:
    """A time-of-flight camera. Lengths in pixels count at ``focal_px`` and scale with the image.

    Attributes:
        focal_px: focal length of the device's own depth image.
        noise_mm: standard deviation of the noise close by.
        noise_per_m2: what it gains per square metre of distance, in mm.
        flying: share of outline pixels that float between fore- and background.
        flying_px: width of the zone in which they do.
        wiggle_mm: amplitude of the periodic distance error.
        wiggle_period_mm: its period.
        hole_rate: share of pixels without depth.
        grazing: tangent of the viewing angle at which half of the surface is lost.
        range_mm: nearest and farthest distance measured.
    """

    focal_px: float
    noise_mm: float
    noise_per_m2: float
    flying: float
    flying_px: float
    wiggle_mm: float
    wiggle_period_mm: float
    hole_rate: float
    grazing: float
    range_mm: tuple[float, float]


#: Device families. Kinect v1 and Carmine: Khoshelham & Elberink 2012 (1/8 px steps, 75 mm), Handa et al. 2014
#: (sideways jitter). SR300: Zabatani et al. 2019. D4xx: Keselman et al. 2017 and Intel's tuning guide (1/32 px
#: steps, 0.08 px subpixel error). DS325 (Creative, ICVL and MSRA) and Kinect v2: Sarbolandi et al. 2015.
SENSORS: dict[str, Triangulation | TimeOfFlight] = {
    "kinect_v1": Triangulation(580, 75, 1 / 8, 0.06, 0.05, 0.6, 2.5, 1, 0, 0, 0, 0.9, 0.0007, 8.0, (400, 4500)),
    "sr300": Triangulation(476, -26, 1 / 64, 0.012, 0.01, 0.4, 1.0, 0, 0, 0.2, 0.15, 1, 0.0003, 8.0, (150, 2000)),
    "d435": Triangulation(385, -50, 1 / 32, 0.04, 0.10, 0.8, 3.0, 1.5, 1.5, 0.65, 1.2, 0.7, 0.0007, 9.0, (170, 5000)),
    "d415": Triangulation(605, -55, 1 / 32, 0.05, 0.14, 1.2, 4.0, 2.2, 2.5, 0.80, 2.2, 0.7, 0.0007, 9.0, (300, 5000)),
    # With the device's filters at their strongest (spatial, temporal, hole filling): hands melt into tables.
    "d415_filtered": Triangulation(
        605, -55, 1 / 32, 0.03, 0.14, 1.0, 4, 2.5, 0, 0.85, 3, 0.2, 0.0005, 9.0, (300, 5000)
    ),
    "ds325": TimeOfFlight(224, 0.9, 6.0, 0.5, 0.8, 2.0, 750, 0.0003, 12.0, (100, 1500)),
    "kinect_v2": TimeOfFlight(365, 0.8, 1.0, 0.6, 1.0, 1.5, 470, 0.0003, 14.0, (400, 6000)),
}

_MAX_FATTENING = 6
#: How far, in melting distances, a thing stands out before it has a halo.
_HALO_STEP = 1.5
_TABLE = 65_536
#: Unit normal and uniform noise. Each image row reads on from a random place: as good as fresh noise, and free.
_NORMAL = np.random.default_rng(0).standard_normal(_TABLE, dtype=np.float32)
_UNIFORM = np.random.default_rng(1).random(_TABLE, dtype=np.float32)


def sense(
    depth: np.ndarray, camera: Camera, sensor: Triangulation | TimeOfFlight, rng: np.random.Generator
) -> np.ndarray:
    """Turn true depth into what a sensor would deliver.

    How strong each defect is varies by about a third from call to call: devices, settings and scenes differ.

    Args:
        depth: (H, W) float32 true z in mm, 0 = nothing there.
        camera: the camera of ``depth``; it need not have the device's own resolution.
        sensor: the device.
        rng: decides all randomness.

    Returns:
        (H, W) float32 mm, 0 = no measurement.
    """
    seed = np.uint64(rng.integers(0, 2**63))
    strengths = np.exp(0.35 * rng.standard_normal(8))
    near, far = sensor.range_mm
    pixels = camera.fx / sensor.focal_px
    if isinstance(sensor, TimeOfFlight):
        return _fly(
            depth, seed, _NORMAL, _UNIFORM, camera.fx, sensor.noise_mm * strengths[0],
            sensor.noise_per_m2 * strengths[1] * 1e-6, sensor.flying * strengths[2],
            max(1, round(sensor.flying_px * pixels * strengths[3])), sensor.wiggle_mm * strengths[4],
            1 / sensor.wiggle_period_mm, sensor.hole_rate * strengths[5] ** 3, sensor.grazing * strengths[6], near, far,
        )  # fmt: skip
    focal_baseline = sensor.focal_px * abs(sensor.baseline_mm)
    disparity = _disparity(depth, focal_baseline)
    _hide(disparity, pixels, sensor.baseline_mm > 0)
    fattening = min(round(sensor.fattening_px * pixels * strengths[0]), _MAX_FATTENING)
    if fattening > 0:
        disparity = _fatten(disparity, fattening)
    halo = min(round(sensor.halo_px * pixels * strengths[1]), _MAX_FATTENING)
    if halo > 0:
        _hide_halo(disparity, _fatten(disparity, halo), _HALO_STEP * sensor.melt_px)
    disparity = _fray(
        disparity, seed, _NORMAL, _UNIFORM, sensor.jitter_px * pixels * strengths[1],
        max(sensor.cell_px * pixels, 1.0), sensor.shadow_kept, sensor.hole_rate * strengths[2] ** 3,
    )  # fmt: skip
    if sensor.smoothing > 0:
        kept = (1 - sensor.smoothing) ** (strengths[3] / max(pixels, 0.5))
        disparity = _smooth(disparity, max(kept, 0.08), sensor.melt_px * strengths[4])
    return _to_depth(
        disparity, seed, _NORMAL, _UNIFORM, camera.fx, focal_baseline, sensor.disparity_step_px,
        sensor.disparity_noise_px * strengths[5], sensor.waviness_px * strengths[6], max(10 * pixels, 2.0),
        sensor.grazing * strengths[7], near, far,
    )  # fmt: skip


# The kernels name numpy's error model because Python's checks every division, which keeps loops from being vectorised.


@jit()
def _place(seed, index, width):  # noqa: ANN001, ANN202
    """Where in the noise tables an image row of some width begins (the mixing function of splitmix64)."""
    x = np.uint64(seed) + np.uint64(index) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return np.int64(x >> np.uint64(16)) % (_TABLE - width)


@jit(inline="always")
def _larger(a, b):  # noqa: ANN001, ANN202
    return a if a > b else b


@jit(error_model="numpy")
def _disparity(depth, focal_baseline):  # noqa: ANN001, ANN202
    height, width = depth.shape
    out = np.empty((height, width), np.float32)
    scale, nothing = np.float32(focal_baseline), np.float32(0)
    for v in range(height):
        for u in range(width):
            z = depth[v, u]
            out[v, u] = scale / z if z > nothing else nothing
    return out


@jit()
def _hide(disparity, pixels, second_is_left):  # noqa: ANN001, ANN202
    """Negate, in place, what the second viewpoint cannot see because something nearer is in its line of sight."""
    height, width = disparity.shape
    # Some tolerance, or steep but visible surfaces would hide themselves.
    scale, tolerance = np.float32(pixels), np.float32(1.5)
    for v in range(height):
        reached = np.float32(-1e9)
        row = disparity[v] if second_is_left else disparity[v, ::-1]
        for u in range(width):
            seen_at = np.float32(u) + row[u] * scale
            row[u] = -row[u] if seen_at < reached - tolerance else row[u]
            reached = _larger(reached, seen_at)


@jit()
def _fatten(disparity, radius):  # noqa: ANN001, ANN202
    """The nearest surface within a square window, as window matching prefers it."""
    height, width = disparity.shape
    rows = disparity.copy()
    for v in range(height):
        for shift in range(1, radius + 1):
            here, beside = rows[v, : width - shift], disparity[v, shift:]
            for u in range(width - shift):
                here[u] = _larger(here[u], beside[u])
            here, beside = rows[v, shift:], disparity[v, : width - shift]
            for u in range(width - shift):
                here[u] = _larger(here[u], beside[u])
    out = rows.copy()
    for v in range(height):
        here = out[v]
        for other in range(max(0, v - radius), min(height, v + radius + 1)):
            beside = rows[other]
            for u in range(width):
                here[u] = _larger(here[u], beside[u])
    return out


@jit()
def _hide_halo(disparity, grown, step):  # noqa: ANN001, ANN202
    """Negate, in place, what lies around things that stand out; ``grown`` are the things with their halo."""
    height, width = disparity.shape
    step = np.float32(step)
    for v in range(height):
        here, near = disparity[v], grown[v]
        for u in range(width):
            here[u] = -here[u] if (here[u] > 0) & (near[u] - here[u] > step) else here[u]


@jit()
def _fray(disparity, seed, normals, uniforms, jitter, cell, shadow_kept, hole_rate):  # noqa: ANN001, ANN202
    """Measure each pixel a little beside itself, cell by cell, and lose hidden pixels and unlucky cells."""
    height, width = disparity.shape
    out = np.empty((height, width), np.float32)
    flat = disparity.ravel()
    last = flat.size - 1
    cells = int(width / cell) + 1
    column_cell = np.empty(width, np.int64)
    for u in range(width):
        column_cell[u] = int(u / cell)
    jitter, nothing = np.float32(jitter), np.float32(0)
    source = np.empty(width, np.int64)
    when_seen, when_hidden = np.empty(width, np.float32), np.empty(width, np.float32)
    last_row = -1
    for v in range(height):
        row = int(v / cell)
        if row != last_row:
            last_row = row
            start = _place(seed, row, 4 * cells)
            normal, uniform = normals[start:], uniforms[start:]
            for u in range(width):
                i = column_cell[u]
                # Rounded by luck: errors below half a pixel must not vanish.
                aside = min(max(u + int(np.floor(normal[i] * jitter + uniform[i])), 0), width - 1)
                source[u] = int(np.floor(normal[cells + i] * jitter + uniform[cells + i])) * width + aside
                when_seen[u] = 0.0 if uniform[2 * cells + i] < hole_rate else 1.0
                when_hidden[u] = 0.0 if uniform[3 * cells + i] < shadow_kept else -when_seen[u]
        here = out[v]
        for u in range(width):
            here[u] = flat[np.uint64(min(max(v * width + source[u], 0), last))]
        for u in range(width):
            here[u] *= when_seen[u] if here[u] > nothing else when_hidden[u]
    return out


@jit()
def _smooth(disparity, kept, edge):  # noqa: ANN001, ANN202
    """Recursive edge-preserving smoothing along columns and rows, both ways; steps over ``edge`` stay."""
    # Each pass runs down a whole row at once, which the processor does in parallel: rows wait for a transpose.
    turned = _smooth_down(disparity, kept, edge).T.copy()
    return _smooth_down(turned, kept, edge).T.copy()


@jit()
def _smooth_down(disparity, kept, edge):  # noqa: ANN001, ANN202
    height, width = disparity.shape
    kept, edge, nothing = np.float32(kept), np.float32(edge), np.float32(0)
    for direction in range(2):
        for step in range(1, height):
            v = step if direction == 0 else height - 1 - step
            here, last = disparity[v], disparity[v - 1 if direction == 0 else v + 1]
            for u in range(width):
                change = here[u] - last[u]
                close = (last[u] > nothing) & (here[u] > nothing) & (abs(change) < edge)
                here[u] = last[u] + kept * change if close else here[u]
    return disparity


@jit(error_model="numpy")
def _waves(height, width, cell, seed, normals):  # noqa: ANN001, ANN202
    """Smooth unit noise: normal numbers on a coarse grid, interpolated."""
    rows, columns = int(height / cell) + 2, int(width / cell) + 2
    out = np.empty((height, width), np.float32)
    left, share = np.empty(width, np.int32), np.empty(width, np.float32)
    for u in range(width):
        left[u] = int(u / cell)
        share[u] = u / cell - left[u]
    start = _place(seed, 0, rows * columns)
    line = np.empty(columns, np.float32)
    # Bilinear interpolation leaves 4/9 of the variance on average.
    gain = np.float32(1.5)
    for v in range(height):
        top = int(v / cell)
        below = np.float32(v / cell - top)
        here = start + top * columns
        for j in range(columns):
            line[j] = gain * (normals[here + j] + below * (normals[here + columns + j] - normals[here + j]))
        for u in range(width):
            j = left[u]
            out[v, u] = line[j] + share[u] * (line[j + 1] - line[j])
    return out


@jit(error_model="numpy")
def _to_depth(  # noqa: ANN202
    disparity, seed, normals, uniforms, focal, focal_baseline, step, noise, waviness, wave_cell, grazing, near, far,  # noqa: ANN001
):  # fmt: skip
    """Add noise to the disparity, round it to steps, and give depth where the surface is seen well enough."""
    height, width = disparity.shape
    out = _waves(height, width, wave_cell, seed + np.uint64(1), normals)
    focal, grazing, nothing = np.float32(focal), np.float32(grazing), np.float32(0)
    per_step, noise, waviness = np.float32(1 / step), np.float32(noise), np.float32(waviness)
    scale, near, far = np.float32(focal_baseline / step), np.float32(near), np.float32(far)
    for v in range(height):
        start = _place(seed + np.uint64(2), v, width)
        normal, uniform = normals[start : start + width], uniforms[start : start + width]
        for u in range(width):
            d = disparity[v, u]
            beside = disparity[v, u - 1 if u > 0 else 0]
            steps = np.floor((d + waviness * out[v, u] + noise * normal[u]) * per_step + np.float32(0.5))
            z = scale / steps
            slope = abs(beside - d) * focal / d
            limit = grazing * (np.float32(0.5) + uniform[u])
            # Far steeper than any surface is an outline, and that is no reason to lose a pixel.
            lost = (slope > limit) & (slope < np.float32(4) * grazing)
            out[v, u] = z if (d > nothing) & (z > near) & (z < far) & (not lost) else nothing
    return out


@jit(error_model="numpy")
def _fly(  # noqa: ANN202
    depth, seed, normals, uniforms, focal, noise, noise_growth, flying, reach, wiggle, wave_number, hole_rate, grazing, near, far,  # noqa: ANN001, E501
):  # fmt: skip
    """Mix the surfaces at outlines, add distance error and noise, lose what returns too little light."""
    height, width = depth.shape
    out = np.empty((height, width), np.float32)
    focal, flying, hole_rate = np.float32(focal / (2 * reach)), np.float32(flying), np.float32(hole_rate)
    noise, noise_growth, grazing = np.float32(noise), np.float32(noise_growth), np.float32(grazing)
    wiggle, wave_number, phase = np.float32(4 * wiggle), np.float32(wave_number), uniforms[seed % np.uint64(_TABLE)]
    near, far, nothing, one, half = np.float32(near), np.float32(far), np.float32(0), np.float32(1), np.float32(0.5)
    # A frame of copies, so that every pixel has neighbours.
    padded = np.empty((height, width + 2 * reach), np.float32)
    padded[:, reach : reach + width] = depth
    for i in range(reach):
        padded[:, i] = depth[:, 0]
        padded[:, reach + width + i] = depth[:, width - 1]
    for v in range(height):
        here, lefts, rights = depth[v], padded[v, :width], padded[v, 2 * reach :]
        aboves, belows = depth[max(v - reach, 0)], depth[min(v + reach, height - 1)]
        start = _place(seed, v, 4 * width)
        normal, share_of = normals[start : start + width], uniforms[start : start + width]
        luck, hole_luck = uniforms[start + width : start + 2 * width], uniforms[start + 2 * width : start + 3 * width]
        for u in range(width):
            z, left, right, above, below = here[u], lefts[u], rights[u], aboves[u], belows[u]
            farthest = _larger(_larger(left, right), _larger(above, below))
            nearest = -_larger(_larger(-left, -right), _larger(-above, -below))
            slope = _larger(abs(right - left), abs(below - above)) * focal / z
            edge = _larger(np.float32(0.015) * z, np.float32(12))
            other = farthest if farthest > z + edge else nearest
            outline = (other > nothing) & (abs(other - z) > edge)
            share = share_of[u]
            mixed = z + share * share * (other - z)
            z_seen = mixed if outline & (luck[u] < flying) else z
            tangent = one if outline | (slope > np.float32(5)) else slope
            spread = (noise + noise_growth * z * z) * np.sqrt(one + tangent * tangent)
            # A parabola a half period stands for the sine.
            turn = z * wave_number + phase
            turn = np.float32(2) * (turn - np.floor(turn)) - one
            measured = z_seen + wiggle * turn * (one - abs(turn)) + spread * normal[u]
            lost = ((slope > grazing * (half + share)) & (not outline)) | (hole_luck[u] < hole_rate)
            seen = (z > nothing) & (measured > near) & (measured < far) & (not lost)
            out[v, u] = measured if seen else nothing
    return out
