import gzip
import logging
import os
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.readers.annotation import (
    LeftOut,
    Transcript,
    read_all_transcripts,
    read_transcripts,
    stated_lengths,
)
from dnabert.errors import DataFileError, DnabertError, RegionError

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[4] / "shared" / "data")

# Two genes; that of chr2 is on the reverse strand, so that its first exon is the last of the file.
GTF = """\
#!genome-build toy
chr1\tX\tgene\t11\t90\t.\t+\t.\tgene_id "g1"; gene_name "ONE";
chr1\tX\ttranscript\t11\t90\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "ONE";
chr1\tX\texon\t11\t20\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; exon_number 1;
chr1\tX\tCDS\t14\t20\t.\t+\t0\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; exon_number 1;
chr1\tX\texon\t31\t90\t.\t+\t.\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; exon_number 2;
chr1\tX\tCDS\t31\t33\t.\t+\t2\tgene_id "g1"; transcript_id "t1"; gene_name "ONE"; exon_number 2;
chr2\tY\ttranscript\t5\t60\t.\t-\t.\tgene_id "g2"; transcript_id "t2";
chr2\tY\texon\t41\t60\t.\t-\t.\tgene_id "g2"; transcript_id "t2";
chr2\tY\texon\t5\t30\t.\t-\t.\tgene_id "g2"; transcript_id "t2";
"""

GFF3 = """\
##gff-version 3
##sequence-region chr1 1 500
##sequence-region chr2 100 300
chr1\tX\tgene\t11\t90\t.\t+\t.\tID=gene:1;Name=ONE%2C the first
chr1\tX\tmRNA\t11\t90\t.\t+\t.\tID=t%201;Parent=gene:1;Name=ONE-201
chr1\tX\tlnc_RNA\t11\t50\t.\t+\t.\tID=t2;Parent=gene:1
chr1\tX\texon\t11\t20\t.\t+\t.\tID=e1;Parent=t%201,t2
chr1\tX\texon\t31\t90\t.\t+\t.\tParent=t%201
chr1\tX\texon\t31\t50\t.\t+\t.\tParent=t2
chr1\tX\tCDS\t14\t20\t.\t+\t0\tID=c;Parent=t%201;
chr1\tX\tCDS\t31\t36\t.\t+\t2\tID=c;Parent=t%201,protein:1;
"""

HEADERS = "\n# x\ntrack name=y\nseqname\tsource\tfeature\tstart\tend\tscore\tstrand\tframe\tattributes\n"


def put(folder: Path, content: str | bytes, name: str = "a.gtf") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


IDS = 'transcript_id "t1"; gene_id "g1";'


def line(kind: str = "exon", start: object = 11, end: object = 20, strand: str = "+", attributes: str = IDS, contig: str = "chr1") -> str:
    return f"{contig}\tX\t{kind}\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n"


def message_of(path: Path, kind: type[DnabertError]) -> str:
    with pytest.raises(kind) as caught:
        read_transcripts(path)
    return str(caught.value).removeprefix(str(path))


def test_transcripts_of_gtf(tmp_path: Path) -> None:
    path = put(tmp_path, GTF)
    one, two = read_transcripts(path)
    assert one == Transcript(
        "t1", "g1", "ONE", "chr1", "+", 10, 90, ((10, 20), (30, 90)), ((13, 20), (30, 33)), source="X", where=f"{path}:4"
    )
    assert two == Transcript("t2", "g2", "", "chr2", "-", 4, 60, ((4, 30), (40, 60)), (), source="Y", where=f"{path}:9")
    assert (one.tss, one.introns) == (10, ((20, 30),))
    assert (two.tss, two.introns) == (59, ((30, 40),))


def test_transcripts_of_gff3_through_their_parents(tmp_path: Path) -> None:
    path = put(tmp_path, GFF3, "a.gff3")
    first, second = read_transcripts(path)
    gene = ("gene:1", "ONE, the first", "chr1", "+")
    assert first == Transcript("t 1", *gene, 10, 90, ((10, 20), (30, 90)), ((13, 20), (30, 36)), source="X", where=f"{path}:7")
    assert second == Transcript("t2", *gene, 10, 50, ((10, 20), (30, 50)), (), source="X", where=f"{path}:7")


def test_children_may_stand_before_their_parents(tmp_path: Path) -> None:
    head, *lines = GFF3.splitlines(keepends=True)
    turned = read_transcripts(put(tmp_path, head + "".join(reversed(lines)), "b.gff3"))
    straight = {found.id: found for found in read_transcripts(put(tmp_path, GFF3, "a.gff3"))}
    assert {found.id for found in turned} == {"t 1", "t2"}
    for found in turned:
        same = straight[found.id]
        assert (found.gene_id, found.gene_name, found.exons, found.cds) == (same.gene_id, same.gene_name, same.exons, same.cds)


@pytest.mark.parametrize(
    ("lines", "gene"),
    [
        # GENCODE, Ensembl, NCBI, exons of a gene, exons without any other line.
        ("exon|Parent=t\ntranscript|ID=t;Parent=g;gene_id=G;gene_name=N;transcript_id=T\ngene|ID=g;gene_id=G;gene_name=N", ("T", "G", "N")),
        ("exon|Parent=t\nmRNA|ID=t;Parent=g;transcript_id=T\ngene|ID=g;gene_id=G;Name=N", ("T", "G", "N")),
        (
            "exon|Parent=rna-1;gene=N\nmRNA|ID=rna-1;Parent=gene-N;gene=N;transcript_id=T\ngene|ID=gene-N;Name=N;gene=N",
            ("T", "gene-N", "N"),
        ),
        ("exon|Parent=m\nmiRNA|ID=m;Parent=p\nprimary_transcript|ID=p;Parent=g\ngene|ID=g;Name=N", ("m", "g", "N")),
        ("exon|Parent=g\ngene|ID=g;Name=N", ("g", "g", "N")),
        ("exon|Parent=t", ("t", "", "")),
        ("exon|Parent=t\nmRNA|ID=t;Parent=g;Name=T", ("t", "g", "")),
        ("exon|Parent=t\nmRNA|ID=t;Parent=t", ("t", "t", "")),
    ],
)
def test_genes_of_gff3_are_found_in_the_ways_of_their_authors(tmp_path: Path, lines: str, gene: tuple[str, str, str]) -> None:
    pairs = [text.split("|") for text in lines.split("\n")]
    text = "".join(line(kind, attributes=attributes) for kind, attributes in pairs)
    (found,) = read_transcripts(put(tmp_path, text))
    assert (found.id, found.gene_id, found.gene_name) == gene


@pytest.mark.parametrize(
    "attributes",
    [
        'gene_id "g 1"; transcript_id "t;1"; note "a; b=c";',
        'note "x; transcript_id wrong"; transcript_id "t;1" ; gene_id "g 1"',
        'my_transcript_id "no"; transcript_id  "t;1"; transcript_id "second"; gene_id "g 1"; tag "basic"; tag "CCDS";',
    ],
)
def test_quoted_semicolons_and_repeated_names_of_gtf_attributes(tmp_path: Path, attributes: str) -> None:
    (found,) = read_transcripts(put(tmp_path, line(attributes=attributes)))
    assert (found.id, found.gene_id) == ("t;1", "g 1")


def test_values_without_quotes_are_read(tmp_path: Path) -> None:
    (found,) = read_transcripts(put(tmp_path, line(attributes="gene_id g1; transcript_id t1; exon_number 1")))
    assert (found.id, found.gene_id) == ("t1", "g1")


@pytest.mark.parametrize("text", [GTF, GFF3])
@pytest.mark.parametrize("form", ["gzip", "bgzip", "CRLF", "byte-order mark", "headers"])
def test_every_form_of_file_gives_the_same(tmp_path: Path, text: str, form: str) -> None:
    plain = put(tmp_path, text, "plain")
    path = tmp_path / "other"
    if form == "bgzip":
        pysam.tabix_compress(str(plain), str(path))
    else:
        contents = {
            "gzip": gzip.compress(text.encode(), mtime=0),
            "CRLF": text.replace("\n", "\r\n").encode(),
            "byte-order mark": b"\xef\xbb\xbf" + text.encode(),
            "headers": text.replace("chr1\tX\texon\t31", f"{HEADERS}chr1\tX\texon\t31", 1).encode(),
        }
        path.write_bytes(contents[form])
    keep = [(found.id, found.gene_name, found.exons, found.cds) for found in read_transcripts(plain)]
    assert [(found.id, found.gene_name, found.exons, found.cds) for found in read_transcripts(path)] == keep
    assert stated_lengths(path) == stated_lengths(plain)


def test_a_byte_order_mark_before_the_first_feature_is_no_part_of_the_contig(tmp_path: Path) -> None:
    (found,) = read_transcripts(put(tmp_path, "\ufeff" + line()))
    assert found.contig == "chr1"


@pytest.mark.parametrize("end", ["##FASTA\n>chr1\nACGT\n", ">chr1\nACGT\n"])
def test_sequences_behind_the_features_end_a_gff3_file(tmp_path: Path, end: str) -> None:
    assert len(read_transcripts(put(tmp_path, GFF3 + end))) == 2


def test_stated_lengths_are_those_of_whole_contigs(tmp_path: Path) -> None:
    assert stated_lengths(put(tmp_path, GFF3)) == {"chr1": 500}
    assert stated_lengths(put(tmp_path, GTF)) == {}


def test_exons_that_touch_have_no_intron_between_them(tmp_path: Path) -> None:
    (found,) = read_transcripts(put(tmp_path, line(start=11, end=20) + line(start=21, end=30) + line(start=35, end=40)))
    assert (found.exons, found.introns) == (((10, 20), (20, 30), (34, 40)), ((30, 34),))


OVERLAP = line(start=15, end=25)
STRANDS = line(start=41, end=50, strand="-")
CONTIGS = line(start=41, end=50, contig="chr2")
GOOD = line(attributes='transcript_id "t2"; gene_id "g1";')


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (OVERLAP, "{path}:1: exons 11-20 and 15-25 overlap"),
        (STRANDS, "{path}:2: is on chr1 (-), but begins on chr1 (+)"),
        (CONTIGS, "{path}:2: is on chr2 (+), but begins on chr1 (+)"),
    ],
)
def test_exons_that_make_no_transcript_are_counted_and_the_first_is_named(
    tmp_path: Path, second: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = put(tmp_path, line() + second + GOOD)
    assert [found.id for found in read_transcripts(path)] == ["t2"]
    reason = reason.format(path=path)
    assert caplog.messages == [f"{path}: 1 of 2 transcripts are left out; the first is t1: {reason}"]
    path.write_text(line() + second)
    assert message_of(path, DataFileError) == f": none of its 1 transcripts can be used; the first is t1: {reason}"


@pytest.mark.parametrize(
    ("second", "parts"),
    [
        (OVERLAP + line(start=41, end=50), [("chr1", "+", ((10, 20), (14, 25), (40, 50)), True, 1, ([20, 25], [14, 40]))]),
        (STRANDS, [("chr1", "+", ((10, 20),), False, 1, ([20], [10])), ("chr1", "-", ((40, 50),), False, 2, ([50], [40]))]),
        (CONTIGS, [("chr1", "+", ((10, 20),), False, 1, ([20], [10])), ("chr2", "+", ((40, 50),), False, 2, ([50], [40]))]),
    ],
)
def test_a_transcript_that_cannot_be_used_is_given_with_the_ends_of_its_introns(
    tmp_path: Path, second: str, parts: list[tuple[str, str, tuple[tuple[int, int], ...], bool, int, tuple[list[int], list[int]]]]
) -> None:
    path = put(tmp_path, line() + second + GOOD)
    found, left_out = read_all_transcripts(path)
    assert [row.id for row in found] == ["t2"]
    assert left_out == [
        LeftOut("t1", contig, strand, exons, False, is_whole, f"{path}:{number}")  # type: ignore[arg-type]
        for contig, strand, exons, is_whole, number, _ in parts
    ]
    assert [row.intron_ends for row in left_out] == [ends for *_, ends in parts]


def test_an_entry_with_coding_parts_only_is_given_with_the_ends_of_its_introns(tmp_path: Path) -> None:
    attributes = 'transcript_id "t9";'
    path = put(tmp_path, line("CDS", 41, 50, "-", attributes) + line("CDS", 11, 20, "-", attributes) + GOOD)
    (left_out,) = read_all_transcripts(path)[1]
    assert left_out == LeftOut("t9", "chr1", "-", ((10, 20), (40, 50)), True, True, f"{path}:1")
    assert (left_out.intron_ends, left_out.span, left_out.tss) == (([20], [40]), (10, 50), 49)


def test_a_transcript_whose_coding_part_lies_elsewhere_cannot_be_used(tmp_path: Path) -> None:
    found, left_out = read_all_transcripts(put(tmp_path, line("CDS", contig="chr2") + line() + GOOD))
    assert ([row.id for row in found], [(row.contig, row.is_coding_only) for row in left_out]) == (["t2"], [("chr1", False)])


def test_coding_parts_without_exons_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = put(tmp_path, line() + line("CDS", attributes='transcript_id "t9";'))
    with caplog.at_level(logging.INFO):
        assert [found.id for found in read_transcripts(path)] == ["t1"]
    assert caplog.messages == [f"{path}: 1 entries with CDS but without exons are not used"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line(start="x"), ":1: start 'x' and end '20' must be whole numbers"),
        (line(start="50f01"), ":1: start '50f01' and end '20' must be whole numbers"),
        (line(start=-1), ":1: start '-1' and end '20' must be whole numbers"),
        (line(start=0), ":1: start 0 is before the contig; GTF and GFF3 count from 1"),
        (line(start=21), ":1: end 20 is before start 21; GTF and GFF3 count from 1, the end included"),
        (line(strand="*"), ":1: strand '*' is not one of + - . ?"),
        (line(strand="."), ":1: the exon has no strand; column 7 must be + or -: correct it, or leave the transcript out"),
        (line() + line("CDS", strand="?"), ":2: the CDS has no strand; column 7 must be + or -: correct it, or leave the transcript out"),
        (line(attributes='transcript_id "t1; gene_id "g1";'), ':1: a quote in column 9 is not closed; GTF attributes are  name "value";'),
        (
            line(attributes='gene_id "g"; exon_id "e";'),
            ":1: the exon has no transcript_id, so that its transcript is not known; its attributes are: gene_id, exon_id",
        ),
        (line(attributes="."), ":1: the exon has no transcript_id, so that its transcript is not known; its attributes are: none"),
        (line(attributes="ID=e;Note=x"), ":1: the exon has no Parent, so that its transcript is not known; its attributes are: ID, Note"),
    ],
)
def test_a_malformed_exon_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert message_of(put(tmp_path, text), RegionError) == message


def test_features_that_are_not_used_may_be_anything(tmp_path: Path) -> None:
    path = put(tmp_path, GTF + line("UTR", start="x", strand="?", attributes='"') + line("gene", strand=".", attributes='gene_id "g";'))
    assert len(read_transcripts(path)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line("gene") + line("CDS"), ": has no exon features (it has gene, CDS); take an annotation that has them"),
        ("# nothing\n", ": has no exon features (it has no features at all); take an annotation that has them"),
        (
            "chr1\t10\t20\tname\t0\t+\n",
            ":1: this is a line of BED, and GTF or GFF3 is wanted; name BED files .bed, so that they are read as such",
        ),
        (
            "chr1\t10\t20\tname\t0\t+\t10\t20\t0\t1\t10\t0\n",
            ":1: this is a line of BED, and GTF or GFF3 is wanted; name BED files .bed, so that they are read as such",
        ),
        ("chr1 X exon 10 20 . + . x\n", ":1: 1 columns; a line of GTF or GFF3 has 9, separated by tabs"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message_of(put(tmp_path, text), DataFileError) == message


@pytest.mark.parametrize("content", [gzip.compress(GTF.encode() * 40, mtime=0)[:-9], b"chr1\tX\texon\t1\t2\t.\t+\t.\t\xff\n"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert message_of(put(tmp_path, content), DataFileError).startswith(": is no GTF or GFF3 text file, or is damaged: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert message_of(tmp_path / "none.gtf", DataFileError) == ": cannot be read: No such file or directory"


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[str, str, list[tuple[int, int]]]:
    """Id, strand and exons of a transcript, 0-based, half-open, with at least one base between exons."""
    name = draw(st.text(alphabet="abz09;=%, .|é", min_size=1, max_size=8).map(lambda text: f"t{text}x"))
    cuts = sorted(draw(st.sets(st.integers(0, 5000), min_size=2, max_size=12)))
    return name, draw(st.sampled_from("+-")), list(zip(cuts[::2], cuts[1::2], strict=False))


@settings(deadline=None, max_examples=60)
@given(st.lists(transcripts(), min_size=1, max_size=4, unique_by=lambda found: found[0]), st.booleans(), st.randoms())
def test_transcripts_written_one_based_are_read_back_and_parted_by_exons_and_introns(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str, list[tuple[int, int]]]], as_gff3: bool, chance: object
) -> None:
    lines = []
    for name, strand, exons in drawn:
        for start, end in exons:
            attributes = f"Parent={quote(name, safe=' .|')}" if as_gff3 else f'gene_id "g"; transcript_id "{name}";'
            lines.append(line("exon", start + 1, end, strand, attributes))
    chance.shuffle(lines)  # type: ignore[attr-defined]
    found = {transcript.id: transcript for transcript in read_transcripts(put(tmp_path_factory.mktemp("gtf"), "".join(lines)))}
    assert set(found) == {name for name, _, _ in drawn}
    for name, strand, exons in drawn:
        transcript = found[name]
        assert (transcript.strand, list(transcript.exons)) == (strand, exons)
        assert transcript.tss == (exons[0][0] if strand == "+" else exons[-1][1] - 1)
        pieces = sorted([*transcript.exons, *transcript.introns])
        assert [pieces[0][0], pieces[-1][1]] == [transcript.start, transcript.end]
        assert all(before[1] == after[0] for before, after in pairwise(pieces))


@pytest.mark.realdata
def test_the_annotation_of_the_mini_genome_has_the_counts_its_description_states() -> None:
    path = DATA / "human" / "lrg_hg38.gtf.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds human/lrg_hg38.gtf.gz")
    found = read_transcripts(path)
    assert (len(found), sum(len(transcript.exons) for transcript in found)) == (2150, 34_218)
    assert sum(len(transcript.cds) for transcript in found) == 9899
    assert sum(transcript.source == "LRG" for transcript in found) == 667
