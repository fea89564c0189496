"""The sets of the motif benchmark are what they say, and its tables count what they show."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.motifs import search
from benchmarks.motifs.document import document
from benchmarks.motifs.search import planted_q, summarise
from benchmarks.motifs.sets import LENGTH_BP, Sizes, Task, factor_motifs, planted_positives, site_bits, write_planted
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.motif.compare import Database, KnownMotif, Match
from dnabert.motif.files import table_text
from dnabert.motif.found import FoundMotif, Sites

SURE = KnownMotif("MA1", "SURE", np.eye(4)[[0, 1, 2, 3, 3, 2, 1, 1]], ("family",))  # ACGTTGCC


def test_each_planted_positive_holds_the_site_where_it_is_said_to_be() -> None:
    positives, places = planted_positives(SURE, 50, np.random.default_rng(1))
    site = "ACGTTGCC"
    turned = decode_bases(reverse_complement(encode_bases(site)))
    found = {(decode_bases(codes)[start : start + 8], strand) for codes, (start, strand) in zip(positives, places, strict=True)}
    assert {len(codes) for codes in positives} == {LENGTH_BP}
    assert found == {(site, "+"), (turned, "-")}


def test_the_bits_of_a_place_are_two_where_one_base_stands_and_none_where_all_do() -> None:
    bits = site_bits(np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25]]))
    assert bits.tolist() == [2, 1, 0]


def test_planted_tables_have_a_shuffle_beside_each_positive_and_their_sites_written_down(tmp_path: Path) -> None:
    write_planted(tmp_path, Task("planted-SURE", "planted", "SURE"), Sizes(train=20, test=5), Database("test", (SURE,)))
    with (tmp_path / "train.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with (tmp_path / "test.sites.tsv").open(newline="") as handle:
        sites = list(csv.DictReader(handle, delimiter="\t"))
    assert [row["label"] for row in rows].count("1") == 20
    assert [row["label"] for row in rows].count("0") == 20
    assert len(sites) == 5
    sure = {"+": "ACGTTGCC", "-": "GGCAACGT"}
    assert all(row["sequence"][int(row["start"]) : int(row["end"])] == sure[row["strand"]] for row in sites)
    assert all(row["bits"] == ",".join(["2.000"] * 8) for row in sites)


def test_the_bits_of_a_site_on_the_other_strand_are_turned(tmp_path: Path) -> None:
    loose = replace(SURE, probs=np.vstack([SURE.probs[:7], np.full((1, 4), 0.25)]))
    write_planted(tmp_path, Task("planted-SURE", "planted", "SURE"), Sizes(train=20, test=5), Database("test", (loose,)))
    with (tmp_path / "train.sites.tsv").open(newline="") as handle:
        bits = {row["strand"]: row["bits"].split(",") for row in csv.DictReader(handle, delimiter="\t")}
    assert bits["+"] == ["2.000"] * 7 + ["0.000"]
    assert bits["-"] == bits["+"][::-1]


def _result(kind: str, rank: int | None, q: float | None) -> dict[str, object]:
    search = {"method": "gradient", "motifs": 1, "consensus": "ACGT", "sites": 9, "match": "X", "match_id": "MA1", "match_q": 1e-5}
    search |= {"planted": "MA9" if kind == "planted" else "", "planted_q": q, "family": "Fingers", "family_size": 7, "family_rank": rank}
    base = {"score": "ism", "auroc": 0.9, "interval": (0.8, 0.95)}
    return {
        "trained": {"rows": 5000, "epochs": 4, "from": "0123456789abcdef"},
        "task": "t",
        "kind": kind,
        "factor": "F",
        "auroc": 0.9,
        "searches": [search],
        "bases": {"all": [base], "fixed": [base | {"auroc": 0.97}]},
    }


def test_a_planted_set_counts_where_its_own_matrix_is_matched_and_a_real_one_where_its_family_is_first() -> None:
    planted = [_result("planted", 1, 1e-4), _result("planted", 1, 0.2), _result("planted", None, None)]
    real = [_result("ENCODE", 1, None), _result("ENCODE", 2, None), _result("ENCODE", None, None)]
    page = document([*planted, *real], "command")
    assert "- planted, gradient: the first motif matches the planted matrix in 1 of 3 (at least 9 of 10 wanted)" in page
    assert "- ENCODE, gradient: the factor's family first in 1 of 3 (at least 4 of 5 wanted)" in page
    assert "| MA9: q = 2.0e-01 |" in page
    assert "| Fingers: 2 (7) |" in page
    assert "| F | 0.900 (0.800-0.950) |" in page
    assert "| F | 0.970 (0.800-0.950) |" in page


def test_profiles_of_a_factor_alone_go_before_those_of_its_dimers() -> None:
    dimer, monomer = replace(SURE, id="MA7", name="OTHER::SURE"), replace(SURE, id="MA2")
    assert [one.id for one in factor_motifs(Database("test", (dimer, monomer, SURE)), "sure")] == ["MA1", "MA2"]
    assert [one.id for one in factor_motifs(Database("test", (dimer,)), "SURE")] == ["MA7"]


def _write_search(folder: Path) -> None:
    sites = Sites(np.array([0]), np.array([0]), np.array([8]), np.array([False]), np.ones(1))
    found = [FoundMotif("motif1", SURE.probs[::-1], sites), FoundMotif("motif2", SURE.probs, sites)]
    matches = {f"motif{number}": [Match(SURE, q / 10, q, 0, 8, False)] for number, q in ((1, 0.39), (2, 0.001))}
    (folder / "motifs.tsv").write_text(table_text(found, matches, "# dnabert\n"))


def test_a_search_is_read_as_it_is_written(tmp_path: Path) -> None:
    _write_search(tmp_path)
    found = summarise(tmp_path, "gradient", Task("encode-SURE", "ENCODE", "SURE"), Database("test", (SURE,)))
    assert (found["motifs"], found["match"], found["match_q"], found["family_rank"], found["family_size"]) == (2, "", None, 2, 1)
    assert found["planted_q"] is None


def test_the_planted_matrix_is_looked_for_in_the_whole_database(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    others = [KnownMotif(f"MB{number}", "OTHER", rng.dirichlet(np.ones(4), 8)) for number in range(60)]
    database = Database("test", (*others, SURE))
    letters = "\n".join(" ".join(f"{value:.4f}" for value in row) for row in SURE.probs)
    head = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nMOTIF motif1\nletter-probability matrix: alength= 4 w= 8 nsites= 9\n"
    (tmp_path / "motifs.meme").write_text(f"{head}{letters}\n")
    assert planted_q(tmp_path / "motifs.meme", SURE, database) < 0.01
    assert planted_q(tmp_path / "motifs.meme", others[0], database) > 0.01


def test_what_is_done_is_kept_and_bases_are_judged_later_where_they_were_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, task = Database("test", (SURE,)), Task("planted-SURE", "planted", "SURE")
    folder = tmp_path / task.key
    folder.mkdir()
    (folder / "record.json").write_text(json.dumps({"task": task.key, "run": "runs/x", "bases": {}}))
    asked: list[tuple[str, int]] = []

    def judge_some(run: Path, sites: Path, most: int) -> dict[str, list[dict[str, object]]]:
        asked.append((f"{run} {sites.name}", most))
        return {"all": [], "fixed": []}

    monkeypatch.setattr(search, "judged", judge_some)
    assert search.run_task(task, tmp_path, Sizes(judged=0), None, None, database)["bases"] == {}
    assert search.run_task(task, tmp_path, Sizes(judged=3), None, None, database)["bases"] == {"all": [], "fixed": []}
    assert asked == [("runs/x test.sites.tsv", 3)]
    assert search.run_task(task, tmp_path, Sizes(judged=3), None, None, database)["bases"] == {"all": [], "fixed": []}
    assert len(asked) == 1


def test_the_page_holds_all_sets_that_are_done_and_those_skipped_now(tmp_path: Path) -> None:
    tasks = [Task(name, "ENCODE", "F") for name in ("encode-A", "encode-B", "encode-C")]
    done = _result("ENCODE", 1, None)
    (tmp_path / "encode-B").mkdir()
    (tmp_path / "encode-B" / "record.json").write_text(json.dumps(done))
    skipped = {"encode-A": {"task": "encode-A", "skipped": "a.gz is not there"}}
    found = search.records(tmp_path, tasks, skipped)
    assert [one["task"] for one in found] == ["encode-A", "t"]
    other = done | {"searches": [*done["searches"], done["searches"][0] | {"method": "attention", "family_rank": 2}]}
    page = document([*found, other], "command")
    assert "- ENCODE, gradient: the factor's family first in 2 of 2" in page
    assert "- ENCODE, attention: the factor's family first in 0 of 1" in page
    assert "| encode-A | | skipped: a.gz is not there |" in page
    assert "weights with the SHA-256 `0123456789ab`" in page
    assert "| 5,000 x 4 |" in page
