"""Bytes from a URL or a file, with resume: what has arrived stays in ``NAME.part``, and the next call goes on from there.

It is our own because genomepy 0.16.4 opens its target anew each time, so that an interrupted genome starts at nothing; writes the page of
a 404 into the FASTA; and takes a transfer that breaks off for a whole one.

Source: RFC 9110, sections 13.1.5 (If-Range) and 14 (range requests).
"""

import fcntl
import hashlib
import http.client
import json
import logging
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from dnabert import __version__
from dnabert.errors import DataFileError, OutputError
from dnabert.output import write_error, write_json

__all__ = ["Transfer", "age_of_file", "fetch", "fetch_text", "remove_part"]

log = logging.getLogger(__name__)

MAX_FAILURES = 5
"""Attempts in a row that bring not one byte, after which a transfer is given up for this time."""

_CHUNK = 1 << 18
_TIMEOUT_S = 60
_LONGEST_WAIT_S = 30.0
_MAX_LISTING_BYTES = 1 << 22
_BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)
_PARTIAL, _RANGE_REFUSED = 206, 416
_TEMPORARY_STATUS = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Transfer:
    """A complete download.

    Attributes:
        path: Where it is.
        sha256: Of its bytes.
        md5: Of its bytes, which is what UCSC and NCBI publish.
        num_bytes: How many.
        last_modified: What the server, or the file system, says of the file's age; an empty string where nothing.
        resumed_at: Bytes that were there from an earlier call.
    """

    path: Path
    sha256: str
    md5: str
    num_bytes: int
    last_modified: str
    resumed_at: int


@dataclass(frozen=True)
class _Source:
    """A file that is open somewhere, from byte ``start`` on.

    Attributes:
        handle: To read from.
        start: First byte that comes.
        total: Bytes of the whole file, or None where that is not said.
        validator: What changes when the file does; an empty string where the server says nothing.
        last_modified: Age of the file.
    """

    handle: IO[bytes]
    start: int
    total: int | None
    validator: str
    last_modified: str


def fetch(url: str, part: Path, *, quiet: bool = False, wait_s: float = 1.0) -> Transfer:
    """The bytes of a URL in ``part``, all of them; a transfer that breaks off goes on where it stopped, in this call or in a later one.

    Args:
        url: http, https, ftp or file URL, or a path.
        part: Where to; ``part`` with ``.json`` after it says which state of which file this is.
        quiet: No progress bar.
        wait_s: Pause after the first failure; it doubles from one to the next.

    Raises:
        DataFileError: There is no such file, or the transfer breaks off again and again.
        OutputError: The place cannot be written.
    """
    note = _note_of(part)
    resumed_at = have = _usable(part, note, url)
    failures = 0
    with _alone(part), _progress(url, quiet) as (bar, task):
        while have != _read_note(note).get("total"):
            start, reason = have, "it broke off"
            try:
                with _open(url, have, _read_note(note).get("validator", "")) as source:
                    facts = {"url": url, "validator": source.validator, "total": source.total, "age": source.last_modified}
                    write_json(note, facts)
                    start = have = source.start
                    resumed_at = min(resumed_at, start)
                    bar.update(task, total=source.total, completed=start)
                    for have in _copy(source, part):
                        bar.update(task, completed=have)
                if source.total is None:  # a server that does not say how much there is
                    write_json(note, {**facts, "total": have})
                if source.total in (None, have):
                    break
            except _BROKEN as error:
                reason = _reason(error, url)
                have = part.stat().st_size if part.exists() else 0
            failures = 0 if have > start else failures + 1
            if failures >= MAX_FAILURES:
                there = f"the same command goes on where this one stopped ({have:,} bytes)"
                raise DataFileError(f"{url}: cannot be fetched: {reason}; {there}")
            log.warning("%s: %s; going on after %s bytes", url, reason, f"{have:,}")
            time.sleep(min(wait_s * 2**failures, _LONGEST_WAIT_S))
    age = str(_read_note(note).get("age", ""))
    return Transfer(part, *_digests(part), have, age, resumed_at)


def fetch_text(url: str) -> str | None:
    """A small text file, such as a list of checksums; None where there is none to be had."""
    try:
        with urllib.request.urlopen(_request(url), timeout=_TIMEOUT_S) as response:
            return str(response.read(_MAX_LISTING_BYTES).decode("utf-8", "replace"))
    except (*_BROKEN, ValueError):
        return None


def age_of_file(path: Path) -> str:
    """When a file was last changed, in universal time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(path.stat().st_mtime))


def remove_part(part: Path) -> None:
    """Removes what :func:`fetch` has brought, and the note about it."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


def _note_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Keeps a second run from writing to the same file; leaves no empty file when nothing came."""
    try:
        handle = part.open("ab")
    except OSError as error:
        raise write_error(error, part) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(f"{part}: another run is fetching this; wait until it has ended") from error
        try:
            yield
        except DataFileError:
            if not part.stat().st_size:
                part.unlink()
            raise


def _usable(part: Path, note: Path, url: str) -> int:
    """Bytes in ``part`` that can be gone on from: those of the same URL, of which the server has said how to know it again."""
    known = _read_note(note)
    if part.exists() and known.get("url") == url and known.get("validator"):
        return part.stat().st_size
    note.unlink(missing_ok=True)
    return 0


def _read_note(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _open(url: str, start: int, validator: str) -> Iterator[_Source]:
    try:
        scheme = urllib.parse.urlsplit(url).scheme
    except ValueError as error:
        raise DataFileError(f"{url}: is no address: {error}") from error
    if scheme in ("http", "https", "ftp"):
        with _open_remote(url, start, validator) as source:
            yield source
        return
    path = Path(urllib.request.url2pathname(urllib.parse.urlsplit(url).path)) if scheme == "file" else Path(url)
    try:
        with path.open("rb") as handle:
            facts = path.stat()
            same = f"{facts.st_size}-{facts.st_mtime_ns}"
            begin = start if same == validator else 0
            handle.seek(begin)
            yield _Source(handle, begin, facts.st_size, same, age_of_file(path))
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextmanager
def _open_remote(url: str, start: int, validator: str) -> Iterator[_Source]:
    request = _request(url, {"Range": f"bytes={start}-", "If-Range": validator} if start and validator else {})
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _TEMPORARY_STATUS:
            raise
        if error.code != _RANGE_REFUSED or not start:
            raise DataFileError(f"{url}: cannot be fetched: the server says {error.code} {error.reason}; check the address") from error
        response = urllib.request.urlopen(_request(url), timeout=_TIMEOUT_S)  # the file has become shorter
    except ValueError as error:
        raise DataFileError(f"{url}: is no address: {error}") from error
    with response:
        headers: Mapping[str, str] = response.headers
        status = getattr(response, "status", None)
        begin = _begin(headers) if status == _PARTIAL else 0
        size = headers.get("Content-Length")
        total = None if size is None else begin + int(size)
        etag = headers.get("ETag", "")
        same = etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")
        yield _Source(response, begin, total, same, headers.get("Last-Modified", ""))


def _begin(headers: Mapping[str, str]) -> int:
    """First byte of a partial answer: ``Content-Range: bytes 100-199/200``."""
    return int(headers.get("Content-Range", "bytes 0-").removeprefix("bytes ").split("-")[0])


def _request(url: str, headers: Mapping[str, str] | None = None) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"User-Agent": f"dnabert/{__version__}", **(headers or {})})


def _copy(source: _Source, part: Path) -> Iterator[int]:
    """Copy to the end; gives the bytes that are there after each piece."""
    try:
        target = part.open("r+b" if source.start else "wb")
    except OSError as error:
        raise write_error(error, part) from error
    with target:
        target.truncate(source.start)
        have = target.seek(source.start)
        while chunk := source.handle.read(_CHUNK):
            try:
                target.write(chunk)
            except OSError as error:
                raise write_error(error, part) from error
            have += len(chunk)
            yield have


def _reason(error: Exception, url: str) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    host = urllib.parse.urlsplit(url).hostname
    return f"{host}: {cause}" if str(cause) else f"{host}: {type(cause).__name__}"


def _digests(path: Path) -> tuple[str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as handle:
        while block := handle.read(_CHUNK):
            sha256.update(block)
            md5.update(block)
    return sha256.hexdigest(), md5.hexdigest()


@contextmanager
def _progress(url: str, quiet: bool) -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet or not sys.stderr.isatty()) as bar:
        yield bar, bar.add_task(url.split("?")[0].rstrip("/").rsplit("/", 1)[-1], total=None)
