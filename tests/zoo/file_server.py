"""A local HTTP server that can misbehave in the ways real ones do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``files`` by path. ``moods`` makes the next answers for a path misbehave, one mood each.

    Moods: ``truncate`` (promise all, send half, close), ``stall`` (send half, then nothing), ``corrupt`` (one byte
    wrong), ``short`` (half the file as if it were whole), ``long`` (as if the file had more bytes), ``ignore range``,
    ``wrong range``, ``login`` (a web page instead), ``endless redirect``, ``redirect`` (to ``/moved`` + path), and any
    number: that status.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.moods: dict[str, list[str | int]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.released = threading.Event()
        self.url = ""

    def mood(self, path: str) -> str | int:
        moods = self.moods.get(path, [])
        return moods.pop(0) if moods else ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        state: FileServer = self.server.state
        wanted = self.headers.get("Range")
        state.requests.append((self.path, wanted))
        mood = state.mood(self.path)
        self.close_connection = True
        if mood == "redirect":
            return self.answer(302, b"", Location=f"/moved{self.path}")
        if mood == "endless redirect":
            state.moods[self.path] = [mood]
            return self.answer(302, b"", Location=self.path)
        if mood == "login":
            return self.answer(200, b"<html>Log in</html>", **{"Content-Type": "text/html; charset=utf-8"})
        content = state.files.get(self.path.removeprefix("/moved").split("?")[0])
        if isinstance(mood, int) or content is None:
            return self.answer(mood or 404, b"an error page")
        if mood == "corrupt":
            content = bytes([content[0] ^ 1]) + content[1:]
        if mood == "short":
            content = content[: len(content) // 2]
        if mood == "long":
            content = content * 2
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and mood != "ignore range" else 0
        if start and start >= len(content):
            return self.answer(416, b"", **{"Content-Range": f"bytes */{len(content)}"})
        if mood == "wrong range":
            start -= 1
        partial = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        self.answer(206 if start else 200, content[start:], mood, **partial)

    def answer(self, status: int, body: bytes, mood: str | int = "", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if mood in ("truncate", "stall"):
            self.wfile.write(body[: len(body) // 2])
            if mood == "stall":
                self.server.state.released.wait(10)
        else:
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up is what the tests are about."""


@contextmanager
def file_server() -> Iterator[FileServer]:
    server = _QuietServer(("127.0.0.1", 0), _Handler)
    server.state = FileServer()
    server.state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.state
    finally:
        server.state.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
