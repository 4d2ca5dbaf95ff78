from pathlib import Path

import numpy as np
import pytest

from cn_zoo.errors import CnZooError
from cn_zoo.exporting.parity import check_outputs, check_parity

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=(20, 16, 3))
# Keras is off by 0.2 units (10 mm) along x, and so is what lies farther along x farther off.
KERAS = {
    "pose": TRUTH + (0.2, 0, 0),
    "sigma": np.full((20, 16), 0.2),
    "latent": RNG.normal(size=(20, 23)),
    "hand": RNG.uniform(0.1, 0.9, (20, 2)),
}


def moved(mm=0.0, sigma=1.0, latent=0.0, hand=0.0):
    return {
        "pose": KERAS["pose"] + (mm / 50, 0, 0),
        "sigma": KERAS["sigma"] * sigma,
        "latent": KERAS["latent"] + latent,
        "hand": KERAS["hand"] + hand,
    }


def check(found, precision):
    return check_parity(found, KERAS, TRUTH, precision, Path("a.onnx"))


def test_figures():
    parity = check(moved(mm=0.3, sigma=1.05, hand=-0.004), "int8")
    assert parity.error_mm == pytest.approx(0.3)
    assert parity.moved_mm == pytest.approx(0.3)
    assert parity.sigma == pytest.approx(0.05)
    assert parity.largest == pytest.approx(0.01)
    assert parity.hand == pytest.approx(0.004)
    nearer = check(moved(mm=-0.3), "int8")
    assert nearer.error_mm == pytest.approx(-0.3)
    assert nearer.moved_mm == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("precision", "near", "far"),
    [
        ("fp32", moved(latent=0.9e-4), moved(latent=1.1e-4)),
        ("fp32", moved(mm=0.004), moved(mm=0.006)),
        ("fp16", moved(mm=0.019), moved(mm=0.021)),
        ("fp16", moved(mm=-0.019), moved(mm=-0.021)),
        ("fp16", moved(sigma=1.009), moved(sigma=0.98)),
        ("int8", moved(mm=0.39), moved(mm=0.41)),
        ("int8", moved(sigma=0.91), moved(sigma=1.11)),
        ("fp16", moved(hand=0.0049), moved(hand=-0.0051)),
        ("int8", moved(hand=-0.049), moved(hand=0.051)),
        ("int8", moved(latent=1.0), moved(mm=np.nan)),
        ("fp32", moved(), moved(latent=np.nan)),
    ],
)
def test_bounds(precision, near, far):
    check(near, precision)
    with pytest.raises(CnZooError, match=f"the {precision} file differs from Keras"):
        check(far, precision)


PICTURES = {"depth": np.array([[-1.0, 1.0], [1.0, -1.0]]), "score": np.array([[0.0], [20.0]])}  # deviations 1 and 10


@pytest.mark.parametrize(
    ("precision", "near", "far"), [("fp32", 0.9e-4, 1.1e-4), ("fp16", 0.0049, 0.0051), ("int8", 0.099, 0.101)]
)
@pytest.mark.parametrize(("output", "unit"), [("depth", 1), ("score", 10)])
def test_bounds_of_other_networks(precision, near, far, output, unit):
    def check_moved(share):
        return check_outputs({**PICTURES, output: PICTURES[output] + share}, PICTURES, precision, Path("a.onnx"))

    # fp32 also promises each single value, whatever its unit.
    unit = 1 if precision == "fp32" else unit
    assert check_moved(near * unit).largest == pytest.approx(near * unit)
    for share in (far * unit, np.nan):
        with pytest.raises(CnZooError, match=rf"a\.onnx: of the {precision} file"):
            check_moved(share)


def test_the_worst_output_counts():
    parity = check_outputs({"depth": PICTURES["depth"] + 0.05, "score": PICTURES["score"]}, PICTURES, "int8", Path())
    assert parity.share == pytest.approx(0.05)
    assert parity.largest == pytest.approx(0.05)
