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


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (check_of(1000, 900, 500, 0), None),
        (check_of(4, 4, 0, 0), None),
        (MotifCheck("GT", {}, {}), None),
        (
            check_of(2000, 1980, 20, 100),
            "1.0% of 2,000 donors on strand + are GT, but 99.0% one base before:"
            " the file counts from 1 where it must count from 0; take 1 from its starts",
        ),
        (
            check_of(50, 4, 2, 50, "-"),
            "4.0% of 50 donors on strand - are GT, but 100.0% one base after:"
            " the file counts from 0 where it must count from 1; add 1 to its starts",
        ),
        (
            check_of(50, 3, 2, 5),
            "4.0% of 50 donors on strand + are GT: the file is of another assembly than the genome, or its positions are of something else",
        ),
    ],
)
def test_a_shift_is_told_once_and_nothing_where_there_is_none(
    check: MotifCheck, message: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    text = warn_if_shifted(check, "donors", "a.bed")
    assert text == (message and f"a.bed: {message}")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == ([(logging.WARNING, text)] if message else [])


def test_a_shift_of_one_strand_only_is_told_of_that_strand(caplog: pytest.LogCaptureFixture) -> None:
    # Starts that count from 1 and ends that do not: sites before an exon move on one strand only.
    check = MotifCheck("GT", {"+": 100, "-": 100}, {("+", 0): 99, ("-", -1): 98, ("-", 0): 1})
    text = warn_if_shifted(check, "donors", "a.bed")
    assert text is not None
    assert text.startswith("a.bed: 1.0% of 100 donors on strand - are GT, but 98.0% one base before: ")
