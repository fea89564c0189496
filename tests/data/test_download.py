import fcntl
import gzip
import hashlib
import io
import json
import re
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnabert.data.download import transfer
from dnabert.data.download.contents import describe_contig, describe_genome
from dnabert.data.download.install import RECORD, StoredGenome, get_genome
from dnabert.data.download.providers import find_genome, short_name
from dnabert.data.download.transfer import MAX_FAILURES, fetch
from dnabert.dna.fasta import Record, read_fasta
from dnabert.errors import ConfigError, DataFileError, DnabertError, OutputError, SequenceError
from tests.twobit import twobit

CHR1, CHR2 = "ACGTnnNNacgtRY" * 40, "GGGG"
FASTA = f">chr1 the first\n{CHR1}\n>chr2\n{CHR2}\n".encode()
GTF = b'#!genome x\nchr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "a";\n'
GFF3 = b"##gff-version 3\nchr1\tx\tgene\t1\t9\t.\t+\t.\tID=a\n"


@dataclass
class Site:
    """A server on this machine, and what to do to the next answers.

    Attributes:
        files: Content by path.
        cuts: For each answer to come, the bytes after which it breaks off, or None.
        etag: Of every file; None leaves the header away, and Last-Modified too.
        has_ranges: Whether a part can be asked for.
        has_length: Whether an answer says how long it is.
        statuses: For each answer to come, an error, or None.
        asked: Path and Range header of each request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int | None] = field(default_factory=list)
    etag: str | None = '"1"'
    has_ranges: bool = True
    has_length: bool = True
    statuses: list[int | None] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    site: ClassVar[Site]

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers.get("Range")
        site.asked.append((self.path, wanted))
        status = site.statuses.pop(0) if site.statuses else None
        content = site.files.get(self.path)
        if status or content is None:
            self.send_error(status or 404)
            return
        start = 0
        if wanted and site.has_ranges and self.headers.get("If-Range") == site.etag:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if site.has_length:
            self.send_header("Content-Length", str(len(content) - start))
        if site.etag is not None:
            self.send_header("ETag", site.etag)
            self.send_header("Last-Modified", "Sun, 01 Jun 2025 10:00:00 GMT")
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else None
        self.wfile.write(content[start:][: len(content) if cut is None else cut])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"site": site}))
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module", autouse=True)
def _home_of_genomepy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """genomepy writes its settings and lists when it is imported: not into the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        pytest.importorskip("genomepy", reason="genomepy is in the extra [genomes]")
        yield


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "downloads"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "toy.fa"
    path.write_bytes(FASTA)
    return path


def get(name: str | Path, **options: Any) -> StoredGenome:
    return get_genome(str(name), wait_s=0, quiet=True, **options)


def records(path: Path) -> list[tuple[str, str, str]]:
    return [(record.name, record.comment, record.sequence) for record in read_fasta(path)]


EXPECTED = [("chr1", "the first", CHR1), ("chr2", "", CHR2)]


# --- files of this machine


def test_a_file_becomes_bgzip_fasta_with_index_and_record(source: Path, cache: Path) -> None:
    stored = get(source)
    assert stored.is_new
    assert stored.fasta.parent.parent == cache / "local"
    assert sorted(path.name for path in stored.fasta.parent.iterdir()) == [RECORD, "toy.fa.gz", "toy.fa.gz.fai", "toy.fa.gz.gzi"]
    assert records(stored.fasta) == EXPECTED
    with pysam.FastaFile(str(stored.fasta)) as handle:
        assert handle.fetch("chr1", 100, 140) == CHR1[100:140]
    assert stored.record == json.loads((stored.fasta.parent / RECORD).read_text())
    facts = {key: stored.record[key] for key in ("name", "provider", "url", "contigs", "bases", "n", "other_ambiguous", "soft_masked")}
    assert facts == {
        "name": "toy",
        "provider": "local",
        "url": str(source),
        "contigs": 2,
        "bases": 564,
        "n": 160,
        "other_ambiguous": 80,
        "soft_masked": 240,
    }
    assert stored.record["download"]["sha256"] == hashlib.sha256(FASTA).hexdigest()
    assert stored.record["fasta"]["sha256"] == hashlib.sha256(stored.fasta.read_bytes()).hexdigest()
    content = describe_genome(stored.fasta)
    assert (content.packing, content.is_indexed, content.sha256) == ("bgzip", True, stored.record["fasta"]["sha256"])


def archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as target:
        for name, text in (("./chr1.fa", f">chr1 the first\n{CHR1}"), ("README.txt", "no FASTA"), ("./chr2.fa", f">chr2\n{CHR2}\n")):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            target.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


RAGGED = f">chr1 the first\r\n{CHR1[:7]}\r\n{CHR1[7:100]}\r\n\r\n{CHR1[100:]}\r\n\r\n>chr2\r\n{CHR2}".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("toy.fa.gz", gzip.compress(FASTA, mtime=0)),
        ("toy.fna", FASTA),
        ("toy.fasta", RAGGED),
        ("chromFa.tar.gz", archive()),
        ("without_ending", FASTA),
    ],
)
def test_other_packings_give_the_same_letters(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert records(get(tmp_path / name).fasta) == EXPECTED


def test_a_2bit_file_keeps_its_soft_mask(tmp_path: Path) -> None:
    path = tmp_path / "toy.2bit"
    path.write_bytes(twobit([("chr1", "ACGTNNNNacgt" * 9), ("chr2", "GGGG")]))
    assert records(get(path).fasta) == [("chr1", "", "ACGTNNNNacgt" * 9), ("chr2", "", "GGGG")]


@given(lengths=st.lists(st.integers(1, 200), min_size=1, max_size=4))
@settings(max_examples=20, deadline=None)
def test_lines_of_any_length_come_out_as_lines_of_60(tmp_path_factory: pytest.TempPathFactory, lengths: list[int]) -> None:
    folder = tmp_path_factory.mktemp("lines")
    text = "".join(f">c{place}\n{'ACGTacgtN' * 30:.{length}}\n" for place, length in enumerate(lengths))
    (folder / "t.fa").write_text(text)
    stored = get(folder / "t.fa", out=folder / "out")
    assert records(stored.fasta) == records(folder / "t.fa")
    lines = [line for line in gzip.decompress(stored.fasta.read_bytes()).decode().splitlines() if line[0] != ">"]
    assert [len(line) for line in lines] == [size for length in lengths for size in [60] * (length // 60) + [length % 60] if size]


def test_the_second_call_finds_it_and_asks_nobody(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get(source)
    monkeypatch.setattr("dnabert.data.download.install.fetch", None)
    again = get(source)
    assert (again.fasta, again.record, again.is_new) == (first.fasta, first.record, False)


def test_a_file_that_has_changed_is_fetched_anew(source: Path) -> None:
    get(source)
    source.write_bytes(b">other\nACGT\n")
    stored = get(source)
    assert stored.is_new
    assert records(stored.fasta) == [("other", "", "ACGT")]


def test_a_stored_genome_that_is_damaged_is_said_so_and_fetched_again_on_demand(source: Path) -> None:
    fasta = get(source).fasta
    fasta.write_bytes(fasta.read_bytes()[:-1])
    with pytest.raises(
        DataFileError, match=r"toy\.fa\.gz: is not what was fetched: its SHA-256 is not that of genome\.json; --force fetches it"
    ):
        get(source)
    assert records(get(source, force=True).fasta) == EXPECTED


def test_a_record_that_is_damaged_is_said_so(source: Path) -> None:
    (get(source).fasta.parent / RECORD).write_text("{")
    with pytest.raises(DataFileError, match=r"genome\.json: is damaged; --force fetches the genome anew"):
        get(source)


def test_a_folder_that_holds_another_genome_is_kept_unless_forced(source: Path, tmp_path: Path) -> None:
    get(source, out=tmp_path / "out")
    other = tmp_path / "other.fa"
    other.write_bytes(b">x\nACGT\n")
    with pytest.raises(OutputError, match=r"out: holds .*toy\.fa of local; choose another --out, or replace it with --force"):
        get(other, out=tmp_path / "out")
    assert get(other, out=tmp_path / "out", force=True).fasta == tmp_path / "out" / "other.fa.gz"


NEW_FILES = [RECORD, "other.fa.gz", "other.fa.gz.fai", "other.fa.gz.gzi"]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.fa"
    path.write_bytes(b">x\nACGT\n")
    return path


def test_nothing_of_the_genome_that_was_replaced_is_left_but_what_a_user_has_put_there(source: Path, other: Path, tmp_path: Path) -> None:
    (source.parent / "toy.gtf").write_bytes(GTF)
    out = tmp_path / "out"
    get(source, out=out, annotation=True)
    (out / "notes.txt").write_text("mine")
    get(other, out=out, force=True)
    assert sorted(path.name for path in out.iterdir()) == sorted([*NEW_FILES, "notes.txt"])


def test_a_file_of_the_genome_that_was_replaced_is_left_if_a_user_has_changed_it(
    source: Path, other: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    fasta = get(source, out=out).fasta
    fasta.write_text("mine")
    get(other, out=out, force=True)
    assert fasta.read_text() == "mine"
    assert "toy.fa.gz: belongs to what was here before, but has been changed since; it is left" in caplog.text


def test_a_genome_that_is_fetched_anew_has_no_annotation_of_before(source: Path) -> None:
    (source.parent / "toy.gtf").write_bytes(GTF)
    folder = get(source, annotation=True).fasta.parent
    assert get(source, force=True).annotation is None
    assert sorted(path.name for path in folder.iterdir()) == [RECORD, "toy.fa.gz", "toy.fa.gz.fai", "toy.fa.gz.gzi"]


@pytest.mark.parametrize("record", ["{", '{"fasta": {"file": "../toy.fa", "sha256": "x"}, "annotation": null}'])
def test_a_record_that_is_damaged_makes_nothing_be_removed(source: Path, other: Path, tmp_path: Path, record: str) -> None:
    out = tmp_path / "out"
    get(source, out=out)
    (out / RECORD).write_text(record)
    get(other, out=out, force=True)
    assert source.is_file()
    assert (out / "toy.fa.gz").is_file()


def test_a_file_of_that_name_in_the_folder_is_kept_unless_forced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "toy.fa.gz").write_text("mine")
    with pytest.raises(OutputError, match=r"toy\.fa\.gz: exists already"):
        get(source, out=tmp_path / "out")
    assert (tmp_path / "out" / "toy.fa.gz").read_text() == "mine"


def test_a_file_is_not_made_into_itself(tmp_path: Path) -> None:
    path = tmp_path / "toy.fa.gz"
    path.write_bytes(gzip.compress(FASTA, mtime=0))
    with pytest.raises(OutputError, match=r"toy\.fa\.gz: is the file to be fetched; choose another --out"):
        get(path, out=tmp_path, force=True)
    assert path.read_bytes()[:2] == b"\x1f\x8b"


def test_a_folder_that_cannot_be_made_is_an_error_before_anybody_is_asked(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dnabert.data.download.install.find_genome", None)
    with pytest.raises(OutputError, match=r"toy\.fa/in/genome\.json: cannot be written: Not a directory; choose another --out"):
        get("hg38", out=source / "in")
    monkeypatch.setenv("DNABERT_CACHE", str(source))
    with pytest.raises(
        OutputError, match=r"toy\.fa/downloads/.*: Not a directory; set DNABERT_CACHE to another folder, or say where with --out"
    ):
        get("hg38")


def test_an_annotation_that_cannot_be_put_beside_its_genome_is_an_error(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    get(source)
    (source.parent / "toy.gtf").write_bytes(GTF)

    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"genome\.json: may not be written \(Permission denied\); choose another --out"):
        get(source, annotation=True)


def test_a_part_that_cannot_be_written_is_an_error(source: Path, tmp_path: Path) -> None:
    (tmp_path / "x.part").mkdir()
    with pytest.raises(OutputError, match=r"x\.part: cannot be written: Is a directory"):
        fetch(str(source), tmp_path / "x.part", quiet=True)


def test_a_local_copy_that_was_interrupted_goes_on(source: Path, tmp_path: Path) -> None:
    facts = source.stat()
    part = tmp_path / "x.part"
    part.write_bytes(FASTA[:100])
    note = {"url": str(source), "validator": f"{facts.st_size}-{facts.st_mtime_ns}", "total": len(FASTA)}
    (tmp_path / "x.part.json").write_text(json.dumps(note))
    done = fetch(str(source), part, quiet=True)
    assert (done.resumed_at, part.read_bytes()) == (100, FASTA)


def test_a_file_url_is_a_file(source: Path) -> None:
    stored = get(f"file://{source}")
    assert (stored.record["provider"], records(stored.fasta)) == ("url", EXPECTED)


BAD_GENOMES = {
    "page": (b"<!DOCTYPE html><p>moved", DataFileError, r"t\.fa: begins with '<!DOCTYPE html><p>mo', not with '>'"),
    "empty": (b"", DataFileError, r"t\.fa: holds no sequences"),
    "protein": (b">p\nMEEPQ\n", SequenceError, r"t\.fa: p: 'E' at position 2 is not a nucleotide; this looks like protein"),
    "twice": (b">a\nAC\n>a\nAC\n", DataFileError, r"t\.fa:3: the name a occurs twice"),
    "cut": (gzip.compress(FASTA, mtime=0)[:60], DataFileError, r"t\.fa: the gzip file is truncated or damaged"),
    "zip": (b"PK\x03\x04" + bytes(300), DataFileError, r"t\.fa: is a zip archive; unpack it, and give the FASTA file in it"),
    "tar": (gzip.compress(gzip.decompress(archive())[:700], mtime=0), DataFileError, r"t\.fa: is a damaged tar archive: "),
}


@pytest.mark.parametrize("case", BAD_GENOMES)
def test_what_is_no_genome_is_named_and_nothing_is_kept(tmp_path: Path, case: str) -> None:
    content, kind, message = BAD_GENOMES[case]
    path = tmp_path / "t.fa"
    path.write_bytes(content)
    with pytest.raises(kind, match=rf"^{re.escape(str(tmp_path))}/{message}"):
        get(path, out=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["absent.fa", "no/such/file"])
def test_a_missing_file_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataFileError, match="there is no such file; a genome is a FASTA or 2bit file, an address, or a name such as hg38"):
        get(tmp_path / name)


# --- transfers


def test_a_url_is_fetched_with_its_age(site: Site) -> None:
    site.files["/toy.fa.gz"] = gzip.compress(FASTA, mtime=0)
    stored = get(f"{site.url}/toy.fa.gz")
    assert records(stored.fasta) == EXPECTED
    assert stored.record["download"]["last_modified"] == "Sun, 01 Jun 2025 10:00:00 GMT"
    assert not get(f"{site.url}/toy.fa.gz").is_new
    assert len(site.asked) == 1


def test_the_query_of_a_url_is_no_part_of_the_file_name(site: Site) -> None:
    site.files["/toy.fa.gz?dl=1"] = gzip.compress(FASTA, mtime=0)
    stored = get(f"{site.url}/toy.fa.gz?dl=1")
    assert stored.fasta.name == "toy.fa.gz"
    assert records(stored.fasta) == EXPECTED


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.files["/toy.fa"] = FASTA
    site.cuts = [200]
    assert records(get(f"{site.url}/toy.fa").fasta) == EXPECTED
    assert site.asked == [("/toy.fa", None), ("/toy.fa", "bytes=200-")]
    assert f"{site.url}/toy.fa: it broke off; going on after 200 bytes" in caplog.text


def test_a_transfer_that_fails_again_and_again_goes_on_with_the_next_call(site: Site, tmp_path: Path) -> None:
    site.files["/toy.fa"] = FASTA
    site.cuts = [200, *[0] * MAX_FAILURES]
    out = tmp_path / "out"
    with pytest.raises(
        DataFileError,
        match=r"toy\.fa: cannot be fetched: it broke off; the same command goes on where .* \(200 bytes\)",
    ):
        get(f"{site.url}/toy.fa", out=out)
    assert sorted(path.name for path in out.iterdir()) == ["toy.part", "toy.part.json"]
    site.asked.clear()
    assert records(get(f"{site.url}/toy.fa", out=out).fasta) == EXPECTED
    assert site.asked == [("/toy.fa", "bytes=200-")]
    assert not list(out.glob("*.part*"))


@given(cuts=st.lists(st.integers(0, 400), max_size=6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_a_transfer_breaks_off_the_bytes_are_the_same(
    site: Site, tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    site.files["/x"] = FASTA
    site.cuts = [cut or 1 for cut in cuts]
    part = tmp_path_factory.mktemp("cuts") / "x.part"
    done = fetch(f"{site.url}/x", part, quiet=True, wait_s=0)
    assert (part.read_bytes(), done.sha256, done.num_bytes) == (FASTA, hashlib.sha256(FASTA).hexdigest(), len(FASTA))


@pytest.mark.parametrize("change", ["etag", "ranges", "validator"])
def test_what_cannot_be_gone_on_with_starts_anew(site: Site, tmp_path: Path, change: str) -> None:
    site.files["/x"] = FASTA[::-1]
    if change == "validator":
        site.etag = None
    site.cuts = [200, *[0] * MAX_FAILURES]
    part = tmp_path / "x.part"
    with pytest.raises(DataFileError):
        fetch(f"{site.url}/x", part, quiet=True, wait_s=0)
    site.files["/x"] = FASTA
    site.cuts = []
    if change == "etag":
        site.etag = '"2"'
    elif change == "ranges":
        site.has_ranges = False
    done = fetch(f"{site.url}/x", part, quiet=True, wait_s=0)
    assert (part.read_bytes(), done.resumed_at) == (FASTA, 0)


def test_a_file_that_has_become_shorter_starts_anew(site: Site, tmp_path: Path) -> None:
    site.files["/x"] = FASTA
    site.cuts = [300, *[0] * MAX_FAILURES]
    part = tmp_path / "x.part"
    with pytest.raises(DataFileError):
        fetch(f"{site.url}/x", part, quiet=True, wait_s=0)
    site.files["/x"], site.cuts = FASTA[:250], []
    fetch(f"{site.url}/x", part, quiet=True, wait_s=0)
    assert part.read_bytes() == FASTA[:250]


def test_a_server_that_does_not_say_how_much_there_is_is_believed(site: Site, tmp_path: Path) -> None:
    site.files["/x"], site.has_length = FASTA, False
    done = fetch(f"{site.url}/x", tmp_path / "x.part", quiet=True, wait_s=0)
    assert (done.num_bytes, (tmp_path / "x.part").read_bytes()) == (len(FASTA), FASTA)


def test_a_complete_part_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    site.files["/x"] = FASTA
    for _ in range(2):
        done = fetch(f"{site.url}/x", tmp_path / "x.part", quiet=True, wait_s=0)
    assert (done.resumed_at, len(site.asked)) == (len(FASTA), 1)


def test_two_runs_do_not_write_to_the_same_file(source: Path, tmp_path: Path) -> None:
    part = tmp_path / "x.part"
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match=r"x\.part: another run is fetching this; wait until it has ended"):
            fetch(str(source), part, quiet=True)
    assert fetch(str(source), part, quiet=True).num_bytes == len(FASTA)


def test_a_busy_server_is_asked_again(site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    site.files["/x"] = FASTA
    site.statuses = [503, 500]
    fetch(f"{site.url}/x", tmp_path / "x.part", quiet=True, wait_s=0)
    assert (tmp_path / "x.part").read_bytes() == FASTA
    assert "127.0.0.1: Service Unavailable; going on after 0 bytes" in caplog.text


def test_a_file_that_is_not_there_is_an_error_at_once(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"/none\.fa: cannot be fetched: the server says 404 Not Found; check the address"):
        get(f"{site.url}/none.fa", out=tmp_path / "out")
    assert len(site.asked) == 1
    assert list((tmp_path / "out").iterdir()) == []


def test_a_server_that_is_away_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        DataFileError, match=r"cannot be fetched: 127\.0\.0\.1: .*Connection refused; the same command goes on .* \(0 bytes\)"
    ):
        get("http://127.0.0.1:9/x.fa", out=tmp_path / "out")


def test_an_address_without_a_host_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"http:///x\.fa: (is no address|cannot be fetched)"):
        get("http:///x.fa", out=tmp_path / "out")
    with pytest.raises(DataFileError, match=r"http://\[x: is no address: Invalid IPv6 URL"):
        get("http://[x", out=tmp_path / "out")


def test_progress_is_shown_on_a_terminal_only(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.files["/x"] = FASTA
    fetch(f"{site.url}/x", tmp_path / "x.part")
    assert capsys.readouterr().err == ""


def test_a_disk_that_is_full_is_an_error_and_the_part_stays(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.files["/x"] = FASTA
    monkeypatch.setattr(transfer, "write_json", full_disk)
    with pytest.raises(OutputError, match=r"x\.part\.json: no space left"):
        fetch(f"{site.url}/x", tmp_path / "x.part", quiet=True)


def full_disk(path: Path, content: object) -> None:
    raise OutputError(f"{path}: no space left on the device; free some, or choose another --out")


# --- checksums


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("abc", "3 characters"),
        ("", "0 characters"),
        ("g" * 64, "64 characters"),
        ("0" * 65, "65 characters"),
        (hashlib.md5(b"", usedforsecurity=False).hexdigest(), "32 characters; it may be an MD5"),
    ],
)
def test_what_is_no_checksum_is_an_error_before_anything_is_fetched(source: Path, cache: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        get(source, sha256=text)
    assert str(caught.value) == f"--sha256 {text!r}: a SHA-256 has 64 digits 0-9 and a-f, this has {fault}"
    assert not cache.exists()


@pytest.mark.parametrize("upper", [False, True])
def test_the_right_checksum_is_accepted(source: Path, upper: bool) -> None:
    digest = hashlib.sha256(FASTA).hexdigest()
    assert get(source, sha256=digest.upper() if upper else digest).is_new


def test_a_wrong_checksum_is_an_error_and_nothing_is_kept(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    digest = hashlib.sha256(FASTA).hexdigest()
    with pytest.raises(
        DataFileError, match=rf"toy\.fa: the SHA-256 of the download is {digest}, not {'0' * 64} as given .*; nothing is kept"
    ):
        get(source, out=out, sha256="0" * 64)
    assert list(out.iterdir()) == []


def test_a_wrong_checksum_of_what_is_here_already_is_an_error_and_it_is_kept(source: Path) -> None:
    fasta = get(source).fasta
    with pytest.raises(DataFileError, match=r"toy\.fa\.gz: the SHA-256 of the download is .* with --sha256; --force fetches it anew"):
        get(source, sha256="0" * 64)
    assert records(fasta) == EXPECTED


# --- genomes by name, through genomepy


@pytest.fixture
def ucsc(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """genomepy's machinery with a provider of our own in the place of UCSC, and nobody else online."""
    from genomepy.providers import PROVIDERS
    from genomepy.providers.base import BaseProvider

    class Local(BaseProvider):  # type: ignore[misc]
        name = "UCSC"
        genomes: ClassVar[dict[str, Any]] = {"toy1": {}, "toy2": {}}

        def get_genome_download_link(self, name: str, mask: str = "soft", **options: object) -> str:
            assert mask == "soft"
            return f"{site.url}/{name}/bigZips/{name}.fa.gz"

        def get_annotation_download_link(self, name: str, **options: object) -> str:
            return "ncbiRefSeq"

    class Away:
        def __init__(self) -> None:
            raise ConnectionError("appears to be offline")

    table = {**PROVIDERS, "ucsc": Local, **dict.fromkeys(("ensembl", "gencode", "ncbi"), Away)}
    for name, provider in table.items():
        monkeypatch.setitem(PROVIDERS, name, provider)
    site.files["/toy1/bigZips/toy1.fa.gz"] = gzip.compress(FASTA, mtime=0)
    site.files["/toy1/bigZips/genes/toy1.ncbiRefSeq.gtf.gz"] = gzip.compress(GTF, mtime=0)
    return table


def test_a_name_is_fetched_from_the_provider_that_has_it_and_found_again_without_asking(
    ucsc: dict[str, Any], site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = get("toy1")
    assert stored.fasta == cache / "ucsc" / "toy1" / "toy1.fa.gz"
    assert records(stored.fasta) == EXPECTED
    assert stored.record["url"] == f"{site.url}/toy1/bigZips/toy1.fa.gz"
    monkeypatch.setattr("dnabert.data.download.install.find_genome", None)
    assert not get("toy1").is_new
    assert not get("toy1", provider="ucsc").is_new


@pytest.mark.parametrize("prefix", ["", "./", "*"])
def test_the_checksum_that_a_provider_publishes_is_compared(ucsc: dict[str, Any], site: Site, prefix: str) -> None:
    content = site.files["/toy1/bigZips/toy1.fa.gz"]
    digest = hashlib.md5(content).hexdigest()
    site.files["/toy1/bigZips/md5sum.txt"] = f"{'0' * 32}  other.fa.gz\n{digest}  {prefix}toy1.fa.gz\n".encode()
    assert get("toy1").record["download"]["md5_is_published"] is True
    site.files["/toy1/bigZips/md5sum.txt"] = f"{'0' * 32}  {prefix}toy1.fa.gz\n".encode()
    with pytest.raises(DataFileError, match=rf"toy1\.fa\.gz: its MD5 is {digest}, but .*/md5sum\.txt says {'0' * 32}; nothing is kept"):
        get("toy1", force=True)


def test_a_provider_without_checksums_is_said_so(ucsc: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    assert get("toy1").record["download"]["md5_is_published"] is False
    assert "/md5sum.txt names no checksum of it; it is not compared" in caplog.text


def test_an_unknown_name_says_who_was_asked_and_what_is_like_it(ucsc: dict[str, Any]) -> None:
    with pytest.raises(
        DataFileError,
        match=r"toy3: no address found: UCSC has no such genome; ensembl: appears to be offline; .*; names like it: toy2, toy1; give",
    ):
        get("toy3")


def test_only_the_provider_that_was_chosen_is_asked(ucsc: dict[str, Any]) -> None:
    with pytest.raises(
        DataFileError, match=r"^toy1: no address found: ncbi: appears to be offline; give a URL or a file, if you have one$"
    ):
        get("toy1", provider="ncbi")


@pytest.mark.parametrize("package", ["genomepy", "genomepy.providers"])
def test_without_genomepy_a_name_says_how_to_install_it_and_a_file_does_not_need_it(
    source: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("genomepy")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        DnabertError, match=r"a genome by name, .* needs the package genomepy: install it with  pip install 'dnabert\[genomes\]'"
    ):
        find_genome("hg38")
    assert records(get(source).fasta) == EXPECTED


def test_ftp_addresses_of_the_large_providers_are_asked_over_https(ucsc: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ucsc["ucsc"], "get_genome_download_link", lambda *_, **__: "ftp://ftp.ebi.ac.uk/pub/x.fa.gz")
    assert find_genome("toy1").url == "https://ftp.ebi.ac.uk/pub/x.fa.gz"


# --- annotations


def test_the_annotation_of_a_named_genome_stands_beside_it(ucsc: dict[str, Any], site: Site) -> None:
    assert get("toy1").annotation is None
    site.asked.clear()
    stored = get("toy1", annotation=True)
    assert stored.annotation is not None
    assert stored.annotation.name == "toy1.annotation.gtf.gz"
    assert gzip.decompress(stored.annotation.read_bytes()) == GTF
    assert not stored.is_new
    assert [path for path, _ in site.asked] == ["/toy1/bigZips/genes/toy1.ncbiRefSeq.gtf.gz"]
    assert get("toy1", annotation=True).annotation == stored.annotation
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("name", "content", "ending"),
    [
        ("toy.gtf", GTF, "gtf"),
        ("toy.annotation.gtf.gz", gzip.compress(GTF, mtime=0), "gtf"),
        ("toy.gff3.gz", gzip.compress(GFF3, mtime=0), "gff3"),
    ],
)
def test_the_annotation_of_a_file_is_the_one_beside_it(source: Path, name: str, content: bytes, ending: str) -> None:
    (source.parent / name).write_bytes(content)
    stored = get(source, annotation=True)
    assert stored.annotation is not None
    assert stored.annotation.name == f"toy.annotation.{ending}.gz"
    assert gzip.decompress(stored.annotation.read_bytes()) == (GFF3 if ending == "gff3" else GTF)
    assert stored.record["annotation"]["url"] == str(source.parent / name)


def test_an_annotation_can_be_given_and_another_replaces_it(source: Path, site: Site, tmp_path: Path) -> None:
    site.files["/a.gtf"] = GTF
    (tmp_path / "b.gff").write_bytes(GFF3)
    first = get(source, annotation_from=f"{site.url}/a.gtf")
    second = get(source, annotation_from=str(tmp_path / "b.gff"))
    assert first.annotation is not None
    assert second.annotation is not None
    assert [path.name for path in (first.annotation, second.annotation)] == ["toy.annotation.gtf.gz", "toy.annotation.gff3.gz"]
    assert sorted(path.name for path in second.fasta.parent.iterdir()) == [
        RECORD,
        "toy.annotation.gff3.gz",
        "toy.fa.gz",
        "toy.fa.gz.fai",
        "toy.fa.gz.gzi",
    ]
    assert get(source).annotation == second.annotation


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>\n", "is no GTF or GFF3: a line has 1 columns, not 9"),
        (b"# only notes\n", "holds no line of an annotation"),
        (gzip.compress(GTF * 100, mtime=0)[:-12], ""),
    ],
)
def test_what_is_no_annotation_is_named_and_not_kept(source: Path, tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "b.gtf"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match=rf"b\.gtf: {message}"):
        get(source, out=tmp_path / "out", annotation_from=str(path))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [RECORD, "toy.fa.gz", "toy.fa.gz.fai", "toy.fa.gz.gzi"]


def test_without_an_annotation_the_flag_to_give_one_is_named(source: Path, site: Site) -> None:
    with pytest.raises(DataFileError, match=r"toy\.fa: there is no GTF or GFF3 beside the genome; give one with --annotation-from"):
        get(source, annotation=True)
    site.files["/t.fa"] = FASTA
    with pytest.raises(DataFileError, match=r"/t\.fa: an address says nothing of an annotation; give that too, with --annotation-from"):
        get(f"{site.url}/t.fa", annotation=True)


def test_an_annotation_that_is_not_to_be_had_is_an_error_before_the_genome_is_fetched(site: Site, tmp_path: Path, cache: Path) -> None:
    site.files["/t.fa"] = FASTA
    with pytest.raises(DataFileError, match="an address says nothing of an annotation"):
        get(f"{site.url}/t.fa", annotation=True)
    with pytest.raises(
        DataFileError, match=r"absent\.gtf: there is no such file; --annotation-from takes a GTF or GFF3 file, or its address"
    ):
        get(f"{site.url}/t.fa", annotation_from=str(tmp_path / "absent.gtf"))
    assert site.asked == []
    assert not cache.exists()


# --- what a genome is made of


@given(sequence=st.text("ACGTUNRYacgtnry", max_size=60))
def test_contents_of_a_contig_are_those_of_counting_letters(sequence: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dnabert.data.download.contents._BLOCK", 7)
        found = describe_contig(Record("c", "", sequence.encode()), "t.fa")
    runs = [len(run.group()) for run in re.finditer("[Nn]+", sequence)]
    assert (found.length, found.num_n, found.num_n_runs, found.longest_n_run) == (len(sequence), sum(runs), len(runs), max(runs, default=0))
    assert found.num_other_ambiguous == len(re.findall("[RYry]", sequence))
    assert found.num_soft_masked == sum(letter.islower() for letter in sequence)
    assert found.num_gc == len(re.findall("[GCgc]", sequence))
    assert found.num_known == len(re.findall("[ACGTUacgtu]", sequence))


def test_names_of_files_lose_their_endings() -> None:
    assert [short_name(name) for name in ("a/hg38.p14.fa.gz", "x.FASTA", "https://h/y.fna.gz", "z.tar.gz", ".gz")] == [
        "hg38.p14",
        "x",
        "y",
        "z",
        ".gz",
    ]
