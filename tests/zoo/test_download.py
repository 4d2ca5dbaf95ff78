"""Downloads from a server that truncates, stalls, redirects, corrupts and fails."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest
from zoo.file_server import FileServer

from cn_zoo.errors import WeightsError
from cn_zoo.zoo.download import Patience, cache_folder, discard_unverified, download

CONTENT = random.Random(1).randbytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HURRY = Patience(timeout_s=0.3, attempts=4, pause_s=0.01)


@pytest.fixture
def url(server: FileServer) -> str:
    server.files["/a/net.onnx"] = CONTENT
    return f"{server.url}/a/net.onnx"


def get(url: str, **options) -> Path:
    return download(url, **{"sha256": SHA256, "size": len(CONTENT), "patience": HURRY, **options})


def ranges(server: FileServer) -> list[str | None]:
    return [wanted for _, wanted in server.requests]


def leftovers(home: Path) -> list[str]:
    return [path.name for path in home.rglob("*") if path.is_file()]


def assert_fails(url: str, reason: str, **options) -> str:
    with pytest.raises(WeightsError, match=reason) as caught:
        get(url, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


class TestGood:
    def test_whole_and_in_place(self, url, home):
        path = get(url)
        assert path.read_bytes() == CONTENT
        assert path.name == "net.onnx"
        assert path.is_relative_to(home)
        assert leftovers(home) == ["net.onnx"]

    def test_the_second_time_needs_no_network(self, url, server):
        get(url)
        assert get(url).read_bytes() == CONTENT
        assert len(server.requests) == 1

    def test_redirect(self, url, server):
        server.moods["/a/net.onnx"] = ["redirect"]
        assert get(url).read_bytes() == CONTENT

    def test_a_damaged_cached_copy_is_replaced(self, url):
        path = get(url)
        path.write_bytes(CONTENT[:-1] + b"?")
        assert get(url).read_bytes() == CONTENT

    def test_versions_live_side_by_side(self, url, server):
        first = get(url)
        server.files["/a/net.onnx"] = b"next version"
        second = get(url, sha256=hashlib.sha256(b"next version").hexdigest(), size=None)
        assert (first.read_bytes(), second.read_bytes()) == (CONTENT, b"next version")

    @pytest.mark.parametrize(("file", "name"), [(".profile", "profile"), ("..net.onnx", "net.onnx"), ("...", "file")])
    def test_no_address_names_a_hidden_file(self, server, file, name):
        server.files[f"/a/{file}"] = CONTENT
        assert get(f"{server.url}/a/{file}").name == name

    def test_a_cache_folder_of_nobody(self, monkeypatch):
        monkeypatch.setenv("CN_ZOO_HOME", "~no-such-user/cache")
        with pytest.raises(WeightsError, match="CN_ZOO_HOME"):
            cache_folder()

    def test_cache_folder(self, home, monkeypatch):
        assert cache_folder() == home
        monkeypatch.delenv("CN_ZOO_HOME")
        assert cache_folder().name == "cn_zoo"


class TestResume:
    def test_after_truncation(self, url, server):
        server.moods["/a/net.onnx"] = ["truncate", "truncate"]
        assert get(url).read_bytes() == CONTENT
        assert ranges(server) == [None, "bytes=150000-", "bytes=225000-"]

    def test_after_a_stall(self, url, server):
        server.moods["/a/net.onnx"] = ["stall"]
        assert get(url).read_bytes() == CONTENT
        assert ranges(server) == [None, "bytes=150000-"]

    def test_in_a_later_call(self, url, server, home):
        server.moods["/a/net.onnx"] = ["truncate", 404]
        assert_fails(url, "404")
        assert leftovers(home) == ["net.onnx.part"]
        assert get(url).read_bytes() == CONTENT
        assert ranges(server)[-1] == "bytes=150000-"
        assert leftovers(home) == ["net.onnx"]

    def test_after_a_killed_process(self, url, server, home):
        path = get(url)
        part = path.rename(path.with_name("net.onnx.1-1.part"))
        part.write_bytes(CONTENT[:1000])
        os.utime(part, (time.time() - 7200,) * 2)
        assert get(url).read_bytes() == CONTENT
        assert ranges(server)[-1] == "bytes=1000-"
        assert leftovers(home) == ["net.onnx"]

    def test_a_part_of_a_living_process_is_left_alone(self, url, server, home):
        path = get(url)
        part = path.rename(path.with_name("net.onnx.1-1.part"))
        assert get(url).read_bytes() == CONTENT
        assert ranges(server) == [None, None]
        assert part.is_file()

    def test_a_server_that_ignores_ranges(self, url, server):
        server.moods["/a/net.onnx"] = ["truncate", "ignore range"]
        assert get(url).read_bytes() == CONTENT

    def test_a_complete_part_needs_no_network(self, url, server):
        path = get(url)
        path.rename(path.with_name("net.onnx.part"))
        assert get(url).read_bytes() == CONTENT
        assert len(server.requests) == 1

    @pytest.mark.parametrize("part", [bytes(1000), bytes(len(CONTENT)), bytes(len(CONTENT) + 5)])
    @pytest.mark.parametrize("size", [len(CONTENT), None])
    def test_a_wrong_part_is_thrown_away(self, url, part, size):
        path = get(url)
        path.unlink()
        path.with_name("net.onnx.part").write_bytes(part)
        assert get(url, size=size).read_bytes() == CONTENT

    def test_another_range_than_asked_for(self, url, server):
        server.moods["/a/net.onnx"] = ["truncate", "wrong range"]
        assert_fails(url, "another part")


class TestBad:
    @pytest.mark.parametrize(
        ("mood", "reason", "requests"),
        [
            (404, "404 Not Found", 1),
            (403, "403 Forbidden", 1),
            (503, "503 Service Unavailable", 4),
            ("corrupt", "does not fit its hash", 1),
            ("short", "has 150000 bytes, not 300000", 1),
            ("long", "has 600000 bytes, not 300000", 1),
            ("stall", "broke off after .* of|timed out", 4),
            ("endless redirect", "redirect", 1),
        ],
    )
    def test_gives_up_in_one_line(self, url, server, home, mood, reason, requests):
        server.moods["/a/net.onnx"] = [mood] * 4
        message = assert_fails(url, reason)
        assert url in message
        assert SHA256 in message
        assert str(home) in message
        assert len(server.requests) >= requests
        assert "net.onnx" not in leftovers(home)

    def test_corrupt_content_is_deleted(self, url, server, home):
        server.moods["/a/net.onnx"] = ["corrupt"]
        assert_fails(url, "hash")
        assert leftovers(home) == []

    def test_a_hash_that_only_begins_alike(self, url, home):
        """Both contents have the same folder in the cache."""
        other = SHA256[:-1] + ("0" if SHA256[-1] != "0" else "1")
        assert_fails(url, "does not fit its hash", sha256=other)
        get(url)
        assert_fails(url, "does not fit its hash", sha256=other)
        assert leftovers(home) == []

    def test_a_redirect_away_from_https(self, url, home, monkeypatch):
        """Anyone on the way could answer in the place of the unprotected server."""
        monkeypatch.setattr("urllib.request.urlopen", lambda request, timeout: urlopen(url, timeout=timeout))
        message = assert_fails("https://host.invalid/a/net.onnx", "redirected to the unprotected", sha256="", size=None)
        assert url in message
        assert leftovers(home) == []

    def test_a_passing_fault_is_tried_again(self, url, server):
        server.moods["/a/net.onnx"] = [503, "truncate", 429]
        assert get(url).read_bytes() == CONTENT

    def test_no_server(self, home):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert_fails(f"http://127.0.0.1:{port}/net.onnx", "refused")

    def test_no_such_host(self, home):
        assert_fails("http://no-such-host.invalid/net.onnx", "put it at")

    def test_what_the_message_advises_works(self, server, home):
        message = assert_fails(f"{server.url}/gone/net.onnx", "404")
        path = Path(message.split("put it at ")[1].split(" (sha256")[0])
        path.write_bytes(CONTENT)
        assert get(f"{server.url}/gone/net.onnx") == path

    def test_cache_that_cannot_be_written(self, url, home):
        home.write_text("a file where the folder should be")
        assert_fails(url, "set CN_ZOO_HOME")

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
    @pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
    def test_cache_without_permission(self, url, home):
        home.mkdir(mode=0o500)
        assert_fails(url, "set CN_ZOO_HOME")


class TestUnknownHash:
    def test_is_remembered_from_the_first_time(self, url, server):
        path = get(url, sha256="", size=None)
        assert path.read_bytes() == CONTENT
        get(url, sha256="", size=None)
        assert len(server.requests) == 1
        path.write_bytes(b"damaged")
        assert get(url, sha256="", size=None).read_bytes() == CONTENT

    def test_is_never_joined_from_two_halves(self, url, server):
        server.moods["/a/net.onnx"] = ["truncate", "stall"]
        assert get(url, sha256="", size=None).read_bytes() == CONTENT
        assert ranges(server) == [None, None, None]

    def test_only_what_was_downloaded_is_discarded(self, url, home, tmp_path):
        cached = get(url, sha256="", size=None)
        own, by_hand = tmp_path / "net.onnx", home / "by_hand.onnx"
        for path in (own, by_hand):
            path.write_bytes(CONTENT)
        (tmp_path / "net.onnx.sha256").write_text(SHA256)
        for path in (cached, own, by_hand):
            discard_unverified(path)
        assert leftovers(home) == ["by_hand.onnx"]
        assert own.read_bytes() == CONTENT

    def test_a_file_put_there_by_hand_counts(self, server, home):
        message = assert_fails(f"{server.url}/gone/net.onnx", "404", sha256="", size=None)
        path = Path(message.split("put it at ")[1])
        path.write_bytes(b"by hand")
        assert download(f"{server.url}/gone/net.onnx", patience=HURRY).read_bytes() == b"by hand"


class TestMirrors:
    def test_in_order_before_the_address_itself(self, url, server, monkeypatch):
        monkeypatch.setenv("CN_ZOO_MIRROR", f"{server.url}/empty {server.url}/mirror/")
        server.files["/mirror/a/net.onnx"] = CONTENT
        assert get(url).read_bytes() == CONTENT
        assert [path for path, _ in server.requests] == ["/empty/a/net.onnx", "/mirror/a/net.onnx"]

    def test_the_address_itself_is_the_last(self, url, server, monkeypatch):
        monkeypatch.setenv("CN_ZOO_MIRROR", f"{server.url}/mirror")
        server.files["/mirror/a/net.onnx"] = b"not what it should be"
        assert get(url).read_bytes() == CONTENT

    def test_the_query_is_asked_of_a_mirror_too(self, url, server, monkeypatch):
        monkeypatch.setenv("CN_ZOO_MIRROR", f"{server.url}/mirror")
        server.files["/mirror/a/net.onnx"] = CONTENT
        assert get(f"{url}?version=2").read_bytes() == CONTENT
        assert [path for path, _ in server.requests] == ["/mirror/a/net.onnx?version=2"]

    def test_all_reasons_are_told(self, server, monkeypatch):
        monkeypatch.setenv("CN_ZOO_MIRROR", f"{server.url}/mirror")
        message = assert_fails(f"{server.url}/b", "404")
        assert f"{server.url}/mirror/b: 404" in message
        assert f"{server.url}/b: 404" in message


def test_many_at_once(url, home):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: get(url), range(16)))
    assert {path.read_bytes() for path in paths} == {CONTENT}
    assert leftovers(home) == ["net.onnx"]
