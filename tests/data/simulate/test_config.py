from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dnabert.data.simulate import GeneConfig, SimulationConfig, TfbsConfig, VariantConfig, complete, simulate_genome
from dnabert.data.simulate.config import share_out
from dnabert.errors import ConfigError
from tests.data.simulate.reading import SMALL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_valid_contigs": 3, "num_test_contigs": 3}, "leaves no contig for training: it must be below num_contigs = 6"),
        ({"num_promoters": 4}, "num_promoters = 4 leaves contigs without a promoter"),
        ({"num_promoters": 5000}, r"num_promoters = 5000 does not fit 6 contigs of 600000 bp: at most 1374 do"),
        ({"gaps_per_contig": 1000}, "gaps_per_contig = 1000 is too many for contigs of 600000 bp: at most 187 fit"),
        ({"num_contigs": 2}, "greater than or equal to 3"),
        ({"markov_order": 6}, "less than or equal to 5"),
        ({"tata_fraction": 1.5}, "less than or equal to 1"),
        ({"upstream_bp": 300}, "less than or equal to 249"),
        ({"contig_length": 5}, "contig_length"),
        (
            {"genes": {"num_genes": 1001}},
            "genes.num_genes = 1001 is more than num_promoters = 1000: each gene begins at a promoter of its own",
        ),
        (
            {"tfbs": {"num_bound": [2000, 0, 0, 0, 0]}},
            r"contig_bp = 600000 is too short for what is planted, which may need \d+ bp of a contig: make it larger, or num_promoters",
        ),
        ({"tfbs": {"num_bound": [1, 1, -2, 1, 1]}}, r"num_bound = \[1, 1, -2, 1, 1\] has a negative number: each must be at least 0"),
        ({"tfbs": {"num_bound": [1, 1]}}, "Field required"),
        ({"tfbs": {"window_bp": 1000}}, "less than or equal to 501"),
        ({"genes": {"window_bp": 401}}, "window_bp = 401 is odd: a splice window has as many bases on either side, make it even"),
        ({"genes": {"num_genes": -1}}, "greater than or equal to 0"),
        ({"variants": {"num_variants": -1}}, "greater than or equal to 0"),
        ({"variants": {"indel_fraction": 2}}, "less than or equal to 1"),
        ({"variants": {"num_snvs": 2}}, "num_snvs"),
    ],
)
def test_settings_out_of_range_name_field_value_and_rule(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SimulationConfig.model_validate(settings)


def test_negative_seed_is_an_error() -> None:
    with pytest.raises(ConfigError, match="seed -1 is negative"):
        simulate_genome(SMALL, -1)


@given(st.integers(0, 500), st.integers(1, 12))
def test_shares_are_even_and_lose_nothing(count: int, num_contigs: int) -> None:
    shares = share_out(count, num_contigs)
    assert sum(shares) == count
    assert len(shares) == num_contigs
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] <= 1


def test_the_complete_setting_plants_everything_and_fits() -> None:
    config = complete()
    assert min(config.tfbs.num_bound) > 0
    assert config.genes.num_genes > 0
    assert config.variants.num_variants > 0
    assert config.needed_bp <= config.contig_bp


COUNT = st.integers(0, 5)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(COUNT, COUNT, COUNT, COUNT, COUNT),
    st.sampled_from([41, 101, 501]),
    st.integers(0, 3),
    st.sampled_from([120, 400, 1000]),
    st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    st.sampled_from([35, 249]),
    st.sampled_from([0, 3]),
    st.integers(0, 2**32),
)
def test_whatever_is_said_to_fit_does_fit(
    num_bound: tuple[int, int, int, int, int],
    tfbs_window_bp: int,
    num_genes: int,
    splice_window_bp: int,
    decoy_fraction: float,
    downstream_bp: int,
    num_variants: int,
    seed: int,
) -> None:
    parts = {
        "num_contigs": 3,
        "num_promoters": 3,
        "gaps_per_contig": 1,
        "downstream_bp": downstream_bp,
        "decoy_fraction": decoy_fraction,
        "tfbs": TfbsConfig(num_bound=num_bound, window_bp=tfbs_window_bp, decoy_fraction=decoy_fraction),
        "genes": GeneConfig(num_genes=num_genes, window_bp=splice_window_bp, decoy_fraction=decoy_fraction),
        "variants": VariantConfig(num_variants=num_variants),
    }
    roomy = SimulationConfig(contig_bp=100_000, **parts)
    config = roomy.model_copy(update={"contig_bp": max(roomy.needed_bp, 10_000)})
    genome = simulate_genome(SimulationConfig.model_validate(config.model_dump()), seed)
    assert sum(site.site_class == "bound" for site in genome.binding_sites) == sum(num_bound)
    assert len(genome.genes) == num_genes
    assert len(genome.variants) == num_variants
    for site in genome.binding_sites:
        assert 0 <= site.start < site.end <= config.contig_bp
        assert "N" not in genome.sequence(site.contig, site.start, site.end)
    for window in genome.splice_windows:
        assert 0 <= window.start < window.end <= config.contig_bp
        assert "N" not in genome.sequence(window.contig, window.start, window.end)
    for contig, _, element in genome.elements():
        assert element.sequence == genome.sequence(contig, element.start, element.end, element.strand)
