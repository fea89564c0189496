"""The page of the igv.js figure asks for the right files, and its server answers byte ranges."""

import functools
import http.server
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.igv_figure import RangeHandler, browser_options


def test_tracks_of_values_have_the_scale_of_probabilities_and_calls_are_shown_apart() -> None:
    options = browser_options("g.fa", "chr1:1-9", [("P", "a.bw"), ("calls", "b.bed")], 90)
    assert options["reference"] == {"id": "g.fa", "fastaURL": "g.fa", "indexURL": "g.fa.fai"}
    values, calls = options["tracks"]
    assert (values["format"], values["min"], values["max"]) == ("bigwig", 0, 1)
    assert (calls["format"], calls["displayMode"]) == ("bed", "EXPANDED")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "x.bin").write_bytes(bytes(range(100)))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(RangeHandler, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/x.bin"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(("asked", "first", "last"), [("bytes=10-19", 10, 19), ("bytes=90-", 90, 99), ("bytes=95-200", 95, 99)])
def test_a_byte_range_is_answered_with_its_bytes(address: str, asked: str, first: int, last: int) -> None:
    with urllib.request.urlopen(urllib.request.Request(address, headers={"Range": asked})) as answer:
        assert answer.status == 206
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/100"
        assert answer.read() == bytes(range(first, last + 1))


def test_without_a_range_the_whole_file_comes(address: str) -> None:
    with urllib.request.urlopen(address) as answer:
        assert answer.status == 200
        assert len(answer.read()) == 100
