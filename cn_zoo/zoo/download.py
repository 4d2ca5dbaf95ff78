"""Verified downloads into a cache folder, by the standard library.

A file whose hash is known is resumed, verified, and kept under its hash. A file whose hash is not known is
downloaded in one piece; its hash is written down beside it and holds from then on (trust on first use).
Nothing is fetched again while the cached copy fits its hash, so a machine that has the files needs no network.

The cache folder is ``$CN_ZOO_HOME``, or the user's usual one. ``$CN_ZOO_MIRROR`` lists, separated by spaces,
prefixes that replace ``https://host`` of an address; they are tried in order before the address itself.

Any number of processes may ask for the same file at once: each writes a part file of its own and moves it into
place when it is whole and verified.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cn_zoo.errors import WeightsError, one_line
from cn_zoo.zoo._hashing import sha256_of

if TYPE_CHECKING:
    from http.client import HTTPResponse

#: A part file not written to for this long has lost its process, and may be taken over.
_ABANDONED_S = 3600
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long a download may take to fail.

    Attributes:
        timeout_s: without a connection, or without a byte.
        attempts: per address.
        pause_s: before the second attempt; doubled before each one after.
    """

    timeout_s: float = 20.0
    attempts: int = 4
    pause_s: float = 0.5


_USUAL_PATIENCE = Patience()


def download(url: str, sha256: str = "", size: int | None = None, patience: Patience = _USUAL_PATIENCE) -> Path:
    """The cached copy of a file, downloaded if there is none that fits its hash.

    Args:
        url: http or https address.
        sha256: hexadecimal; empty if not known.
        size: bytes, if known.
        patience: time limits.

    Raises:
        WeightsError: no address gave the file, its content does not fit, or the cache cannot be written. The
            message says where to put a copy from elsewhere.
    """
    target = _cache_path(url, sha256)
    note = _note_beside(target)
    try:
        if _is_cached(target, note, sha256):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with _part_file(target, keep=bool(sha256)) as part:
            _download_from_any(_Wanted(url, sha256, size, target), part, patience)
            if not sha256:
                note.write_text(sha256_of(part), encoding="ascii")
            part.replace(target)
    except OSError as error:
        raise WeightsError(
            f"{target}: cannot be written ({error.strerror or error}); make room there, or set CN_ZOO_HOME"
        ) from None
    return target


def discard_unverified(path: Path) -> None:
    """Delete a cached file whose hash was not known, as it has proved to be none: the next time may bring another.

    Other files stay.
    """
    if path.is_relative_to(cache_folder()) and (note := _note_beside(path)).is_file():
        path.unlink(missing_ok=True)
        note.unlink()


def cache_folder() -> Path:
    """``$CN_ZOO_HOME``, or the user's usual cache folder.

    Raises:
        WeightsError: ``$CN_ZOO_HOME`` begins with ``~`` and the name of no user.
    """
    home = os.environ.get("CN_ZOO_HOME")
    if home:
        try:
            return Path(home).expanduser()
        except RuntimeError:  # there is no such user
            raise WeightsError(f"CN_ZOO_HOME is {home}, which is no folder's name; set it to one") from None
    from platformdirs import user_cache_path

    return user_cache_path("cn_zoo", appauthor=False)


@dataclass(frozen=True)
class _Wanted:
    url: str
    sha256: str
    size: int | None
    target: Path


class _FailedAttempt(Exception):
    """One attempt came to nothing."""

    def __init__(self, reason: object, worth_repeating: bool = True) -> None:
        super().__init__(one_line(reason))
        self.worth_repeating = worth_repeating


def _cache_path(url: str, sha256: str) -> Path:
    """One folder a content, so that versions of a file live side by side under their own name."""
    from hashlib import sha256 as digest
    from urllib.parse import unquote, urlsplit

    name = PurePosixPath(unquote(urlsplit(url).path)).name
    key = sha256 or digest(url.encode()).hexdigest()
    return cache_folder() / key[:16] / (re.sub(r"[^\w.-]", "_", name).lstrip(".") or "file")


def _note_beside(target: Path) -> Path:
    """Where the hash of a file is written down whose hash was not known."""
    return target.with_name(target.name + ".sha256")


def _is_cached(target: Path, note: Path, sha256: str) -> bool:
    """Whether the cache holds the file; a copy that does not fit its hash is deleted."""
    if not target.is_file():
        return False
    expected = sha256 or (note.read_text(encoding="ascii").strip() if note.is_file() else "")
    # Without a note the user put the file there.
    if not expected or sha256_of(target) == expected:
        return True
    target.unlink(missing_ok=True)
    return False


@contextmanager
def _part_file(target: Path, keep: bool) -> Iterator[Path]:
    """A part file of this process alone, holding what an earlier download left; kept for the next one on failure.

    Renaming is atomic: of several processes only one gets an earlier part.
    """
    left = target.with_name(target.name + ".part")
    part = target.with_name(f"{target.name}.{os.urandom(6).hex()}.part")
    for earlier in (left, *_abandoned(target)):
        try:
            earlier.replace(part)
            break
        except FileNotFoundError:
            continue
    if not keep:
        part.unlink(missing_ok=True)
    try:
        yield part
    finally:
        if part.is_file():
            if keep and part.stat().st_size:
                part.replace(left)
            else:
                part.unlink(missing_ok=True)


def _abandoned(target: Path) -> list[Path]:
    """Part files of processes that were killed."""
    oldest = time.time() - _ABANDONED_S
    return [part for part in target.parent.glob(f"{target.name}.*.part") if _modified(part) < oldest]


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process has just finished with it
        return math.inf


def _download_from_any(wanted: _Wanted, part: Path, patience: Patience) -> None:
    """Fill the part file from the first address that gives the whole and right content."""
    reasons = []
    for address in _addresses(wanted.url):
        for attempt in range(patience.attempts):
            if attempt:
                time.sleep(patience.pause_s * 2 ** (attempt - 1))
            try:
                _attempt(address, wanted, part, patience.timeout_s)
                return
            except _FailedAttempt as failure:
                reason = str(failure)
                if not failure.worth_repeating:
                    break
        reasons.append(f"{address}: {reason}")
    known = f" (sha256 {wanted.sha256})" if wanted.sha256 else ""
    raise WeightsError(
        f"{'; '.join(reasons)}; check the network, or get the file elsewhere and put it at {wanted.target}{known}"
    )


def _addresses(url: str) -> list[str]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    mirrors = os.environ.get("CN_ZOO_MIRROR", "").split()
    return [*(mirror.rstrip("/") + rest for mirror in mirrors), url]


def _attempt(address: str, wanted: _Wanted, part: Path, timeout_s: float) -> None:
    """Complete the part file from one address and verify it.

    Raises:
        _FailedAttempt: it did not come to a whole file that fits.
        OSError: the part file cannot be written.
    """
    if not wanted.sha256:
        part.unlink(missing_ok=True)  # two halves of unverified content must not be joined
    have = part.stat().st_size if part.is_file() else 0
    if not have or have != wanted.size:
        with _open(address, have, timeout_s) as response:
            if response is None:
                part.unlink()
                raise _FailedAttempt("what was here of the file did not fit and was deleted")
            if not wanted.sha256 and response.headers.get_content_type() == "text/html":
                # No hash would tell a network's login page from a file, and the page would stay in the cache.
                raise _FailedAttempt(
                    "sent a web page instead of a file (a folder's address ends in /; a network may want a login)",
                    worth_repeating=False,
                )
            _receive(response, have, wanted.size, part)
    if wanted.sha256 and sha256_of(part) != wanted.sha256:
        part.unlink()
        # The fault may lie in what an earlier download left; fetched in one piece, it is the server's.
        raise _FailedAttempt("the content does not fit its hash and was deleted", worth_repeating=have > 0)


@contextmanager
def _open(address: str, start: int, timeout_s: float) -> Iterator[HTTPResponse | None]:
    """Ask for a file from byte ``start`` on; None if it has no such byte. The answer may yet begin at byte 0."""
    from http.client import HTTPException
    from socket import gaierror
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(address, headers={"User-Agent": "cn_zoo", "Accept-Encoding": "identity"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        response = urlopen(request, timeout=timeout_s)
    except HTTPError as error:
        error.close()
        if error.code == 416:
            yield None
            return
        passing = error.code in (408, 425, 429) or error.code >= 500
        raise _FailedAttempt(f"{error.code} {error.reason}", worth_repeating=passing) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise _FailedAttempt(reason, worth_repeating=not isinstance(reason, gaierror)) from None
    with response:
        if address.startswith("https:") and not response.url.startswith("https:"):
            raise _FailedAttempt(f"was redirected to the unprotected {response.url}", worth_repeating=False)
        yield response


def _receive(response: HTTPResponse, have: int, size: int | None, part: Path) -> None:
    """Append an answer to the part file, or start it anew where the server begins at byte 0.

    What came before a connection broke stays in the part file.
    """
    from http.client import HTTPException

    resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    if response.status == 206 and not resumed:
        raise _FailedAttempt("the server sent another part than it was asked for", worth_repeating=False)
    length = response.headers.get("Content-Length", "")
    promised = int(length) + (have if resumed else 0) if length.isdigit() else size
    if size not in (None, promised):
        part.unlink(missing_ok=True)
        raise _FailedAttempt(f"the server's file has {promised} bytes, not {size}", worth_repeating=False)
    with part.open("ab" if resumed else "wb") as file:
        while promised is None or file.tell() < promised:
            try:
                block = response.read1(_BLOCK)
            except (OSError, HTTPException) as error:
                raise _FailedAttempt(f"broke off after {file.tell()} bytes ({error})") from None
            if not block:
                break
            file.write(block)
        received = file.tell()
    if promised is not None and received < promised:
        raise _FailedAttempt(f"broke off after {received} of {promised} bytes")
