"""Models for other runtimes."""

from cn_zoo.export.onnx import export_onnx

__all__ = ["export_onnx"]
