import json
from pathlib import Path

import pytest

from dnabert.data.simulate import SimulationConfig, simulate_genome, write_simulation
from dnabert.errors import DataFileError
from dnabert.report.page import Page, render_page
from dnabert.report.simulation import Truth, frequent_base_share, read_truth, simulation_section

SITE = {
    "id": "p1",
    "contig": "c1",
    "start": 90,
    "end": 120,
    "class": "TATA",
    "elements": [{"name": "Inr", "start": 108, "end": 112, "strand": "+"}],
}


def _truth(strand: str = "+") -> Truth:
    record = {
        "seed": 1,
        "contigs": [{"name": "c1", "length_bp": 2000, "split": "test"}],
        "promoters": [{**SITE, "strand": strand, "tss": 110}],
        "negatives": [{**SITE, "id": "n1", "strand": strand, "anchor": 110, "class": "random", "elements": []}],
        "features": [{"kind": "gap"}, {"kind": "repeat"}],
    }
    return Truth.model_validate_json(json.dumps(record))


@pytest.mark.parametrize(("strand", "offset", "span", "anchor"), [("+", -2, (18, 22), 20), ("-", -1, (8, 12), 9)])
def test_places_within_a_site_are_in_reading_direction(strand: str, offset: int, span: tuple[int, int], anchor: int) -> None:
    (site,) = _truth(strand).promoters
    assert site.offset(site.elements[0]) == offset
    assert site.span(site.elements[0]) == span
    assert site.anchor_place == anchor


def test_the_section_tells_sizes_and_shows_where_things_were_planted() -> None:
    html = render_page(Page("t", "l", (simulation_section(_truth(), "The genome"),)))
    assert "1 contig, 0.0 million bases, with 1 interspersed repeat and 1 run of N in it" in html
    assert "Inr" in html
    assert "What was planted where.</b>" in html


def test_a_simulation_as_it_is_written_is_read(tmp_path: Path) -> None:
    config = SimulationConfig(num_contigs=3, contig_bp=20_000, num_promoters=12)
    simulated = simulate_genome(config, 3)
    write_simulation(simulated, tmp_path)
    truth = read_truth(tmp_path)
    assert [site.id for site in truth.sites] == [site.id for site in (*simulated.promoters, *simulated.negatives)]
    for site in truth.promoters:
        sequence = simulated.sequence(site.contig, site.start, site.end, site.strand)
        for element in site.elements:
            start, end = site.span(element)
            assert sequence[start:end] == simulated.sequence(site.contig, element.start, element.end, site.strand)
    share = frequent_base_share(tmp_path / "genome.fa", ["sim3"], both_strands=False)
    assert share is not None
    assert 0.25 <= share < 0.6


@pytest.mark.parametrize(("both_strands", "share"), [(False, 0.5), (True, 0.3)])
def test_the_most_frequent_base_by_hand(tmp_path: Path, both_strands: bool, share: float) -> None:
    (tmp_path / "g.fa").write_text(">a\nAAAAATccgGNN\n>b\nGGGGGGGGG\n")
    assert frequent_base_share(tmp_path / "g.fa", ["a"], both_strands=both_strands) == pytest.approx(share)
    assert frequent_base_share(tmp_path / "g.fa", ["other"], both_strands=both_strands) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("{", "is damaged: the file: Invalid JSON"), ('{"seed": 1}', "is damaged: contigs: Field required")],
)
def test_a_missing_or_damaged_truth_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "truth.json").write_text(content)
    with pytest.raises(DataFileError, match=rf"truth\.json: {message}"):
        read_truth(tmp_path)
