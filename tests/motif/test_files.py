from pathlib import Path

import numpy as np
import pytest
from memelite.io import read_meme

from dnabert.dna.sequence import encode_bases
from dnabert.motif.compare import KnownMotif, Match
from dnabert.motif.files import meme_text, sites_text, table_text
from dnabert.motif.found import Discovery, FoundMotif, Sites

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])
SITES = Sites(np.array([0, 1]), np.array([2, 1]), np.array([7, 6]), np.array([False, True]), np.array([0.5, 1.0]))
PROBS = np.random.default_rng(0).dirichlet([0.4] * 4, size=5)
MOTIF = FoundMotif("motif1", PROBS, SITES, ("GATAA",), 40, 3, 1e-9, 2e-9, "GATAA", 1e-6)
POSITIVES = [encode_bases("AAGATAAC"), encode_bases("GTTATC")]


def test_a_meme_file_read_again_has_the_same_matrices(tmp_path: Path) -> None:
    other = FoundMotif("motif2", PROBS[::-1, ::-1][:3], SITES)
    (tmp_path / "m.meme").write_text(meme_text([MOTIF, other], BACKGROUND, True, "# dnabert\n# command: x\n"))
    found = read_meme(str(tmp_path / "m.meme"))
    assert list(found) == [f"motif1 {MOTIF.consensus}", f"motif2 {other.consensus}"]
    for matrix, motif in zip(found.values(), (MOTIF, other), strict=True):
        assert pytest.approx(motif.probs, abs=1e-6) == matrix.T


def test_a_meme_file_names_background_strands_sites_and_e() -> None:
    text = meme_text([MOTIF], BACKGROUND, False)
    assert text.startswith("MEME version 4\n")
    assert "strands: +\n" in text
    assert "A 0.30000 C 0.20000 G 0.20000 T 0.30000" in text
    assert "letter-probability matrix: alength= 4 w= 5 nsites= 2 E= 2e-09\n" in text
    assert "strands: + -\n" in meme_text([MOTIF], BACKGROUND, True)


def test_a_motif_without_a_test_has_no_e() -> None:
    assert "nsites= 2\n" in meme_text([FoundMotif("motif1", PROBS, SITES)], BACKGROUND, True)


def test_the_table_has_a_line_for_each_motif_with_its_best_match() -> None:
    match = Match(KnownMotif("MA0035.4", "GATA1", PROBS), 1e-7, 1e-4, 0, 5, True)
    lines = table_text([MOTIF, FoundMotif("motif2", PROBS, SITES)], {"motif1": [match]}, "# command: x\n").splitlines()
    assert lines[0] == "# command: x"
    rows = [dict(zip(lines[1].split("\t"), line.split("\t"), strict=True)) for line in lines[2:]]
    assert (rows[0]["sites"], rows[0]["sequences"], rows[0]["positives_with"], rows[0]["negatives_with"]) == ("2", "2", "40", "3")
    assert (rows[0]["p"], rows[0]["q"], rows[0]["best_string"], rows[0]["best_string_q"]) == ("1e-09", "2e-09", "GATAA", "1e-06")
    assert (rows[0]["match"], rows[0]["match_name"], rows[0]["match_q"], rows[0]["match_strand"]) == ("MA0035.4", "GATA1", "0.0001", "-")
    assert [rows[1][name] for name in ("p", "match", "match_q")] == [""] * 3


def test_sites_are_bed_lines_with_the_bases_as_the_motif_reads_them() -> None:
    found = Discovery((MOTIF,), (), "", BACKGROUND, True)
    lines = sites_text(found, ("first", "second"), POSITIVES, "# x\n").splitlines()
    assert lines == ["# x", "first\t2\t7\tmotif1\t500\t+\tGATAA", "second\t1\t6\tmotif1\t1000\t-\tGATAA"]
