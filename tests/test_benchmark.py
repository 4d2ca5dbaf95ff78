import numpy as np
import pytest

from cn_zoo.benchmark import BENCHMARKS
from cn_zoo.geometry import SKELETONS


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_parts_divide_the_test_set(name):
    benchmark = BENCHMARKS[name]
    assert benchmark.name == name and name in SKELETONS
    covered = np.concatenate([np.arange(*frames) for frames in benchmark.parts.values()])
    np.testing.assert_array_equal(covered, np.arange(benchmark.test_frames))


def test_known_test_sets():
    assert BENCHMARKS["nyu"].test_frames == 8252 and BENCHMARKS["nyu"].parts["subject 2 (new)"] == (2440, 8252)
    assert BENCHMARKS["icvl"].test_frames == 702 + 894
    assert BENCHMARKS["msra"].test_frames == 76375 and len(BENCHMARKS["msra"].parts) == 9
