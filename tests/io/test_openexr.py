import numpy as np
import pytest

from cn_zoo.errors import InputError
from cn_zoo.io import read_depth


def test_warnings_of_the_library_stay_off_stdout(tmp_path, capsys):
    """Records are written there."""
    openexr = pytest.importorskip("OpenEXR")
    path = tmp_path / "a.exr"
    depth = np.random.default_rng(0).uniform(500, 900, (60, 80)).astype(np.float32)
    openexr.File({"type": openexr.scanlineimage}, {"Z": openexr.Channel(depth)}).write(str(path))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="no whole OpenEXR image"):
        read_depth(path)
    printed = capsys.readouterr()
    assert printed.out == "" and "Warning" in printed.err
