import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnabert.motif.compare import KnownMotif, Match
from dnabert.motif.found import Discovery, FoundMotif, Sites, Step
from dnabert.report import motifs as module
from dnabert.report.motifs import MotifReport, match_logos, motif_section, write_motif_report
from dnabert.report.page import Page, render_page

PROBS = np.random.default_rng(0).dirichlet([0.2] * 4, size=5)
SITES = Sites(np.array([0, 1, 1]), np.array([2, 1, 3]), np.array([7, 6, 8]), np.array([False, True, False]), np.ones(3))
MATCH = Match(KnownMotif("MA0035.4", "GATA1", PROBS, ("GATA factors",)), 1e-7, 1e-4, -1, 5, True)
STEPS = (Step("positives", 1234, "1,000 negatives"), Step("motifs", 2, "groups with 3 windows or more"))


def report(num_motifs: int, hint: str = "") -> MotifReport:
    motifs = tuple(FoundMotif(f"motif{number}", PROBS, SITES, ("GATAA",), 40, 3, 1e-9, 2e-9) for number in range(1, num_motifs + 1))
    found = Discovery(motifs, STEPS, hint, np.full(4, 0.25), True)
    return MotifReport(
        found,
        {"motif1": [MATCH]} if motifs else {},
        "JASPAR2026",
        "How.",
        (("model sha256", "abc"),),
        (("max_q", "0.005"),),
        "dnabert motifs x",
    )


def test_a_chance_match_is_no_finding_and_stands_among_the_nearest_only(tmp_path: Path) -> None:
    weak = Match(MATCH.known, 0.02, 0.39, -1, 5, True)
    given = replace(report(1), matches={"motif1": [weak]})
    write_motif_report(tmp_path / "report.html", given)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count("no match at q &lt; 0.01") == 2  # card and table
    before, after = html.rsplit("Nearest in JASPAR2026", 1)
    assert "GATA1" not in before
    assert "GATA1" in after
    assert "0.39" in after


@pytest.mark.usefixtures("no_logos")
def test_what_q_is_of_is_said_and_the_matrix_counted_beside_it() -> None:
    (motif,) = report(1).found.motifs
    found = replace(report(1).found, motifs=(replace(motif, matrix_positives=1055, matrix_negatives=4),))
    html = render_page(Page("t", "l", (motif_section(replace(report(1), found=found)),)))
    assert "matrix: 1,055 : 4" in html
    assert "corrected for the number of motifs, and not that of the matrix" in html
    assert not re.search(r"matrix: \d", render_page(Page("t", "l", (motif_section(report(1)),))))


@pytest.fixture
def no_logos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "svg_text", lambda *_: '<svg><path id="a"/><use href="#a"/></svg>')


def test_the_page_holds_motifs_matches_steps_and_origin(tmp_path: Path) -> None:
    write_motif_report(tmp_path / "report.html", report(1))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    for part in (
        "GATA1",
        "MA0035.4",
        "GATA factors",
        "40 : 3",
        "2e−09",
        "1,234",
        "1,000 negatives",
        "abc",
        "dnabert motifs x",
        "in 2 sequences",
    ):
        assert part in html
    assert html.count("<svg") == 1
    assert "http://" not in html.replace("http://www.w3.org", "")


@pytest.mark.usefixtures("no_logos")
def test_no_two_logos_share_an_id() -> None:
    html = render_page(Page("t", "l", (motif_section(report(3)),)))
    ids = re.findall(r' id="([^"]*a)"', html)
    assert len(ids) == len(set(ids)) == 3
    assert all(f'href="#{name}"' in html for name in ids)


@pytest.mark.usefixtures("no_logos")
def test_many_motifs_are_cut_and_said_so() -> None:
    html = render_page(Page("t", "l", (motif_section(report(32)),)))
    assert html.count("<svg") == 30
    assert "The first 30 of 32 motifs are shown" in html


def test_no_motif_says_what_to_loosen(tmp_path: Path) -> None:
    write_motif_report(tmp_path / "report.html", report(0, "all scores are equal: try another layer"))
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "No motif was found: all scores are equal: try another layer." in html
    assert "What to try: all scores are equal" in html


def test_a_reverse_match_is_turned_before_it_is_drawn() -> None:
    own, other = match_logos(report(1).found.motifs[0], MATCH)
    assert other.name == "GATA1 (MA0035.4), reverse complement"
    assert other.offset == -1
    assert other.heights == pytest.approx(own.heights[::-1, ::-1])


@pytest.mark.usefixtures("no_logos")
def test_motifs_that_were_not_tested_have_no_columns_for_it() -> None:
    found = Discovery((FoundMotif("motif1", PROBS, SITES),), STEPS, "", np.full(4, 0.25), True)
    html = render_page(Page("t", "l", (motif_section(MotifReport(found, {}, "", "How.", ())),)))
    assert "Positives : negatives" not in html
    assert "Best match" not in html
