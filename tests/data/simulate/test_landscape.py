import numpy as np
import numpy.typing as npt
import pytest

from dnabert.data.simulate import SimulatedGenome, SimulationConfig, simulate_genome
from dnabert.data.simulate.landscape.repeats import find_gaps, place_gaps
from dnabert.dna.sequence import AMBIGUOUS, encode_bases
from dnabert.errors import ConfigError


def test_background_is_poor_in_cpg_outside_islands_and_rich_in_g_and_c_within(promoters_only: SimulatedGenome) -> None:
    def cpg_and_gc(is_wanted: npt.NDArray[np.bool_], codes: npt.NDArray[np.uint8]) -> tuple[float, float]:
        pairs = is_wanted[:-1] & is_wanted[1:]
        is_cpg = (codes[:-1] == 2) & (codes[1:] == 3)
        c, g = (codes == 2)[is_wanted].mean(), (codes == 3)[is_wanted].mean()
        return float(is_cpg[pairs].mean() / (c * g)), float(c + g)

    codes = promoters_only.contigs["sim1"]
    in_island = np.zeros(len(codes), dtype=np.bool_)
    for feature in promoters_only.features:
        if feature.contig == "sim1" and feature.kind == "cpg-island":
            in_island[feature.start : feature.end] = True
    is_base = codes < AMBIGUOUS
    bulk_cpg, bulk_gc = cpg_and_gc(is_base & ~in_island, codes)
    island_cpg, island_gc = cpg_and_gc(is_base & in_island, codes)
    assert bulk_cpg < 0.4
    assert 0.35 < bulk_gc < 0.43
    assert island_cpg > 0.6
    assert island_gc > 0.55


def test_both_strands_have_the_same_base_composition(promoters_only: SimulatedGenome) -> None:
    counts = np.sum([np.bincount(codes, minlength=5) for codes in promoters_only.contigs.values()], axis=0)
    assert counts[0] / counts[1] == pytest.approx(1, abs=0.01)
    assert counts[2] / counts[3] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("gc_fraction", [0.3, 0.55])
@pytest.mark.parametrize("order", [3, 5])
def test_background_has_the_gc_share_that_was_asked_for(order: int, gc_fraction: float) -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=200_000, num_promoters=3, repeat_fraction=0, microsatellites_per_mb=0).model_copy(
        update={"gc_fraction": gc_fraction, "markov_order": order}
    )
    codes = np.concatenate(list(simulate_genome(config, seed=0).contigs.values()))
    assert (codes[codes < AMBIGUOUS] >= 2).mean() == pytest.approx(gc_fraction, abs=0.03)


def test_repeats_cover_the_share_that_was_asked_for_on_both_strands_and_resemble_each_other(
    promoters_only: SimulatedGenome,
) -> None:
    repeats = [feature for feature in promoters_only.features if feature.kind == "repeat"]
    covered_bp = sum(feature.end - feature.start for feature in repeats)
    total_bp = sum(len(codes) for codes in promoters_only.contigs.values())
    assert covered_bp / total_bp == pytest.approx(0.2, abs=0.01)
    full = [r for r in repeats if r.name == "SINE1" and r.end - r.start == 300]
    copies = np.stack([encode_bases(promoters_only.sequence(r.contig, r.start, r.end, r.strand)) for r in full])
    common = np.array([np.bincount(column, minlength=5).argmax() for column in copies.T])
    identity = (copies == common).mean(axis=1)
    assert 0.8 < np.median(identity) < 0.95
    assert {r.strand for r in full} == {"+", "-"}


def test_gaps_are_found_where_they_are() -> None:
    gaps = find_gaps(encode_bases("NNACNGTN"), "sim1")
    assert [(gap.start, gap.end) for gap in gaps] == [(0, 2), (4, 5), (7, 8)]


def test_a_gap_is_cut_to_the_room_there_is_and_too_many_are_an_error() -> None:
    codes = np.zeros(400, dtype=np.uint8)
    forbidden = np.ones(400, dtype=np.bool_)
    forbidden[100:160] = False
    place_gaps(codes, "sim1", 1, forbidden, np.random.default_rng(0))
    (gap,) = find_gaps(codes, "sim1")
    assert 100 <= gap.start < gap.end <= 160
    assert gap.end - gap.start >= 50
    with pytest.raises(ConfigError, match="gaps_per_contig = 2 is too many: sim1 has room for 1 between what is planted"):
        place_gaps(codes, "sim1", 2, forbidden, np.random.default_rng(0))
