"""Models for other runtimes."""

from cn_zoo.exporting.export import export, export_estimator
from cn_zoo.exporting.parity import Parity

__all__ = ["Parity", "export", "export_estimator"]
