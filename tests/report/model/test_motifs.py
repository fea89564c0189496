import numpy as np
import pytest

from dnabert.motif.compare import KnownMotif, Match
from dnabert.motif.found import Discovery, FoundMotif, Sites, Step
from dnabert.report.model import motifs
from dnabert.report.model.motifs import found_motifs_section
from dnabert.report.motifs import MotifReport
from dnabert.report.page import Page, Section, render_page


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def _report(*found: FoundMotif, hint: str = "", database: str = "", q: float = 1e-6) -> MotifReport:
    match = Match(KnownMotif("MA0108", "TBP", np.full((4, 4), 0.25), ()), q / 1000, q, 0, 4, False)
    matches = {"motif1": [match]} if database else {}
    return MotifReport(Discovery(found, (Step("islands", 3),), hint, np.full(4, 0.25), False), matches, database, "Method.", ())


def _motif() -> FoundMotif:
    places = np.arange(3)
    sites = Sites(places, places, places + 4, np.zeros(3, np.bool_), np.ones(3))
    return FoundMotif("motif1", np.eye(4)[[3, 0, 3, 0]], sites, ("TATA",), 3, 0, 1e-5, 1e-4, "TATA", 1e-4)


def test_hints_name_settings_as_this_verb_has_them() -> None:
    html = _html(found_motifs_section(_report(hint="lower it with --set min_len_bp=3, or --from attribution"), "Compared."))
    assert "lower it with --set motifs.min_len_bp=3, or --set motifs_from=attribution" in html
    assert "Method. Compared." in html
    assert html.count("min_len_bp") == 1
    assert "--database" not in html


def test_without_logomaker_motifs_are_listed_by_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(motifs, "find_spec", lambda _: None)
    html = _html(found_motifs_section(_report(_motif()), ""))
    assert "Logos are left out: they need the package logomaker, <code>pip install &#x27;dnabert[interpret]&#x27;</code>." in html
    assert "<strong>TATA</strong>" in html
    assert "3 : 0" in html
    assert "ask for it with <code>--database jaspar</code>" in html
    html = _html(found_motifs_section(_report(_motif(), database="JASPAR"), ""))
    assert "<strong>TBP (MA0108)</strong>" in html
    assert "--database jaspar" not in html
    html = _html(found_motifs_section(_report(_motif(), database="JASPAR", q=0.39), ""))
    assert "no match at q &lt; 0.01" in html
    assert "TBP" not in html
