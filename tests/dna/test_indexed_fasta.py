import gzip
import logging
import os
import random
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError
from tests.dna.test_regions import GENOME, bases, genome, put

__all__ = ["genome"]


def make_older(path: Path, than: Path) -> None:
    moment = than.stat().st_mtime_ns - 1
    os.utime(path, ns=(moment, moment))


def test_an_outdated_index_is_not_believed(genome: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert bases(genome, Region("chr2", 0, 4)) == "GGGG"
    genome.write_text(">chr0\nCCCCCCCCCC\n" + GENOME)
    index = genome.with_name("g.fa.fai")
    make_older(index, than=genome)
    before = index.read_bytes()
    with caplog.at_level(logging.WARNING), mock.patch.object(pysam, "faidx", wraps=pysam.faidx) as faidx:
        for _ in range(2):  # made and told of once, however often the file is opened
            assert bases(genome, Region("chr2", 0, 4)) == "GGGG"
    assert faidx.call_count == 1
    assert caplog.messages == [
        f"{index} is older than the genome: this run makes an index of its own; run  samtools faidx {genome}  to spare the time"
    ]
    assert index.read_bytes() == before


def test_an_index_of_ones_own_is_made_anew_where_the_file_has_changed(genome: Path, caplog: pytest.LogCaptureFixture) -> None:
    bases(genome, Region("chr2", 0, 4))
    for number, base in enumerate("GCT", start=1):  # of equal length, so that the size says nothing
        genome.write_text(">chr0\nCCCCCCCCCC\n" + GENOME.replace("GGGG", base * 4))
        make_older(genome.with_name("g.fa.fai"), than=genome)
        assert bases(genome, Region("chr2", 0, 4)) == base * 4
        assert len(caplog.messages) == number


def test_an_outdated_bgzip_index_is_not_believed(genome: Path, caplog: pytest.LogCaptureFixture) -> None:
    packed = genome.with_name("g.fa.gz")
    pysam.tabix_compress(str(genome), str(packed))
    bases(packed, Region("chr2", 0, 4))
    genome.write_text(">chr0\nCCCCCCCCCC\n" + GENOME)
    pysam.tabix_compress(str(genome), str(packed), force=True)
    for suffix in (".fai", ".gzi"):
        make_older(Path(f"{packed}{suffix}"), than=packed)
    assert bases(packed, Region("chr2", 0, 4)) == "GGGG"
    assert len(caplog.messages) == 1


def test_a_genome_in_a_folder_that_cannot_be_written_is_read(
    genome: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert bases(genome, Region("chr1", 0, 3)) == "ACG"
    assert [path.name for path in genome.parent.iterdir()] == ["g.fa"]
    assert f"{genome.parent} cannot be written and has no index: this run makes an index of its own" in caplog.text


def write_fasta(path: Path, records: Mapping[str, str], width: int = 4, ending: str = "\n") -> Path:
    lines = [
        piece
        for header, letters in records.items()
        for piece in (f">{header}", *(letters[at : at + width] for at in range(0, len(letters), width)))
    ]
    path.write_bytes((ending.join(lines) + ending).encode())
    return path


def replace_keeping_the_index(path: Path, records: Mapping[str, str]) -> None:
    """Other contents under an older date, as ``cp -p`` and ``rsync -t`` leave them; the index seems to be of them."""
    moment = path.stat().st_mtime_ns - 10**9
    if path.suffix == ".gz":
        plain = write_fasta(path.with_suffix(""), records)
        pysam.tabix_compress(str(plain), str(path), force=True)
    else:
        write_fasta(path, records)
    os.utime(path, ns=(moment, moment))


OTHERS = {
    "a contig longer": {"chr1": "ACGTACGTACGT", "chr2": "GGGG"},
    "a contig before": {"chr0": "TT", "chr1": "ACGTACGTAC", "chr2": "GGGG"},
    "a contig behind": {"chr1": "ACGTACGTAC", "chr2": "GGGG", "chr3": "TT"},
    "a contig less": {"chr1": "ACGTACGTAC"},
    "other names": {"chrA": "ACGTACGTAC", "chrB": "GGGG"},
    "the last contig longer": {"chr1": "ACGTACGTAC", "chr2": "GGGGTTTT"},
    "order": {"chr2": "GGGG", "chr1": "ACGTACGTAC"},
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("others", OTHERS.values(), ids=OTHERS)
def test_an_index_of_another_file_is_not_believed_though_it_is_newer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, packed: bool, others: Mapping[str, str]
) -> None:
    path = write_fasta(tmp_path / "g.fa", {"chr1 first": "ACGTACGTAC", "chr2": "GGGG"})
    if packed:
        pysam.tabix_compress(str(path), f"{path}.gz")
        path = Path(f"{path}.gz")
    assert bases(path, Region("chr1", 4, 10)) == "ACGTAC"
    replace_keeping_the_index(path, others)
    assert Path(f"{path}.fai").stat().st_mtime_ns > path.stat().st_mtime_ns
    with Genome(path) as genome:
        assert {contig: decode_bases(genome.codes(Region(contig, 0, length))) for contig, length in genome.lengths.items()} == others
    assert caplog.messages == [
        f"{path}.fai is not of the genome as it is now: this run makes an index of its own; run  samtools faidx {path}  to spare the time"
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("ACGTN", min_size=1, max_size=30), min_size=1, max_size=5),
    st.integers(1, 12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_an_index_fits_the_file_that_it_was_made_of(
    tmp_path_factory: pytest.TempPathFactory, contigs: list[str], width: int, ending: str, packed: bool, is_cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("genome")
    path = write_fasta(folder / "g.fa", {f"c{number} of {len(contigs)}": text for number, text in enumerate(contigs)}, width, ending)
    if is_cut:  # without a last line end
        path.write_bytes(path.read_bytes().removesuffix(ending.encode()))
    if packed:
        pysam.tabix_compress(str(path), f"{path}.gz")
        path = Path(f"{path}.gz")
    pysam.faidx(str(path))
    with mock.patch.object(pysam, "faidx", side_effect=AssertionError("indexed again")), Genome(path) as genome:
        assert [decode_bases(genome.codes(Region(contig, 0, length))) for contig, length in genome.lengths.items()] == contigs


def test_a_bgzip_genome_of_many_blocks_and_contigs_keeps_its_index(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(3)
    contigs = {f"c{number}": "".join(chance.choices("ACGT", k=9_000)) for number in range(50)}
    plain = write_fasta(tmp_path / "g.fa", contigs, 60)
    path = tmp_path / "g.fa.gz"
    pysam.tabix_compress(str(plain), str(path))
    for _ in range(2):
        assert bases(path, Region("c49", 8_000, 8_010)) == contigs["c49"][8_000:8_010]
    assert caplog.messages == []


@pytest.mark.parametrize("content", ["", "chr1\n", "chr1\t9\tx\t4\t5\n", "chr1\t9\t6\t0\t0\n", "chr1\t9\t-6\t4\t5\n", "\xff"])
def test_an_index_that_is_none_is_not_believed(genome: Path, caplog: pytest.LogCaptureFixture, content: str) -> None:
    put(genome.parent, content, "g.fa.fai")
    assert bases(genome, Region("chr1", 3, 8)) == "TACNN"
    assert "g.fa.fai is not of the genome as it is now: this run makes an index of its own" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (">a\nACGT\n>b\nGG\n>a\nTT\n", ":5: the name a occurs twice (first on line 1); give each record a unique first word"),
        (">a\n>b\nGG\n", ":1: record a is empty; remove it or add its sequence"),
        (">a\nAC\n>\nGG\n", ":3: record 2 has no name; give each '>' line a unique first word"),
    ],
)
def test_records_that_an_index_would_pass_over_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = put(tmp_path, content, "g.fa")
    for _ in range(2):
        with pytest.raises(DataFileError) as caught:
            Genome(path)
        assert str(caught.value) == f"{path}{message}"
    assert [each.name for each in tmp_path.iterdir()] == ["g.fa"]


def test_a_gzip_genome_is_refused_with_the_way_to_bgzip(tmp_path: Path) -> None:
    path = put(tmp_path, gzip.compress(GENOME.encode(), mtime=0), "g.fa.gz")
    with pytest.raises(DataFileError) as caught:
        Genome(path)
    plain = tmp_path / "g.fa"
    assert str(caught.value) == f"{path}: is gzip, which has no index; make it bgzip:  gunzip {path} && bgzip {plain}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", ": holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        ("hello\n", ": begins with 'hello', not with '>': this is no FASTA file"),
        (">a\nACGT\nAC\nACGT\n", ":3: 2 letters on a line within a record whose first line has 4 letters, WAY"),
        (">b\nAC\n>a\nACGT\n\nAC\n", ":5: 0 letters on a line within a record whose first line has 4 letters, WAY"),
        (">a\nACGT\nACGT \nAC\n", ":3: blanks at the end of a line within a record whose first line has 4 letters, WAY"),
        (">a\nACGT\nACGTA\n", ":3: 5 letters in a record whose first line has 4, WAY"),
        (">a\n\nACGT\n", ":3: 4 letters in a record whose first line has 0, WAY"),
        ("\ufeff>a\nACGT\n", ":1: begins with a byte-order mark, WAY"),
    ],
)
def test_a_genome_that_cannot_be_indexed_is_refused(tmp_path: Path, content: str, message: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, content, "g.fa")
    with pytest.raises(DataFileError) as caught:
        Genome(path)
    assert str(caught.value) == f"{path}{message}".replace(
        "WAY", f"so that the file cannot be indexed;  dnabert genome get {path}  writes it anew"
    )
    assert capfd.readouterr().err == ""


def test_a_genome_that_htslib_refuses_for_a_reason_of_its_own_is_named(genome: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pysam, "FastaFile", mock.Mock(side_effect=OSError))
    with pytest.raises(DataFileError) as caught:
        Genome(genome)
    rule = "a FASTA file is of lines '>name', each with lines of letters of one length below it"
    assert str(caught.value) == f"{genome}: cannot be indexed; {rule}"
