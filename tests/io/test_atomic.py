import pytest

from cn_zoo.io import atomic
from cn_zoo.io.atomic import atomic_path


def test_errors_name_the_target(tmp_path, monkeypatch):
    """Not the hidden file beside it, of which nobody knows."""
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(IsADirectoryError) as caught, atomic_path(tmp_path / "folder.txt"):
        pass
    assert caught.value.filename == str(tmp_path / "folder.txt")

    def refuse(**_):
        raise PermissionError(13, "Permission denied", str(tmp_path / ".a-x.txt"))

    monkeypatch.setattr(atomic.tempfile, "mkstemp", refuse)
    with pytest.raises(PermissionError) as caught, atomic_path(tmp_path / "a.txt"):
        pass
    assert caught.value.filename == str(tmp_path / "a.txt")


def test_other_errors_stay_as_they_are(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "a.txt"):
        (tmp_path / "input").read_bytes()
    assert caught.value.filename == str(tmp_path / "input")
    assert not list(tmp_path.iterdir())
