import gzip
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dnabert.errors import DataFileError, DnabertError
from dnabert.motif.compare import Database, KnownMotif, compare, jaspar_database, read_meme_database

MEME = """MEME version 4

ALPHABET= ACGT

MOTIF MA1 First factor
letter-probability matrix: alength= 4 w= 2 nsites= 20 E= 0
0.7 0.1 0.1 0.1
0.25 0.25 0.25 0.25

MOTIF bare
letter-probability matrix: alength= 4 w= 1
0.0 0.0 1.0 0.0
"""


def known(count: int) -> Database:
    rng = np.random.default_rng(1)
    return Database("made up", tuple(KnownMotif(f"M{number}", f"F{number}", rng.dirichlet([0.2] * 4, size=12)) for number in range(count)))


def test_a_meme_file_is_a_database_plain_or_packed(tmp_path: Path) -> None:
    (tmp_path / "m.meme").write_text(MEME)
    (tmp_path / "m.meme.gz").write_bytes(gzip.compress(MEME.encode()))
    for name in ("m.meme", "m.meme.gz"):
        found = read_meme_database(tmp_path / name)
        assert found.name == name
        assert [(one.id, one.name) for one in found.motifs] == [("MA1", "First factor"), ("bare", "bare")]
        assert found.motifs[0].probs.tolist() == [[0.7, 0.1, 0.1, 0.1], [0.25] * 4]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"x\.meme: cannot be read: No such file or directory; --database is jaspar, none, or a MEME file"),
        (b"hello", r"x\.meme: holds no MOTIF with a letter-probability matrix"),
        (MEME.replace("0.7 0.1", "0.7 zero").encode(), r"x\.meme: is no sound MEME file \(could not convert"),
    ],
)
def test_what_is_no_database_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "x.meme").write_bytes(content)
    with pytest.raises(DataFileError, match=message):
        read_meme_database(tmp_path / "x.meme")


def test_a_damaged_gzip_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.meme.gz").write_bytes(gzip.compress(MEME.encode())[:60])
    with pytest.raises(DataFileError, match=r"x\.meme\.gz: is no sound MEME file"):
        read_meme_database(tmp_path / "x.meme.gz")


def test_jaspar_has_its_vertebrates_with_their_families() -> None:
    pytest.importorskip("pyjaspar")
    database = jaspar_database()
    assert database.name == "JASPAR2026 vertebrates CORE"
    assert len(database.motifs) == 1019
    ctcf = next(one for one in database.motifs if one.id == "MA0139.2")
    assert ctcf.name == "CTCF"
    assert ctcf.families
    for one in database.motifs:
        assert one.probs.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize(("module", "act"), [("memelite", "compare"), ("pyjaspar", "jaspar"), ("memelite.io", "read")])
def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, act: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "m.meme").write_text(MEME)
    acts = {
        "compare": lambda: compare({"a": np.full((4, 4), 0.25)}, known(30)),
        "jaspar": jaspar_database,
        "read": lambda: read_meme_database(tmp_path / "m.meme"),
    }
    with pytest.raises(DnabertError, match=r"pip install 'dnabert\[(interpret|jaspar)\]'"):
        acts[act]()


def test_what_tomtom_says_is_told_in_our_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """TOMTOM itself compiles for a minute; here its answer is given."""
    fake = ModuleType("memelite")

    def tomtom(queries: list[Any], targets: list[Any], **_: object) -> Any:
        assert [matrix.shape for matrix in queries] == [(4, 6)]
        assert len(targets) == 3
        p, scores, offsets, overlaps, strands = [0.04, 0.01, 0.5], [5.0, 9.0, 1.0], [2, -1, 0], [6, 5, 4], [0, 1, 0]
        return np.array([[p], [scores], [offsets], [overlaps], [strands]])

    fake.tomtom = tomtom  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "memelite", fake)
    best, second = compare({"motif1": np.full((6, 4), 0.25)}, known(3), num_best=2)["motif1"]
    assert (best.id, best.name, best.p, best.offset, best.overlap, best.is_reverse) == ("M1", "F1", 0.01, 1, 5, True)
    assert best.q == pytest.approx(0.03)
    assert (second.id, second.q, second.offset) == ("M0", pytest.approx(0.06), -2)


def test_nothing_to_compare_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "memelite", None)
    assert compare({}, known(3)) == {}
    assert compare({"a": np.full((4, 4), 0.25)}, Database("empty", ())) == {"a": []}


@pytest.mark.slow
def test_tomtom_finds_a_motif_again_where_and_how_it_was_cut_out() -> None:
    """Cold, memelite compiles for 80 s of one core; 0.1 s ever after."""
    database = known(40)
    whole = database.motifs[3].probs
    flanked = np.concatenate([np.full((5, 4), 0.25), whole])
    found = compare({"part": whole[3:10], "flanked": flanked, "turned": whole[::-1, ::-1][:8]}, database)
    best = {name: matches[0] for name, matches in found.items()}
    assert {match.id for match in best.values()} == {"M3"}
    assert [(best[name].offset, best[name].is_reverse) for name in found] == [(-3, False), (5, False), (0, True)]
    assert all(match.q < 1e-6 for match in best.values())
