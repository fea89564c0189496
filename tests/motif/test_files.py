from pathlib import Path

import numpy as np
import pytest
from memelite.io import read_meme

from dnabert.dna.regions import Region
from dnabert.dna.sequence import encode_bases
from dnabert.motif.compare import KnownMotif, Match
from dnabert.motif.files import meme_text, sites_text, table_text
from dnabert.motif.found import Discovery, FoundMotif, Sites

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3])
SITES = Sites(np.array([0, 1]), np.array([2, 1]), np.array([7, 6]), np.array([False, True]), np.array([0.5, 1.0]))
PROBS = np.random.default_rng(0).dirichlet([0.4] * 4, size=5)
MOTIF = FoundMotif("motif1", PROBS, SITES, ("GATAA",), 40, 3, 1e-9, 2e-9, "GATAA", 1e-6, 55, 4, 1e-12)
POSITIVES = [encode_bases("AAGATAAC"), encode_bases("GTTATC")]


def test_a_meme_file_read_again_has_the_same_matrices(tmp_path: Path) -> None:
    other = FoundMotif("motif2", PROBS[::-1, ::-1][:3], SITES)
    (tmp_path / "m.meme").write_text(meme_text([MOTIF, other], BACKGROUND, True, "# dnabert\n# command: x\n"))
    found = read_meme(str(tmp_path / "m.meme"))
    assert list(found) == [f"motif1 {MOTIF.consensus}", f"motif2 {other.consensus}"]
    for matrix, motif in zip(found.values(), (MOTIF, other), strict=True):
        assert pytest.approx(motif.probs, abs=1e-6) == matrix.T


def test_a_meme_file_names_background_strands_and_sites_and_no_e_value() -> None:
    text = meme_text([MOTIF], BACKGROUND, False)
    assert text.startswith("MEME version 4\n")
    assert "strands: +\n" in text
    assert "A 0.30000 C 0.20000 G 0.20000 T 0.30000" in text
    assert "letter-probability matrix: alength= 4 w= 5 nsites= 2\n" in text
    assert "E=" not in text
    assert "strands: + -\n" in meme_text([MOTIF], BACKGROUND, True)


def test_a_meme_file_is_read_by_biopython(tmp_path: Path) -> None:
    motifs = pytest.importorskip("Bio.motifs", reason="Biopython is not installed")
    (tmp_path / "m.meme").write_text(meme_text([MOTIF], BACKGROUND, True, "# dnabert\n"))
    with (tmp_path / "m.meme").open() as handle:
        (found,) = motifs.parse(handle, "minimal")
    assert (found.name, found.num_occurrences) == ("motif1", 2)
    for column, letter in enumerate("ACGT"):  # it keeps whole counts
        assert list(found.counts[letter]) == [round(2 * value) for value in PROBS[:, column]]


def rows_of(text: str) -> list[dict[str, str]]:
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def match_of(q: float) -> Match:
    return Match(KnownMotif("MA0035.4", "GATA1", PROBS), q / 10, q, 0, 5, True)


def test_the_table_has_a_line_for_each_motif_with_its_best_match() -> None:
    text = table_text([MOTIF, FoundMotif("motif2", PROBS, SITES)], {"motif1": [match_of(1e-4)]}, "# command: x\n")
    assert text.startswith("# command: x\n# p and q are of the sequences that hold one of the strings that a motif was merged from")
    rows = rows_of(text)
    assert (rows[0]["matrix_positives"], rows[0]["matrix_negatives"]) == ("55", "4")
    assert (rows[0]["sites"], rows[0]["sequences"], rows[0]["positives_with"], rows[0]["negatives_with"]) == ("2", "2", "40", "3")
    assert (rows[0]["p"], rows[0]["q"], rows[0]["best_string"], rows[0]["best_string_q"]) == ("1e-09", "2e-09", "GATAA", "1e-06")
    assert (rows[0]["match"], rows[0]["match_name"], rows[0]["match_q"], rows[0]["match_strand"]) == ("MA0035.4", "GATA1", "0.0001", "-")
    assert (rows[0]["nearest"], rows[0]["nearest_name"], rows[0]["nearest_q"]) == ("MA0035.4", "GATA1", "0.0001")
    assert rows[0]["matrix_p"] == "1e-12"
    assert [rows[1][name] for name in ("p", "matrix_p", "match", "match_q", "nearest", "nearest_q", "matrix_positives")] == [""] * 7
    assert table_text([FoundMotif("motif2", PROBS, SITES)], {}).startswith("name\t")  # nothing was tested


def test_a_chance_match_stands_in_the_table_as_the_nearest_only() -> None:
    (row,) = rows_of(table_text([MOTIF], {"motif1": [match_of(0.01)]}))
    assert [row[name] for name in ("match", "match_name", "match_q", "match_strand")] == [""] * 4
    assert [row[name] for name in ("nearest", "nearest_name", "nearest_q")] == ["MA0035.4", "GATA1", "0.01"]
    (row,) = rows_of(table_text([MOTIF], {"motif1": [match_of(0.0099)]}))
    assert row["match"] == "MA0035.4"


def test_sites_are_bed_lines_with_the_bases_as_the_motif_reads_them() -> None:
    found = Discovery((MOTIF,), (), "", BACKGROUND, True)
    lines = sites_text(found, ("first", "second"), POSITIVES, "# x\n").splitlines()
    assert lines == ["# x", "first\t2\t7\tmotif1\t500\t+\tGATAA", "second\t1\t6\tmotif1\t1000\t-\tGATAA"]


def test_sites_of_regions_stand_on_the_genome_and_turn_with_their_region() -> None:
    found = Discovery((MOTIF,), (), "", BACKGROUND, True)
    regions = (Region("chr1", 100, 108, strand="-"), Region("chr2", 50, 56, strand="+"))
    lines = sites_text(found, ("first", "second"), POSITIVES, "", regions).splitlines()
    assert lines == ["chr1\t101\t106\tmotif1\t500\t-\tGATAA", "chr2\t51\t56\tmotif1\t1000\t-\tGATAA"]
    turned = (Region("chr1", 100, 108), Region("chr2", 50, 56, strand="-"))
    lines = sites_text(found, ("first", "second"), POSITIVES, "", turned).splitlines()
    assert lines == ["chr1\t102\t107\tmotif1\t500\t+\tGATAA", "chr2\t50\t55\tmotif1\t1000\t+\tGATAA"]


def test_a_sequence_without_a_region_keeps_its_own_name() -> None:
    found = Discovery((MOTIF,), (), "", BACKGROUND, True)
    lines = sites_text(found, ("first", "second"), POSITIVES, "", (None, Region("chr2", 50, 56))).splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["first", "2", "7"], ["chr2", "51", "56"]]
