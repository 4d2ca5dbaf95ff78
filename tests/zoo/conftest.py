from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from zoo.file_server import FileServer, file_server


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A cache folder of the test's own, and no proxy or mirror between it and the server."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CN_ZOO_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CN_ZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def server(home) -> Iterator[FileServer]:
    with file_server() as server:
        yield server
