"""Results that others published, each with its source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class PublishedResult:
    """A method's mean joint error on the real test set of a dataset.

    Attributes:
        method: the method's name.
        year: of its publication.
        mean_error_mm: as printed by the source.
        source: where the figure stands.
    """

    method: str
    year: int
    mean_error_mm: float
    source: str


def published_results(dataset: str) -> list[PublishedResult]:
    """Published results on ``"nyu"``, ``"icvl"`` or ``"msra"``, worst first.

    Raises:
        KeyError: no results are kept for that dataset.
    """
    file = resources.files(__package__) / "literature" / f"{dataset}.json"
    if not file.is_file():
        raise KeyError(f"no published results for {dataset!r}")
    content = json.loads(file.read_text(encoding="utf-8"))
    results = [
        PublishedResult(row["method"], row["year"], row["mean_error_mm"], content["sources"][row["source"]])
        for row in content["results"]
    ]
    return sorted(results, key=lambda result: -result.mean_error_mm)
