"""Export to ONNX, compared with Keras before the file is kept."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from cn_zoo.errors import CnZooError, MissingDependencyError
from cn_zoo.io.atomic import atomic_path

#: Largest difference allowed between the exported file and Keras, in the outputs' own units.
_TOLERANCE = 1e-4


def export_onnx(estimator: keras.Model, path: Path) -> None:
    """Write a pose estimator as an ONNX file of static batch 1.

    Input ``depth`` (1, 128, 128, 1) float32; outputs ``pose``, ``sigma``, ``latent`` as of
    ``cn_zoo.models.build_pose_estimator``.

    Raises:
        MissingDependencyError: the export extra is not installed.
        CnZooError: the exported file's outputs differ from Keras's by more than 1e-4.
    """
    try:
        import onnx  # noqa: F401
        import tf2onnx  # noqa: F401
    except ImportError:
        raise MissingDependencyError("export to ONNX needs more: pip install 'cn_zoo[export]'") from None

    probe = np.random.default_rng(0).uniform(-1, 1, (1, 128, 128, 1)).astype("float32")
    expected = {name: np.asarray(value) for name, value in estimator(probe, training=False).items()}
    signature = [keras.InputSpec(shape=(1, 128, 128, 1), dtype="float32", name="depth")]
    with atomic_path(path) as temporary:
        estimator.export(temporary, format="onnx", opset_version=18, input_signature=signature, verbose=False)
        difference = _largest_difference(temporary, probe, expected)
        if not difference < _TOLERANCE:
            raise CnZooError(f"{path}: the ONNX file differs from Keras by {difference:.2g}; it was not kept")


def _largest_difference(path: Path, probe: np.ndarray, expected: dict[str, np.ndarray]) -> float:
    """The export in its own runtime, against Keras."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes())
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, {"depth": probe}), strict=True))
    return max(float(np.abs(found[name] - expected[name]).max()) for name in expected)
