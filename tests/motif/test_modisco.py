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


def fake(monkeypatch: pytest.MonkeyPatch, raising: list[Pattern] | None) -> dict[str, Any]:
    """TF-MoDISco compiles for a minute; here its answer is given."""
    seen: dict[str, Any] = {}
    module = ModuleType("modiscolite.tfmodisco")

    def answer(**given: Any) -> Any:
        seen.update(given)
        return raising, [Pattern([])]

    module.TFMoDISco = answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modiscolite", ModuleType("modiscolite"))
    monkeypatch.setitem(sys.modules, "modiscolite.tfmodisco", module)
    return seen


def test_patterns_become_motifs_with_their_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["CCCCGATAAGCCCC", "CCCCTTATCCCCCC", "CGATAAGCCCCCCC"]
    twice = Seqlet(2, 1, 6, False)
    pattern = Pattern([Seqlet(0, 4, 9, False), Seqlet(1, 4, 9, True), twice, twice, Seqlet(0, -1, 4, False)])
    seen = fake(monkeypatch, [Pattern([Seqlet(0, 0, 4, False)]), pattern])
    rows = [np.arange(4 * 14, dtype=np.float32).reshape(4, 14)] * 3
    found = discover_with_modisco(rows, [encode_bases(text) for text in texts], MotifSettings(trim_bits=0.0))
    assert seen["one_hot"].shape == seen["hypothetical_contribs"].shape == (3, 14, 4)
    assert seen["one_hot"][0, 4].tolist() == [0, 0, 1, 0]
    assert seen["hypothetical_contribs"][0, 2].tolist() == [2, 16, 30, 44]
    (motif,) = found.motifs
    assert motif.consensus == "GATAA"
    assert list(zip(motif.sites.sequences.tolist(), motif.sites.starts.tolist(), motif.sites.is_reverse.tolist(), strict=True)) == [
        (0, 4, False),
        (1, 4, True),
        (2, 1, False),
    ]
    assert (motif.p, motif.q) == (None, None)
    assert [(step.name, step.count) for step in found.steps] == [("positives", 3), ("patterns", 2), ("seqlets", 6), ("motifs", 1)]


def test_no_pattern_says_what_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, None)
    found = discover_with_modisco([np.zeros((4, 6), np.float32)], [encode_bases("ACGTAC")])
    assert found.hint == "TF-MoDISco found no pattern: it wants some hundred positives or more; give more, or use --method viz"


def test_sequences_of_unequal_length_are_refused() -> None:
    with pytest.raises(
        SequenceError, match="reads sequences of one length, and the positives have from 3 to 4 bases; cut them to one length"
    ):
        discover_with_modisco([np.zeros((4, 3)), np.zeros((4, 4))], [encode_bases("ACG"), encode_bases("ACGT")])  # type: ignore[list-item]


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modiscolite.tfmodisco", None)
    monkeypatch.setitem(sys.modules, "modiscolite", None)
    with pytest.raises(DnabertError, match=r"--method modisco needs the package modisco-lite.*pip install 'dnabert\[interpret\]'"):
        discover_with_modisco([np.zeros((4, 3), np.float32)], [encode_bases("ACG")])
