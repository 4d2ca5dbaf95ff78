"""Batches of several sources, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cn_zoo.training.devices import ALONE, Host
from cn_zoo.training.sources.source import Source


def batches(
    sources: Sequence[Source], first: int, host: Host = ALONE
) -> Iterator[tuple[dict[str, np.ndarray], np.ndarray]]:
    """Endless batches ``(x, y)`` for `CrossingNets`: what all sources give, arrays of one name put one after another.

    Args:
        sources: at least one of them gives poses.
        first: number of the first batch.
        host: gets its rows of each.
    """
    index = first
    while True:
        parts = [source.batch(index) for source in sources]
        names = dict.fromkeys(name for part in parts for name in part)
        x = {name: host.rows(np.concatenate([part[name] for part in parts if name in part])) for name in names}
        yield (x, x.pop("pose")) if len(x) > 1 else (x,)
        index += 1
