"""What gives batches."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Source(Protocol):
    """Batches by number."""

    def batch(self, index: int) -> dict[str, np.ndarray]:
        """Arrays by their names in `cn_zoo.objective.Batch`."""

    def close(self) -> None:
        """End what works in the background."""
