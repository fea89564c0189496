import json
from pathlib import Path

import pytest

from dnabert.data.simulate import SimulationConfig, simulate_genome, write_simulation
from dnabert.errors import DataFileError
from dnabert.report.simulation import Truth, read_truth

SITE = {
    "id": "p1",
    "contig": "c1",
    "start": 90,
    "end": 120,
    "class": "TATA",
    "elements": [{"name": "Inr", "start": 108, "end": 112, "strand": "+"}],
}


def truth_of(strand: str = "+") -> Truth:
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
    (site,) = truth_of(strand).promoters
    assert site.offset(site.elements[0]) == offset
    assert site.span(site.elements[0]) == span
    assert site.anchor_place == anchor


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


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot be read"), ("{", "is damaged: the file: Invalid JSON"), ('{"seed": 1}', "is damaged: contigs: Field required")],
)
def test_a_missing_or_damaged_truth_is_named(tmp_path: Path, content: str | None, message: str) -> None:
    if content is not None:
        (tmp_path / "truth.json").write_text(content)
    with pytest.raises(DataFileError, match=rf"truth\.json: {message}"):
        read_truth(tmp_path)
