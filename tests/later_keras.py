"""What Keras 3.12, the last for Python 3.10, cannot do is not tested with it."""

from importlib.metadata import version

import pytest

HAS_LATER_KERAS = tuple(map(int, version("keras").split(".")[:2])) >= (3, 13)
#: Kinds of files that networks can be exported to.
EXPORTED = ("onnx", "tflite") if HAS_LATER_KERAS else ("onnx",)

needs_later_keras = pytest.mark.skipif(not HAS_LATER_KERAS, reason="needs Keras 3.13")
