from collections import Counter
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data.datasets import repeats
from dnabert.data.datasets.repeats import Repeats, find_repeats
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, RegionError
from tests.data.stores import opposite, random_bases, rows_of, runs_of, store_of, write_bed


def listed(found: Repeats) -> list[list[int]]:
    return rows_of(found.bases.starts, found.bases.ends)


def bases_of(found: Repeats) -> set[int]:
    return {base for start, end in listed(found) for base in range(start, end)}


def counted_slowly(store: GenomeStore, min_copies: int = 5) -> list[list[int]]:
    """Runs of bases under a 16-mer, within a contig, that occurs often on either strand."""
    places: dict[str, set[int]] = {}
    counts: Counter[str] = Counter()
    for contig in store.contigs:
        text = decode_bases(store.codes[contig.start : contig.start + contig.length])
        for start in range(len(text) - 15):
            word = text[start : start + 16]
            if "N" not in word:
                key = min(word, opposite(word))
                counts[key] += 1
                places.setdefault(key, set()).update(range(contig.start + start, contig.start + start + 16))
    return runs_of(set().union(*(places[word] for word, count in counts.items() if count >= min_copies)), store)


def test_a_bed_file_tells_the_repeats_under_other_names_of_the_contigs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nacgtACGTAC\n>chr2\nACGTACGTAC\n")
    store = build_genome([path], tmp_path / "cache")
    rows = [("2", 3, 5, "L1"), ("1", 8, 10, "Alu"), ("1", 6, 9, "Alu"), ("2", 0, 1, "Alu")]
    found = find_repeats(store, write_bed(tmp_path / "rmsk.bed", *rows))
    assert listed(found) == [[6, 10], [10, 11], [13, 15]]
    assert (found.origin, found.is_known) == ("regions of rmsk.bed", True)
    assert "passed over" not in caplog.text


def test_repeats_on_contigs_that_the_genome_has_not_are_passed_over_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bed = write_bed(tmp_path / "rmsk.bed", ("chrUn_7", 0, 9, ""), ("c0", 1, 3, ""), ("chrUn_8", 0, 9, ""), ("chrUn_7", 20, 30, ""))
    assert listed(find_repeats(store_of("ACGTACGT"), bed)) == [[1, 3]]
    assert caplog.messages == [f"{bed}: 3 regions are passed over, they lie on 2 contigs that are not in the genome (chrUn_7, ...)"]


def test_a_bed_file_that_names_no_contig_of_the_genome_or_goes_beyond_one_is_an_error(tmp_path: Path) -> None:
    store = store_of("ACGT", "ACGT", "ACGT", "ACGT")
    with pytest.raises(DataFileError, match=r"other\.bed: names no contig of the genome \(it has c0, c1, c2, \.\.\.\)"):
        find_repeats(store, write_bed(tmp_path / "other.bed", ("chrUn_7", 0, 9, "")))
    with pytest.raises(RegionError, match=r"long\.bed:2: c1:2-9 is not within c1, which has 4 bases"):
        find_repeats(store, write_bed(tmp_path / "long.bed", ("c0", 0, 4, ""), ("c1", 2, 9, "")))


def test_lower_case_in_the_genome_tells_the_repeats(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nacgtACGTnn\n>chr2\nacGTACGTAC\n")
    found = find_repeats(build_genome([path], tmp_path / "cache"))
    assert listed(found) == [[0, 4], [8, 10], [10, 12]]
    assert (found.origin, found.is_known) == ("lower case in the genome", True)


@pytest.mark.parametrize("gap", ["nnnn", "NnnN"])
def test_an_n_in_lower_case_marks_no_repeats(tmp_path: Path, gap: str) -> None:
    unit = random_bases(40, 99)
    path = tmp_path / "g.fa"
    path.write_text(">chr1\n" + "".join(random_bases(60, seed) + unit for seed in range(5)) + gap + "ACGT\n")
    found = find_repeats(build_genome([path], tmp_path / "cache"))
    assert found.origin == "16-mers that occur 5 times or more in the genome"
    assert 0 < found.bases.num_bases <= 5 * 40
    path.write_text(path.read_text().replace("ACGT\n", "aCGT\n"))
    assert find_repeats(build_genome([path], tmp_path / "cache")).origin == "lower case in the genome"


@pytest.mark.parametrize("end", ["", "N", "n"])
def test_a_genome_that_is_lower_case_throughout_marks_no_repeats_by_it(tmp_path: Path, end: str) -> None:
    unit = random_bases(40, 99).lower()
    path = tmp_path / "g.fa"
    path.write_text(">chr1\n" + "".join(random_bases(60, seed).lower() + unit for seed in range(5)) + end + "\n")
    found = find_repeats(build_genome([path], tmp_path / "cache"))
    assert found.origin == "16-mers that occur 5 times or more in the genome"
    assert 0 < found.bases.num_bases <= 5 * 40


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.booleans()) | st.text("ACGTN", max_size=9), max_size=8), min_size=1, max_size=3
    ),
    block=st.integers(1, 90),
)
def test_counted_repeats_are_the_bases_under_frequent_16_mers_of_either_strand(
    parts: list[list[str | tuple[int, bool]]], block: int
) -> None:
    units = [random_bases(length_bp, length_bp) for length_bp in (16, 19, 31)]

    def text_of(part: str | tuple[int, bool]) -> str:
        if isinstance(part, str):
            return part
        return opposite(units[part[0]]) if part[1] else units[part[0]]

    store = store_of(*("A" + "".join(map(text_of, contig)) for contig in parts))
    with mock.patch.object(repeats, "_SAMPLE_BITS", 0), mock.patch.object(repeats, "_BLOCK", block):
        assert listed(find_repeats(store)) == counted_slowly(store)


def test_a_sample_of_16_mers_finds_nearly_all_bases_of_repeats_and_none_elsewhere() -> None:
    unit = random_bases(300, 0)
    text, planted = "", set()
    for copy in range(6):
        text += random_bases(1_000, 10 + copy)
        planted |= set(range(len(text), len(text) + len(unit)))
        text += opposite(unit) if copy % 2 else unit
    found = bases_of(find_repeats(store_of(text)))
    assert len(found & planted) > 0.9 * len(planted)
    assert found <= planted


def test_four_copies_are_no_repeat() -> None:
    unit = random_bases(300, 0)
    text = "".join(random_bases(1_000, 10 + copy) + unit for copy in range(4))
    assert listed(find_repeats(store_of(text))) == []


def test_a_16_mer_across_the_ends_of_contigs_is_none() -> None:
    first, last = random_bases(12, 1), random_bases(12, 2)
    store = store_of(*(first + random_bases(30, 10 + number) + last for number in range(8)))
    with mock.patch.object(repeats, "_SAMPLE_BITS", 0):
        assert listed(find_repeats(store)) == []


@pytest.mark.parametrize("length_bp", [1, 15, 16, 17, 18, 19, 20, 40])
def test_genomes_of_a_few_16_mers_are_counted_too(length_bp: int) -> None:
    store = store_of("A" * length_bp)
    with mock.patch.object(repeats, "_SAMPLE_BITS", 0):
        assert listed(find_repeats(store)) == ([[0, length_bp]] if length_bp >= 20 else [])


def test_a_genome_too_large_to_count_is_warned_of_and_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repeats, "_MAX_COUNTED_BP", 99)
    found = find_repeats(store_of("A" * 100))
    assert (listed(found), found.origin, found.is_known) == ([], "unknown", False)
    assert caplog.messages == [
        "the genome has no lower case that tells repeats and is too large to count its 16-mers: negatives are not matched by repeats;"
        " give --set repeats=FILE.bed"
    ]
    assert find_repeats(store_of("A" * 99)).is_known


def test_a_file_of_repeats_may_name_contigs_otherwise_than_one_of_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nACGTACGT\n")
    store = build_genome([path], tmp_path / "cache")
    for folder, contig in (("ucsc", "chr1"), ("ensembl", "1")):
        (tmp_path / folder).mkdir()
        assert listed(find_repeats(store, write_bed(tmp_path / folder / "regions.bed", (contig, 1, 3, "")))) == [[1, 3]]
