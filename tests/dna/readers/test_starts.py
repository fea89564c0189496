import logging
from pathlib import Path

import pytest

from dnabert.dna.readers.starts import TranscriptStart, read_starts
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError, RegionError
from tests.dna.readers.test_annotation import GFF3, GTF, line, put

UNKNOWN = 'gene_id "g9"; transcript_id "t9"; tag "mRNA_start_NF";'


def places(path: Path, is_certain: bool) -> list[tuple[str, int, str, str]]:
    found = [start.region for start in read_starts(path) if start.is_certain == is_certain]
    return [(region.contig, region.start, region.strand, region.name) for region in found]


def test_starts_of_gtf_transcripts_come_line_by_line_also_where_one_is_there_twice(tmp_path: Path) -> None:
    again = line("transcript", 11, 50, attributes='gene_id "g9"; transcript_id "t9";')
    path = put(tmp_path, GTF + again)
    one, two, three = (
        Region("chr1", 10, 11, "ONE", "+", f"{path}:3"),
        Region("chr2", 59, 60, "g2", "-", f"{path}:8"),
        Region("chr1", 10, 11, "g9", "+", f"{path}:11"),
    )
    assert read_starts(path) == [
        TranscriptStart(one, "t1", 90, True),
        TranscriptStart(two, "t2", 60, True),
        TranscriptStart(three, "t9", 50, True),
    ]


def test_starts_of_gff3_transcripts_have_the_names_of_genes(tmp_path: Path) -> None:
    path = put(tmp_path, GFF3)
    first, second = (Region("chr1", 10, 11, "ONE, the first", "+", f"{path}:{number}") for number in (5, 6))
    assert read_starts(path) == [TranscriptStart(first, "t 1", 90, True), TranscriptStart(second, "t2", 50, True)]


def test_without_transcripts_the_starts_are_those_of_exons(tmp_path: Path) -> None:
    path = put(tmp_path, "".join(text for text in GTF.splitlines(keepends=True) if "\texon\t" in text))
    one, two = Region("chr1", 10, 11, "ONE", "+", f"{path}:1"), Region("chr2", 59, 60, "g2", "-", f"{path}:3")
    assert read_starts(path) == [TranscriptStart(one, "t1", 90, True), TranscriptStart(two, "t2", 60, True)]


def test_starts_within_a_primary_transcript_are_uncertain(tmp_path: Path) -> None:
    lines = line("primary_transcript", 11, 90, attributes="ID=p;Parent=g") + line("miRNA", 31, 50, attributes="ID=m;Parent=p")
    found = read_starts(put(tmp_path, lines))
    assert [(start.region.start, start.is_certain) for start in found] == [(10, True), (30, False)]


def test_transcripts_with_an_unknown_start_are_uncertain_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = put(tmp_path, GTF + line("transcript", 5, 50, attributes=UNKNOWN))
    with caplog.at_level(logging.INFO):
        assert places(path, is_certain=False) == [("chr1", 4, "+", "g9")]
    assert caplog.messages == [f"{path}: 1 transcripts have an unknown start, which is no start site"]
    assert places(path, is_certain=True) == [("chr1", 10, "+", "ONE"), ("chr2", 59, "-", "g2")]
    path.write_text(line("mRNA", 5, 50, strand="-", attributes="ID=t;partial=true;end_range=50,."))
    with pytest.raises(DataFileError) as caught:
        read_starts(path)
    assert str(caught.value) == f"{path}: the true start of each of its 1 transcripts is stated to be unknown"


def test_without_transcripts_the_starts_of_those_that_cannot_be_used_are_uncertain(tmp_path: Path) -> None:
    path = put(tmp_path, line() + line(start=41, end=50, strand="-") + GTF + line("CDS", 3, 9, attributes='transcript_id "t8";'))
    path.write_text("".join(text for text in path.read_text().splitlines(keepends=True) if "\ttranscript\t" not in text))
    assert places(path, is_certain=True) == [("chr2", 59, "-", "g2")]
    assert places(path, is_certain=False) == [("chr1", 10, "+", "t1"), ("chr1", 49, "-", "t1")]


def test_a_start_needs_transcripts_or_exons_and_a_strand(tmp_path: Path) -> None:
    path = put(tmp_path, line("gene") + line("start_codon"))
    with pytest.raises(DataFileError) as caught:
        read_starts(path)
    assert str(caught.value) == f"{path}: has no transcript or exon features (it has gene, start_codon); take an annotation that has them"
    path.write_text(line("transcript", strand="."))
    with pytest.raises(RegionError) as caught_strand:
        read_starts(path)
    rule = "column 7 must be + or -: correct it, or leave the transcript out"
    assert str(caught_strand.value) == f"{path}:1: the transcript has no strand; {rule}"
