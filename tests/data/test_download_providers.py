import ftplib
import http.client
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from dnabert.data.download import providers
from dnabert.data.download.providers import Address, ProviderName, find_annotation, find_genome, kind_of_name, short_name
from dnabert.errors import DataFileError


@pytest.fixture(scope="module", autouse=True)
def _home_of_genomepy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """genomepy writes its settings and lists when it is imported: not into the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        pytest.importorskip("genomepy", reason="genomepy is in the extra [genomes]")
        yield


def raises(error: BaseException) -> Callable[..., Any]:
    def fail(*words: object, **options: object) -> Any:
        raise error

    return fail


def offer(patch: pytest.MonkeyPatch, link: Callable[..., str]) -> None:
    """Puts a provider of our own in the place of UCSC."""
    from genomepy.providers import PROVIDERS
    from genomepy.providers.base import BaseProvider

    class Own(BaseProvider):  # type: ignore[misc]
        name = "UCSC"
        genomes: ClassVar[dict[str, Any]] = {"toy": {}}
        get_genome_download_link = staticmethod(link)
        get_annotation_download_link = staticmethod(link)

    patch.setitem(PROVIDERS, "ucsc", Own)


# --- what is a file, an address, a name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hg38.fa.gzz", "local"),
        ("hg38.fa", "local"),
        ("hg38.FASTA.xz", "local"),
        ("hg38.gz", "local"),
        ("./hg38", "local"),
        ("https://host/hg38", "url"),
        ("FTP://host/hg38", "url"),
        ("http://[x", "url"),
        ("hg38", "auto"),
        ("GRCh38.p14", "auto"),
        ("GCA_000001405.15", "auto"),
        ("fa", "auto"),
        ("Falco.fabric", "auto"),
    ],
)
def test_a_name_is_told_from_a_file_and_an_address(name: str, kind: ProviderName) -> None:
    assert kind_of_name(name, "auto") == kind
    assert kind_of_name(name, "ncbi") == "ncbi"


def test_a_mistyped_file_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_provider", raises(AssertionError("a provider was asked")))
    rule = "there is no such file; a genome is a FASTA or 2bit file, an address, or a name such as hg38"
    way_out = "; if a provider has a genome of this name, say which with --provider"
    for name, provider, message in (
        ("hg38.fa.gzz", "auto", rule + way_out),
        ("./missing.fa", "auto", rule),
        ("hg38", "local", rule),
    ):
        with pytest.raises(DataFileError) as caught:
            find_genome(name, provider)  # type: ignore[arg-type]
        assert str(caught.value) == f"{name}: {message}"


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://host/hg38.fa.gz?dl=1", "hg38"),
        ("https://host/a/hg38.fa#top", "hg38"),
        ("https://host/a/hg38.fa/?path=/x/y.gz", "hg38"),
        ("https://host?id=3", "host"),
        ("http://[x", "[x"),
        ("a/what?.fa", "what?"),
    ],
)
def test_the_name_of_an_address_is_without_its_query(location: str, name: str) -> None:
    assert short_name(location) == name


# --- what genomepy's own code raises when a service is away or answers something else


def ensembl_is_away(patch: pytest.MonkeyPatch) -> ProviderName:
    patch.setattr("genomepy.providers.ensembl.check_url", lambda *_, **__: True)
    patch.setattr("genomepy.providers.ensembl.retry", lambda *_, **__: None)  # what it gives after three failures
    return "ensembl"


def ucsc_answers_otherwise(patch: pytest.MonkeyPatch) -> ProviderName:
    class Answer:
        ok = True

        def json(self) -> dict[str, str]:
            return {"error": "moved"}

    patch.setattr("genomepy.providers.ucsc.check_url", lambda *_, **__: True)
    patch.setattr("genomepy.providers.ucsc.requests.get", lambda *_, **__: Answer())
    return "ucsc"


def ucsc_has_no_database(patch: pytest.MonkeyPatch) -> ProviderName:
    from mysql.connector import Error

    ucsc_answers_otherwise(patch)
    patch.setattr(
        "genomepy.providers.ucsc.requests.get", lambda *_, **__: type("A", (), {"ok": True, "json": lambda _: {"ucscGenomes": {}}})()
    )
    patch.setattr("genomepy.providers.ucsc.mysql.connector.connect", raises(Error("too many connections")))
    return "ucsc"


def gencode_is_full(patch: pytest.MonkeyPatch) -> ProviderName:
    patch.setattr("genomepy.providers.gencode.check_url", lambda *_, **__: True)
    patch.setattr("genomepy.providers.gencode.sleep", lambda _: None)
    patch.setattr("genomepy.providers.gencode.connect_ftp_link", raises(ftplib.error_perm("530 too many users")))
    return "gencode"


def gencode_breaks_off(patch: pytest.MonkeyPatch) -> ProviderName:
    gencode_is_full(patch)
    patch.setattr("genomepy.providers.gencode.connect_ftp_link", raises(EOFError()))
    return "gencode"


def ncbi_answers(patch: pytest.MonkeyPatch, lines: list[bytes]) -> ProviderName:
    patch.setattr("genomepy.providers.ncbi.check_url", lambda *_, **__: True)
    patch.setattr("genomepy.providers.ncbi.urlopen", lambda _: lines)
    return "ncbi"


def ncbi_breaks_off(patch: pytest.MonkeyPatch) -> ProviderName:
    ncbi_answers(patch, [])
    patch.setattr("genomepy.providers.ncbi.urlopen", raises(http.client.IncompleteRead(b"")))
    return "ncbi"


COLUMNS = b"\t".join([b"x"] * 20)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (ensembl_is_away, "genomepy does not understand the answer (TypeError: 'NoneType' object is not iterable)"),
        (ucsc_answers_otherwise, "genomepy does not understand the answer (KeyError: 'ucscGenomes')"),
        (ucsc_has_no_database, "too many connections"),
        (gencode_is_full, "530 too many users"),
        (gencode_breaks_off, "EOFError"),
        (ncbi_breaks_off, "IncompleteRead(0 bytes read)"),
        (lambda patch: ncbi_answers(patch, []), "genomepy does not understand the answer (StopIteration: )"),
        (
            lambda patch: ncbi_answers(patch, [b"#", COLUMNS, b"x"]),
            "genomepy does not understand the answer (IndexError: list index out of range)",
        ),
        (
            lambda patch: ncbi_answers(patch, [b"#", b"\xff"]),
            "genomepy does not understand the answer"
            " (UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte)",
        ),
    ],
)
def test_trouble_in_genomepy_is_told_in_a_line_and_logged_in_full(
    trouble: Callable[[pytest.MonkeyPatch], ProviderName],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "dnabert")
    provider = trouble(monkeypatch)
    with pytest.raises(DataFileError) as caught:
        find_genome("toy", provider)
    assert str(caught.value) == f"toy: no address found: {provider}: {reason}; give a URL or a file, if you have one"
    (logged,) = [record for record in caplog.records if record.levelno == logging.DEBUG]
    assert logged.name == providers.__name__
    assert logged.exc_info is not None


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk is full"), NotImplementedError("Bacteria from Ensembl not supported.")])
def test_trouble_with_an_address_is_told_for_genomes_and_annotations(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    offer(monkeypatch, raises(error))
    with pytest.raises(DataFileError, match=rf"^toy: no address found: ucsc: .*{error}.*; give a URL"):
        find_genome("toy", "ucsc")
    with pytest.raises(DataFileError, match=rf"^toy: no annotation found: .*{error}.*; give one with --annotation-from$"):
        find_annotation(Address("toy", "ucsc", "https://host/toy.fa.gz"), "toy")


def test_a_file_name_that_genomepy_takes_for_a_pattern_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "toy(.fa"
    path.write_text(">a\nACGT\n")
    (tmp_path / "toy.gtf").write_text("")
    with pytest.raises(
        DataFileError, match=r"no annotation found: genomepy does not understand the answer .*; give one with --annotation-from"
    ):
        find_annotation(find_genome(str(path)), str(path))


@pytest.mark.parametrize("error", [TypeError("ours"), KeyError("ours"), ValueError("ours"), AttributeError("ours"), OSError("ours")])
@pytest.mark.parametrize("place", ["_over_https", "difflib.get_close_matches"])
def test_a_mistake_of_ours_is_not_taken_for_one_of_a_provider(monkeypatch: pytest.MonkeyPatch, place: str, error: Exception) -> None:
    offer(monkeypatch, lambda *_, **__: "https://host/toy.fa.gz")
    monkeypatch.setattr(f"{providers.__name__}.{place}", raises(error))
    with pytest.raises(type(error), match="ours"):
        find_genome("toy" if place == "_over_https" else "other", "ucsc")


def test_folders_that_genomepy_cannot_make_are_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "from dnabert.data.download.providers import find_genome; find_genome('hg38')"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"XDG_CACHE_HOME": str(tmp_path / "file"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    last = found.stderr.splitlines()[-1]
    assert last.startswith(
        "dnabert.errors.OutputError: genomepy cannot make the folders that it keeps its lists and settings in ([Errno 20]"
    )
    assert last.endswith("; set XDG_CACHE_HOME and XDG_CONFIG_HOME to folders that can be written")
