"""ONNX Runtime, told to keep to itself. Import it nowhere else."""

from __future__ import annotations

import os
from types import ModuleType


def import_onnx_runtime() -> ModuleType:
    """The package ``onnxruntime``, without telemetry unless the user asks for it.

    Version 1.32 otherwise writes a device's name and a file of events into the home folder, tries to send them to its
    maker, and takes a tenth of a second longer to start. It reads this variable when it is first imported.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
