import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dnabert.dna.sequence import encode_bases
from dnabert.errors import DnabertError, SequenceError
from dnabert.motif.modisco import discover_with_modisco
from dnabert.motif.settings import MotifSettings


@dataclass
class Seqlet:
    example_idx: int
    start: int
    end: int
    is_revcomp: bool


@dataclass
class Pattern:
    seqlets: list[Seqlet]


def fake(monkeypatch: pytest.MonkeyPatch, raising: list[Pattern] | None, num_used: int = 0) -> dict[str, Any]:
    """TF-MoDISco compiles for a minute; here its answer is given."""
    seen: dict[str, Any] = {}
    module = ModuleType("modiscolite.tfmodisco")

    def answer(**given: Any) -> Any:
        seen.update(given)
        if num_used:
            print(f"Using {num_used} positive seqlets")  # as it says with verbose=True
        return raising, [Pattern([])]

    module.TFMoDISco = answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modiscolite", ModuleType("modiscolite"))
    monkeypatch.setitem(sys.modules, "modiscolite.tfmodisco", module)
    return seen


def test_patterns_become_motifs_with_their_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text}{'C' * 28}" for text in ("CCCCGATAAGCCCC", "CCCCTTATCCCCCC", "CGATAAGCCCCCCC")]
    twice = Seqlet(2, 1, 6, False)
    pattern = Pattern([Seqlet(0, 4, 9, False), Seqlet(1, 4, 9, True), twice, twice, Seqlet(0, -1, 4, False)])
    seen = fake(monkeypatch, [Pattern([Seqlet(0, 0, 4, False)]), pattern])
    rows = [np.arange(4 * 42, dtype=np.float32).reshape(4, 42)] * 3
    found = discover_with_modisco(rows, [encode_bases(text) for text in texts], MotifSettings(trim_bits=0.0))
    assert seen["one_hot"].shape == seen["hypothetical_contribs"].shape == (3, 42, 4)
    assert seen["one_hot"][0, 4].tolist() == [0, 0, 1, 0]
    assert seen["hypothetical_contribs"][0, 2].tolist() == [2, 44, 86, 128]
    (motif,) = found.motifs
    assert motif.consensus == "GATAA"
    assert list(zip(motif.sites.sequences.tolist(), motif.sites.starts.tolist(), motif.sites.is_reverse.tolist(), strict=True)) == [
        (0, 4, False),
        (1, 4, True),
        (2, 1, False),
    ]
    assert (motif.p, motif.q) == (None, None)
    assert [(step.name, step.count) for step in found.steps] == [("positives", 3), ("patterns", 2), ("seqlets", 6), ("motifs", 1)]


@pytest.mark.parametrize(
    ("raising", "num_used", "hint"),
    [
        (
            None,
            0,
            "no pattern in 668 positives of 44 bases: not more than 100 stretches of high contribution that raise the score, too few",
        ),
        ([], 123, "no pattern in 668 positives of 44 bases: 123 stretches of high contribution raise the score, and no cluster of them"),
        (
            [Pattern([Seqlet(0, 0, 4, False), Seqlet(1, -1, 3, False)])],
            123,
            "1 pattern in 668 positives of 44 bases, but none with 3 seqlets",
        ),
        ([Pattern([Seqlet(0, 0, 4, False)]), Pattern([])], 123, "(at most 1); lower it with --set min_sites=1, or give more positives"),
    ],
)
def test_no_motif_says_what_was_given_how_far_it_came_and_what_to_try(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raising: list[Pattern] | None, num_used: int, hint: str
) -> None:
    fake(monkeypatch, raising, num_used)
    found = discover_with_modisco([np.zeros((4, 44), np.float32)] * 668, [encode_bases("ACGT" * 11)] * 668)
    assert not found.motifs
    assert hint in found.hint
    assert "stretches" in [step.name for step in found.steps] or not num_used
    assert capsys.readouterr().out == ""


def test_sequences_too_short_for_a_stretch_are_refused() -> None:
    with pytest.raises(
        SequenceError, match="reads stretches of 41 bases, and the positives have 40; give longer ones, or use --method viz"
    ):
        discover_with_modisco([np.zeros((4, 40), np.float32)], [encode_bases("ACGT" * 10)])


def test_sequences_of_unequal_length_are_refused() -> None:
    with pytest.raises(
        SequenceError, match="reads sequences of one length, and the positives have from 3 to 4 bases; cut them to one length"
    ):
        discover_with_modisco([np.zeros((4, 3)), np.zeros((4, 4))], [encode_bases("ACG"), encode_bases("ACGT")])  # type: ignore[list-item]


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modiscolite.tfmodisco", None)
    monkeypatch.setitem(sys.modules, "modiscolite", None)
    with pytest.raises(DnabertError, match=r"--method modisco needs the package modisco-lite.*pip install 'dnabert\[interpret\]'"):
        discover_with_modisco([np.zeros((4, 44), np.float32)], [encode_bases("ACGT" * 11)])


def test_tf_modisco_itself_finds_a_planted_motif() -> None:
    """modisco-lite as installed, on contributions made by hand: one site in four sequences of five, high at its bases, else noise."""
    pytest.importorskip("modiscolite", reason="modisco-lite is not installed")
    rng = np.random.default_rng(0)
    site = encode_bases("TGACTCATCCGA")
    positives, contributions, starts = [], [], {}
    for number in range(160):
        codes = rng.integers(0, 4, 140).astype(np.uint8)
        rows = rng.normal(0, 0.02, (4, 140)).astype(np.float32)
        if number % 5:
            start = starts[number] = int(rng.integers(12, 116))
            codes[start : start + 12] = site
            rows[["ACGT".index(letter) for letter in "TGACTCATCCGA"], np.arange(start, start + 12)] += 1
        positives.append(codes)
        contributions.append(rows - rows.mean(axis=0))
    found = discover_with_modisco(contributions, positives)
    assert [step.name for step in found.steps] == ["positives", "stretches", "patterns", "seqlets", "motifs"]
    assert found.steps[1].count > 100
    top = found.motifs[0]
    forward = "TGACTCATCCGA" in top.consensus
    assert forward or "TCGGATGAGTCA" in top.consensus
    first = top.consensus.index("TGACTCATCCGA" if forward else "TCGGATGAGTCA")
    places = zip(top.sites.sequences.tolist(), top.sites.starts.tolist(), top.sites.is_reverse.tolist(), strict=True)
    offset = len(top.probs) - 12 - first
    at_plant = [starts.get(number) == start + (offset if flip else first) for number, start, flip in places]
    assert len(at_plant) >= 30
    assert np.mean(at_plant) > 0.95
