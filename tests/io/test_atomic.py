import os
import stat
import threading

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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_written_and_stays_one(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with atomic_path(pipe) as path:
        path.write_text("a record")
    reader.join()
    assert read == ["a record"]
    assert pipe.is_fifo()


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "records.json").write_text("before")
    link = tmp_path / "records.json"
    link.symlink_to(tmp_path / "far" / "records.json")
    with atomic_path(link) as path:
        path.write_text("after")
    assert link.is_symlink()
    assert (tmp_path / "far" / "records.json").read_text() == "after"


def test_a_file_where_a_folder_is_needed_is_told(tmp_path):
    (tmp_path / "records").write_text("before")
    target = tmp_path / "records" / "a.json"
    with pytest.raises(NotADirectoryError, match="is a file, not a folder") as caught, atomic_path(target):
        pass
    assert caught.value.filename == str(tmp_path / "records")
    assert (tmp_path / "records").read_text() == "before"


@pytest.mark.parametrize("code", sorted(atomic.NO_ROOM))
def test_no_room_names_the_target(tmp_path, code):
    """What a write then raises names no file."""
    with pytest.raises(OSError, match=os.strerror(code)) as caught, atomic_path(tmp_path / "a.json"):
        raise OSError(code, os.strerror(code))
    assert caught.value.filename == str(tmp_path / "a.json")


def test_errors_without_a_name_that_are_of_something_else_stay_so(tmp_path):
    with pytest.raises(BrokenPipeError) as caught, atomic_path(tmp_path / "a.json"):
        raise BrokenPipeError(32, "Broken pipe")
    assert caught.value.filename is None


@pytest.mark.skipif(os.name == "nt", reason="no such modes there")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_have_the_mode_that_others_of_the_user_have(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "a.json") as path:
            path.write_text("a record")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == mode
