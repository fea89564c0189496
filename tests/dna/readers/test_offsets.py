import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnabert.dna.readers.offsets import MotifCheck, check_motif, warn_if_shifted
from dnabert.dna.regions import Genome, Region, Strand
from dnabert.errors import RegionError

# GT at 2, 8 and 14 on the forward strand; AC, which is GT on the reverse strand, at 4, 10 and 16.
BASES = "CCGTACCCGTACCCGTACCC"


@pytest.fixture
def genome(tmp_path: Path) -> Iterator[Genome]:
    path = tmp_path / "g.fa"
    path.write_text(f">chr1\n{BASES}\n")
    with Genome(path) as opened:
        yield opened


def sites(starts: tuple[int, ...], strand: Strand) -> list[Region]:
    return [Region("chr1", start, start + 2, strand=strand, where=f"a.bed:{start}") for start in starts]


def test_sites_are_read_on_their_strand(genome: Genome) -> None:
    check = check_motif([*sites((2, 8, 14), "+"), *sites((4, 10, 16, 6), "-")], "GT", genome.codes)
    assert check == MotifCheck("GT", {"+": 3, "-": 4}, {("+", 0): 3, ("-", 0): 3})
    assert (check.share(0), check.share(0, "+"), check.share(0, "-"), check.share(1)) == (6 / 7, 1.0, 0.75, 0.0)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_shift_is_along_the_forward_strand_on_both_strands(genome: Genome, shift: int) -> None:
    moved = [*sites((2 + shift, 8 + shift), "+"), *sites((4 + shift, 10 + shift), "-")]
    check = check_motif(moved, "GT", genome.codes)
    assert check.num_equal == {("+", -shift): 2, ("-", -shift): 2}


def test_only_the_place_itself_must_be_on_the_contig(genome: Genome) -> None:
    assert check_motif(sites((0, 18), "+"), "CC", genome.codes).num_equal == {("+", 0): 2, ("+", -1): 1}
    with pytest.raises(RegionError, match=r"^a\.bed:19: end 21 is beyond chr1, which has 20 bases"):
        check_motif(sites((19,), "+"), "CC", genome.codes)


def check_of(num_sites: int, before: int, there: int, after: int, strand: Strand = "+") -> MotifCheck:
    return MotifCheck("GT", {strand: num_sites}, {(strand, -1): before, (strand, 0): there, (strand, 1): after})


ELSEWHERE = "the file is of another assembly than the genome, or its positions are of something else"
BED = ", as in a file written with the positions of BED, which count from 0"
RULE = " (GTF and GFF3 count from 1, the end included), or give the genome that the file was made for"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (check_of(1000, 900, 500, 0), None),
        (check_of(4, 4, 0, 0), None),
        (MotifCheck("GT", {}, {}), None),
        (
            check_of(2000, 1980, 20, 100),
            f"1.0% of 2,000 donors on strand + are GT, but 99.0% one base before: column 4 or 5 is 1 too high: take 1 from it{RULE}",
        ),
        (
            check_of(50, 4, 2, 50, "-"),
            f"4.0% of 50 donors on strand - are GT, but 100.0% one base after: column 4 or 5 is 1 too low{BED}: add 1 to it{RULE}",
        ),
        (check_of(50, 3, 2, 5), f"4.0% of 50 donors on strand + are GT: {ELSEWHERE}"),
        (
            MotifCheck("GT", {"+": 50, "-": 50}, {("+", 1): 50, ("-", -1): 49}),
            "0.0% of 50 donors on strand + are GT, but 100.0% one base after; 0.0% of 50 donors on strand - are GT, but 98.0% one base"
            f" before: column 4 or 5 is 1 too high: take 1 from it; column 4 or 5 is 1 too low{BED}: add 1 to it{RULE}",
        ),
        (
            MotifCheck("GT", {"+": 50, "-": 50}, {("+", 1): 50}),
            f"0.0% of 50 donors on strand + are GT, but 100.0% one base after; 0.0% of 50 donors on strand - are GT: {ELSEWHERE}",
        ),
    ],
)
def test_a_shift_is_told_once_and_nothing_where_there_is_none(
    check: MotifCheck, message: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    text = warn_if_shifted(check, "donors", "a.gtf")
    assert text == (message and f"a.gtf: {message}")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == ([(logging.WARNING, text)] if message else [])


@pytest.mark.parametrize(
    ("num_equal", "advice"),
    [
        ({("+", 0): 99, ("-", -1): 98}, "column 4 is 1 too high: take 1 from it"),
        ({("+", 1): 99, ("-", 0): 98}, "column 5 is 1 too low: add 1 to it"),
        ({("+", 0): 99, ("-", 1): 98}, f"column 4 is 1 too low{BED}: add 1 to it"),
        ({("+", 1): 99, ("-", 1): 98}, f"columns 4 and 5 are 1 too low{BED}: add 1 to both"),
        ({("+", -1): 99, ("-", 1): 98}, f"column 5 is 1 too high: take 1 from it; column 4 is 1 too low{BED}: add 1 to it"),
    ],
)
def test_the_column_that_is_off_is_named_where_it_is_known(
    num_equal: dict[tuple[Strand, int], int], advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Donors come behind the end of an exon, on the reverse strand before its start.
    text = warn_if_shifted(MotifCheck("GT", {"+": 100, "-": 100}, num_equal), "donors", "a.gtf", {"+": 5, "-": 4})
    assert text is not None
    assert text.endswith(f": {advice}{RULE}")
    assert caplog.messages == [text]
