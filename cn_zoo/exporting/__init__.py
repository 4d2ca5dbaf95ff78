"""Models for other runtimes."""

from cn_zoo.exporting.export import (
    PARTS,
    AnyParity,
    check_needs,
    export,
    export_estimator,
    export_generator,
    export_locator,
)
from cn_zoo.exporting.parity import OutputParity, Parity

__all__ = [
    "PARTS",
    "AnyParity",
    "OutputParity",
    "Parity",
    "check_needs",
    "export",
    "export_estimator",
    "export_generator",
    "export_locator",
]
