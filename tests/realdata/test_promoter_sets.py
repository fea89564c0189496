"""Promoter sets of the mini genome beside those of GUE; skipped with a reason where the data folder is absent."""

import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.promoters import PromoterConfig, build_promoters
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.sequence import decode_bases

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")

pytestmark = pytest.mark.realdata


def _data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds {name}")
    return path


def _gue_promoters(kind: str, tata_class: str, splits: tuple[str, ...]) -> set[str]:
    found = set()
    for split in splits:
        with gzip.open(_data(f"gue/prom_{kind}_{tata_class}/{split}.csv.gz"), "rt") as handle:
            found |= {row["sequence"] for row in csv.DictReader(handle) if row["label"] == "1"}
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> GenomeStore:
    return build_genome([_data("human/lrg_hg38.fa.gz")], tmp_path_factory.mktemp("cache"))


def _build(store: GenomeStore, **settings: object) -> Draft:
    splits = SplitConfig(file=_data("human/lrg_hg38.contigs.tsv"))
    config = PromoterConfig.model_validate({**settings, "splits": splits})
    return build_promoters(store, _data("human/lrg_hg38.tss.bed.gz"), config, 42)


def test_every_core_promoter_is_one_of_gue_and_has_its_tata_class(store: GenomeStore) -> None:
    tata = _gue_promoters("core", "tata", ("train", "dev", "test"))
    no_tata = _gue_promoters("core", "notata", ("train", "dev", "test"))
    draft = _build(store, kind="core", negatives="substitution")
    positives = {decode_bases(example.codes): example.category for example in draft.examples if example.label == "1"}
    # 1,262 TSS, of which three are at the base and strand of another.
    assert (draft.counts["TSS read"], draft.counts["positives"]) == (1_262, 1_259)
    assert positives.keys() <= tata | no_tata
    agreeing = sum((text in tata) == (category == "TATA") for text, category in positives.items())
    assert agreeing >= 0.99 * len(positives)


def test_promoters_of_300_bases_are_found_in_gue_as_far_as_its_files_are_here(store: GenomeStore) -> None:
    known = _gue_promoters("300", "tata", ("train", "dev", "test")) | _gue_promoters("300", "all", ("dev", "test"))
    known |= _gue_promoters("300", "notata", ("dev", "test"))
    draft = _build(store, kind="300", negatives="substitution")
    # 459 TSS, of which three are at the base and strand of another.
    assert sum(decode_bases(example.codes) in known for example in draft.examples if example.label == "1") == 456


def test_gc_content_tells_matched_negatives_from_promoters_no_better_than_chance(store: GenomeStore) -> None:
    draft = _build(store, kind="core")
    shares = [float(np.isin(example.codes, (2, 3)).mean()) for example in draft.examples]
    assert roc_auc_score([int(example.label) for example in draft.examples], shares) == pytest.approx(0.5, abs=0.01)
    assert draft.counts["negatives not found"] == 0


def test_windows_of_a_scan_do_not_overlap_and_few_sites_are_lost(store: GenomeStore) -> None:
    draft = _build(store, kind="scan")
    starts = np.sort([store.position(example.region) for example in draft.examples])
    assert np.diff(starts).min() >= 1_001
    assert draft.counts["TSS in no window"] < 40
    assert draft.counts["negatives"] > 4 * draft.counts["positives"]


def test_neighbouring_sites_of_a_gtf_are_counted_and_may_be_merged(store: GenomeStore) -> None:
    gtf = _data("human/lrg_hg38.gtf.gz")
    splits = SplitConfig(file=_data("human/lrg_hg38.contigs.tsv"))
    config = PromoterConfig(kind="core", negatives="substitution", splits=splits)
    draft = build_promoters(store, gtf, config, 42)
    merged = build_promoters(store, gtf, config.model_copy(update={"merge_bp": 50}), 42)
    assert (draft.counts["TSS read"], draft.counts["positives that overlap another by more than half"]) == (2_150, 96)
    assert merged.counts["TSS nearer than merge_bp to another, avoided"] == 57
    assert merged.counts["positives that overlap another by more than half"] == 2  # on opposite strands
    assert merged.counts["positives"] == draft.counts["positives"] - merged.counts["TSS nearer than merge_bp to another, avoided"]
    assert merged.counts["uncertain TSS, avoided"] == draft.counts["uncertain TSS, avoided"]
