"""Splice sets of the real data against tables that others made; skipped with a reason where the data folder is absent."""

import csv
import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splice import SpliceConfig, build_splice
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import build_genome
from dnabert.dna.sequence import decode_bases

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
LABELS = {"0": "acceptor", "1": "donor", "2": "none"}
Place = tuple[str, int, str]

pytestmark = pytest.mark.realdata


def _data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds {name}")
    return path


@pytest.fixture(scope="module")
def human(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    store = build_genome([_data("human/lrg_hg38.fa.gz")], tmp_path_factory.mktemp("genome"))
    config = SpliceConfig(splits=SplitConfig(file=_data("human/lrg_hg38.contigs.tsv")))
    return build_splice(store, _data("human/lrg_hg38.gtf.gz"), config, 42)


def _place(row: Example) -> Place:
    """Contig, 1-based position of the base at index 200, strand."""
    first = row.region.start + 200 if row.region.strand == "+" else row.region.end - 201
    return row.region.contig, first + 1, row.region.strand


def _table() -> dict[Place, dict[str, str]]:
    """Rows of the splice table whose label is donor or acceptor, on contigs of the mini genome."""
    with gzip.open(_data("splice/splice_sites_400bp.tsv.gz"), "rt") as handle:
        rows = [row for row in csv.DictReader(handle, delimiter="\t") if row["label"] != "2" and row["contig"] != "chr1"]
    return {(row["contig"], int(row["position"]), row["strand"]): row for row in rows}


def test_every_site_of_the_table_is_found_with_its_label_sequence_and_split(human: Draft) -> None:
    ours = {_place(row): row for row in human.examples if row.label != "none"}
    table = _table()
    assert len(table) == 16_685
    for place, row in table.items():
        own = ours[place]
        assert (own.label, decode_bases(own.codes), own.split) == (LABELS[row["label"]], row["sequence"], row["split"])


def test_no_negative_is_at_a_site_of_the_table(human: Draft) -> None:
    negatives = {_place(row) for row in human.examples if row.label == "none"}
    assert len(negatives) > 20_000
    assert not negatives & _table().keys()


def test_windows_that_are_also_in_gue_have_the_label_that_they_have_there(human: Draft) -> None:
    gue = {}
    for name in ("dev", "test"):
        with gzip.open(_data(f"gue/splice/reconstructed/{name}.csv.gz"), "rt") as handle:
            gue.update({row["sequence"]: LABELS[row["label"]] for row in csv.DictReader(handle)})
    found = Counter((row.label, gue[text]) for row in human.examples if (text := decode_bases(row.codes)) in gue)
    assert found == {("donor", "donor"): 85, ("acceptor", "acceptor"): 65}


def test_donors_have_gt_and_acceptors_ag_at_the_stated_offset(human: Draft) -> None:
    donors = Counter(decode_bases(row.codes[200:202]) for row in human.examples if row.label == "donor")
    acceptors = Counter(decode_bases(row.codes[198:200]) for row in human.examples if row.label == "acceptor")
    assert donors["GT"] / donors.total() == pytest.approx(0.990, abs=0.002)
    assert donors["GC"] / donors.total() == pytest.approx(0.009, abs=0.002)
    assert acceptors["AG"] / acceptors.total() == pytest.approx(0.998, abs=0.001)
    decoys = [row for row in human.examples if row.source.startswith("decoy")]
    assert Counter(row.source for row in decoys) == {"decoy:GT": donors.total(), "decoy:AG": acceptors.total()}
    assert {decode_bases(row.codes[200:202]) for row in decoys if row.source == "decoy:GT"} == {"GT"}
    assert {decode_bases(row.codes[198:200]) for row in decoys if row.source == "decoy:AG"} == {"AG"}
    assert human.facts["warnings"] == []


@pytest.mark.parametrize(("name", "donors", "acceptors"), [("at10", 0.98, 1.0), ("ce270", 0.96, 0.969), ("dm6", 0.98, 1.0)])
def test_sites_of_other_genomes_have_their_two_bases(tmp_path: Path, name: str, donors: float, acceptors: float) -> None:
    store = build_genome([_data(f"other_genomes/korflab_1pct_{name}.fa.gz")], tmp_path)
    annotation = _data(f"other_genomes/korflab_1pct_{name}.gff3.gz")
    draft = build_splice(store, annotation, SpliceConfig(negatives_per_positive=0, random_per_donor=0), 42)
    sites = Counter((row.label, decode_bases(row.codes[200:202] if row.label == "donor" else row.codes[198:200])) for row in draft.examples)
    total = Counter(row.label for row in draft.examples)
    assert total["donor"] > 300
    assert sites["donor", "GT"] / total["donor"] >= donors
    assert sites["acceptor", "AG"] / total["acceptor"] >= acceptors
