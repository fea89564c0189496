"""The sets of the motif benchmark are what they say, and its tables count what they show."""

import csv
from pathlib import Path

import numpy as np

from benchmarks.motifs.document import document
from benchmarks.motifs.search import summarise
from benchmarks.motifs.sets import LENGTH_BP, Sizes, Task, planted_positives, write_planted
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.motif.compare import Database, KnownMotif, Match
from dnabert.motif.files import table_text
from dnabert.motif.found import FoundMotif, Sites

SURE = KnownMotif("MA1", "SURE", np.eye(4)[[0, 1, 2, 3, 3, 2, 1, 1]], ("family",))  # ACGTTGCC


def test_each_planted_positive_holds_the_site_where_it_is_said_to_be() -> None:
    positives, starts = planted_positives(SURE, 50, np.random.default_rng(1))
    site = "ACGTTGCC"
    turned = decode_bases(reverse_complement(encode_bases(site)))
    found = [decode_bases(codes)[start : start + 8] for codes, start in zip(positives, starts, strict=True)]
    assert {len(codes) for codes in positives} == {LENGTH_BP}
    assert set(found) == {site, turned}


def test_planted_tables_have_a_shuffle_beside_each_positive_and_their_sites_written_down(tmp_path: Path) -> None:
    write_planted(tmp_path, Task("planted-SURE", "planted", "SURE"), Sizes(train=20, test=5), Database("test", (SURE,)))
    with (tmp_path / "train.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with (tmp_path / "test.sites.tsv").open(newline="") as handle:
        sites = list(csv.DictReader(handle, delimiter="\t"))
    assert [row["label"] for row in rows].count("1") == 20
    assert [row["label"] for row in rows].count("0") == 20
    assert len(sites) == 5
    assert all(row["sequence"][int(row["start"]) : int(row["end"])] in ("ACGTTGCC", "GGCAACGT") for row in sites)


def _result(rank: int | None) -> dict[str, object]:
    search = {"method": "gradient", "motifs": 1, "consensus": "ACGT", "sites": 9, "match": "X", "match_id": "MA1", "match_q": 1e-5}
    base = {"score": "ism", "auroc": 0.9, "interval": (0.8, 0.95)}
    return {"task": "t", "kind": "planted", "factor": "F", "auroc": 0.9, "searches": [search | {"family_rank": rank}], "bases": [base]}


def test_the_goals_count_the_sets_whose_family_comes_first() -> None:
    page = document([_result(1), _result(2), _result(None)], "command")
    assert "- planted, gradient: the factor's family first in 1 of 3 (at least 9 of 10 wanted)" in page
    assert "| F | 0.900 (0.800-0.950) |" in page
    assert "| *mean of 3* | 0.900 |" in page


def _write_search(folder: Path, q: tuple[float, float]) -> None:
    names = ["name", "consensus", "sites", "match", "match_name", "match_q"]
    rows = [[f"motif{number}", "ACGT", "9", "MA1", "SURE", str(value)] for number, value in enumerate(q, start=1)]
    (folder / "motifs.tsv").write_text("# dnabert\n" + "".join("\t".join(row) + "\n" for row in (names, *rows)))


def test_a_chance_match_of_a_search_that_was_kept_is_none(tmp_path: Path) -> None:
    database = Database("test", (SURE,))
    _write_search(tmp_path, (0.39, 0.001))
    found = summarise(tmp_path, "gradient", "SURE", database)
    assert (found["match"], found["match_id"], found["match_q"], found["family_rank"]) == ("", "", None, 2)
    _write_search(tmp_path, (0.001, 0.39))
    found = summarise(tmp_path, "gradient", "SURE", database)
    assert (found["match"], found["match_id"], found["match_q"], found["family_rank"]) == ("SURE", "MA1", 0.001, 1)


def test_a_search_as_it_is_written_now_is_read(tmp_path: Path) -> None:
    sites = Sites(np.array([0]), np.array([0]), np.array([8]), np.array([False]), np.ones(1))
    motifs = [FoundMotif(f"motif{number}", SURE.probs, sites) for number in (1, 2)]
    matches = {f"motif{number}": [Match(SURE, q / 10, q, 0, 8, False)] for number, q in ((1, 0.39), (2, 0.001))}
    (tmp_path / "motifs.tsv").write_text(table_text(motifs, matches, "# dnabert\n"))
    found = summarise(tmp_path, "gradient", "SURE", Database("test", (SURE,)))
    assert (found["motifs"], found["consensus"], found["match"], found["match_q"], found["family_rank"]) == (2, "ACGTTGCC", "", None, 2)
