"""Windows have one length with either allele, the variant where it should be, and the site at its trained index."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.dna.regions import Genome
from dnabert.errors import ConfigError
from dnabert.infer.variants.alleles import Allele
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.reference import ReferenceBases, opposite
from dnabert.infer.variants.windows import Sites, Window, WindowPair, cut_pair, read_sites, site_index, windows_of
from tests.infer.variants.cutting import LETTERS, codes_of, letters_of

CONTIG = "".join("ACGT"[(7 * place * place + place // 3) % 4] for place in range(200))


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> ReferenceBases:
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text(f">c\n{CONTIG}\n>n\n{'ACGTN' * 8}\n")
    return ReferenceBases(Genome(path))


def _allele(start: int, size: int, alternate: str) -> Allele:
    return Allele("c", start, codes_of(CONTIG[start : start + size]), codes_of(alternate))


@given(st.integers(70, 130), st.integers(0, 6), st.text("ACGT", max_size=6), st.integers(8, 31), st.integers(-3, 3))
def test_a_centred_window_keeps_the_left_flank_and_fills_the_right(
    bases: ReferenceBases, start: int, size: int, alternate: str, length: int, shift: int
) -> None:
    allele = _allele(start, size, alternate)
    for window in windows_of(allele, length, VariantConfig(shifts=(shift,)), ("+",), None):
        pair = cut_pair(window, allele, bases)
        assert isinstance(pair, WindowPair) or pair == "not_in_window"
        if not isinstance(pair, WindowPair):
            continue
        changed = CONTIG[:start] + alternate + CONTIG[start + size :]
        assert letters_of(pair.reference) == CONTIG[window.start : window.start + length]
        assert letters_of(pair.alternate) == changed[window.start : window.start + length]
        assert pair.reference_place == pair.alternate_place == start - window.start
        if shift == 0:
            assert start - window.start == (length - max(size, len(alternate), 1)) // 2


def test_both_strands_have_the_same_bases(bases: ReferenceBases) -> None:
    allele = _allele(90, 2, "TTTT")
    plus, minus = (cut_pair(window, allele, bases) for window in windows_of(allele, 21, VariantConfig(), ("+", "-"), None))
    assert isinstance(plus, WindowPair)
    assert isinstance(minus, WindowPair)
    assert minus.reference == opposite(plus.reference)
    assert minus.alternate == opposite(plus.alternate)
    place = minus.alternate_place
    assert letters_of(minus.alternate)[place : place + 4] == "AAAA"
    assert letters_of(opposite(minus.reference))[plus.reference_place :][:2] == CONTIG[90:92]


def test_windows_on_a_grid_are_shared_by_neighbours() -> None:
    config = VariantConfig(grid_bp=8)
    starts = {windows_of(_allele(place, 1, "A"), 20, config, ("+",), None)[0].start for place in range(96, 104)}
    assert len(starts) == 2
    assert all(start % 8 == 0 for start in starts)


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize(
    ("start", "size", "alternate"), [(95, 1, "A"), (92, 3, ""), (97, 0, "GG"), (103, 2, ""), (100, 0, "TT"), (104, 0, "C")]
)
def test_the_site_stays_at_its_index_with_either_allele(bases: ReferenceBases, strand: str, start: int, size: int, alternate: str) -> None:
    sites = Sites({"c": [(100, "+" if strand == "+" else "-")]})
    allele = _allele(start, size, alternate)
    config = VariantConfig(anchor="splice", site_index=12)
    (window,) = windows_of(allele, 30, config, ("+",), sites)
    pair = cut_pair(window, allele, bases)
    assert isinstance(pair, WindowPair)
    assert len(pair.reference) == len(pair.alternate) == 30
    # Ten bases of the genome at the site, none of which the variant touches, on the side away from it.
    away = slice(100, 102) if start + size <= 100 else slice(99, 101) if start >= 102 else slice(100, 101)
    flank = CONTIG[away] if strand == "+" else letters_of(opposite(codes_of(CONTIG[away])))
    place = 12 + (away.start - 100) if strand == "+" else 12 - (away.stop - 101)
    assert letters_of(pair.reference)[place:][: len(flank)] == flank
    assert letters_of(pair.alternate)[place:][: len(flank)] == flank


def test_a_variant_out_of_reach_of_all_sites_has_no_window() -> None:
    sites = Sites({"c": [(100, "+")]})
    config = VariantConfig(anchor="tss", site_index=5)
    assert [len(windows_of(_allele(place, 1, "A"), 20, config, ("+",), sites)) for place in (94, 95, 114, 115)] == [0, 1, 1, 0]
    assert windows_of(Allele("d", 100, b"\0", b"\1"), 20, config, ("+",), sites) == []


def test_windows_off_the_contig_over_n_or_too_small_say_so(bases: ReferenceBases) -> None:
    assert cut_pair(Window(-1, 20), _allele(3, 1, "A"), bases) == "window_off_contig"
    assert cut_pair(Window(181, 20), _allele(190, 1, "A"), bases) == "window_off_contig"
    assert cut_pair(Window(180, 20), _allele(190, 3, ""), bases) == "window_off_contig"  # the right flank would need bases behind the end
    assert cut_pair(Window(50, 10), _allele(58, 1, "ACGT"), bases) == "not_in_window"
    assert cut_pair(Window(0, 10), Allele("n", 3, codes_of("T"), codes_of("A")), bases) == "window_ambiguous"


def test_sites_of_an_annotation_are_first_bases_of_introns_and_exons(tmp_path: Path, bases: ReferenceBases) -> None:
    rows = [("chr1", "+"), ("c", "+"), ("c", "-")]
    lines = [
        f'{contig}\tx\texon\t{first}\t{last}\t.\t{strand}\t.\tgene_id "{contig}{strand}"; transcript_id "{contig}{strand}";\n'
        for contig, strand in rows
        for first, last in ((11, 20), (41, 60))
    ]
    path = tmp_path / "a.gtf"
    path.write_text("".join(lines))
    sites = read_sites(path, "splice", bases.genome.names)
    # Exons [10, 20) and [40, 60): the intron is [20, 40).
    assert sites.by_contig == {"c": [(19, "-"), (20, "+"), (39, "-"), (40, "+")]}
    assert read_sites(path, "tss", bases.genome.names).by_contig == {"c": [(10, "+"), (59, "-")]}


def test_the_index_of_a_site_is_the_trained_one_or_must_be_said() -> None:
    assert site_index(VariantConfig(anchor="splice"), 400) == 200
    assert [site_index(VariantConfig(anchor="tss"), length) for length in (300, 70)] == [249, 33]
    with pytest.raises(ConfigError, match="where the TSS stands in windows of 80 bases is not known"):
        site_index(VariantConfig(anchor="tss"), 80)
    with pytest.raises(ConfigError, match="site_index 80 is not in a window of 80 bases"):
        site_index(VariantConfig(anchor="tss", site_index=80), 80)


def test_letters_of_the_helpers_are_those_of_the_codes() -> None:
    assert letters_of(codes_of(LETTERS)) == LETTERS
