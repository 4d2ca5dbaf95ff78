"""How much memory a network takes."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from cn_zoo.geometry import CROP_SIZE
from cn_zoo.inference.runtimes import open_runtime

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Memory:
    """Most memory that a process of its own held at a time, in MiB.

    Attributes:
        process: with Python, the runtime's library and the network.
        network: of it, what came with loading and running the network (its runtime's library included).
    """

    process: float
    network: float


def measure_memory(path: Path, threads: int = 1) -> Memory | None:
    """Load a pose network in a fresh process and run it; None where the system does not tell (Windows).

    Raises:
        WeightsError, MissingDependencyError: as of `open_runtime`.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_load_and_run, path, threads).result()


def _load_and_run(path: Path, threads: int) -> Memory | None:
    before = _peak_mib()
    runtime = open_runtime(path, threads)
    for _ in range(3):
        runtime.run(np.ones((CROP_SIZE, CROP_SIZE), np.float32))
    after = _peak_mib()
    return None if before is None or after is None else Memory(after, after - before)


def _peak_mib() -> float | None:
    if _STATUS.exists():  # Linux; what getrusage tells there counts what the parent held when it forked
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
