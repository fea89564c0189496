"""Alleles are trimmed and left-aligned as bcftools norm does it, and what cannot be scored says why."""

import random
from pathlib import Path

import pysam
import pysam.bcftools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.dna.sequence import encode_bases
from dnabert.infer.variants.alleles import Allele, VariantRecord, normalised, prepare_alleles


def _bytes(text: str) -> bytes:
    return encode_bases(text).tobytes()


def _letters(codes: bytes) -> str:
    return "".join("ATCGN"[code] for code in codes)


def _normalised(contig: str, start: int, reference: str, alternate: str) -> tuple[int, str, str]:
    codes = _bytes(contig)
    place, left, right = normalised(start, _bytes(reference), _bytes(alternate), lambda first, end: codes[first:end])
    return place, _letters(left), _letters(right)


def _trimmed(position: int, reference: str, alternate: str) -> tuple[int, str, str]:
    """bcftools leaves one base before an empty allele (behind it at the begin of a contig): off with it."""
    while reference and alternate and reference[-1] == alternate[-1]:
        reference, alternate = reference[:-1], alternate[:-1]
    while reference and alternate and reference[0] == alternate[0]:
        position, reference, alternate = position + 1, reference[1:], alternate[1:]
    return position, reference, alternate


def test_random_records_are_normalised_as_bcftools_does_it(tmp_path: Path) -> None:
    rng = random.Random(1)
    # Repeats of short units, so that indels have far to go.
    contig = "".join(rng.choice(["A", "CA", "GAT", "ACGT", "T"]) * rng.randrange(1, 9) for _ in range(150))
    (tmp_path / "g.fa").write_text(f">c\n{contig}\n")
    rows = []
    for _ in range(400):
        start, size = rng.randrange(len(contig) - 12), rng.randrange(1, 7)
        reference = contig[start : start + size]
        if rng.random() < 0.5:  # a repeat copied or lost, which can be moved
            unit = contig[start + 1 : start + 1 + rng.randrange(1, 5)]
            reference, alternate = (reference[:1], reference[:1] + unit) if rng.random() < 0.5 else (contig[start] + unit, contig[start])
        else:
            alternate = "".join(rng.choices("ACGT", k=rng.randrange(1, 7)))
        if reference != alternate:
            rows.append((start, reference, alternate))
    rows.sort()
    lines = [f"c\t{start + 1}\t{number}\t{ref}\t{alt}\t.\t.\t.\n" for number, (start, ref, alt) in enumerate(rows)]
    head = f"##fileformat=VCFv4.2\n##contig=<ID=c,length={len(contig)}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "in.vcf").write_text(head + "".join(lines))
    text = pysam.bcftools.norm("-f", str(tmp_path / "g.fa"), str(tmp_path / "in.vcf"))
    wanted = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            _, position, name, reference, alternate, *_ = line.split("\t")
            wanted[int(name)] = _trimmed(int(position) - 1, reference, alternate)
    assert len(wanted) == len(rows) > 300
    found = {number: _normalised(contig, *row) for number, row in enumerate(rows)}
    assert found == wanted
    assert sum(found[number][0] < rows[number][0] for number in found) > 50  # many did move


@given(st.text("AC", min_size=1, max_size=30), st.data())
def test_the_changed_sequence_is_the_same_and_nothing_is_left_to_trim_or_move(contig: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(contig) - 1))
    reference = contig[start : data.draw(st.integers(start + 1, len(contig)))]
    alternate = data.draw(st.text("AC", min_size=1, max_size=8).filter(lambda text: text != reference))
    place, left, right = _normalised(contig, start, reference, alternate)
    assert contig[:place] + right + contig[place + len(left) :] == contig[:start] + alternate + contig[start + len(reference) :]
    assert contig[place : place + len(left)] == left
    assert not (left and right) or (left[0] != right[0] and left[-1] != right[-1])
    if place and not (left and right):
        assert contig[place - 1] != (left or right)[-1]


@pytest.mark.parametrize(
    ("position", "reference", "alternates", "wanted"),
    [
        (2, "G", (), ["no_alternate"]),
        (2, "G", ("*", "<DEL>", "G[c:9[", ".G", "N", "-", "g"), None),
        (2, "G", ("", ".", "G."), ["missing_allele", "missing_allele", "breakend"]),
        (2, "A", ("T", "C"), ["reference_mismatch"] * 2),
        (2, "N", ("T",), ["ambiguous_reference"]),
        (2, "x", ("T",), ["not_nucleotides"]),
        (-1, "N", ("T",), ["off_contig"]),
        (6, "TTT", ("T",), ["off_contig"]),
    ],
)
def test_what_cannot_be_scored_says_why(position: int, reference: str, alternates: tuple[str, ...], wanted: list[str] | None) -> None:
    contig = _bytes("ACGTNNTT")
    record = VariantRecord("c", position, reference, alternates)
    found = prepare_alleles(record, "c", len(contig), lambda start, end: contig[start:end])
    kinds = ["missing_allele", "symbolic", "breakend", "breakend", "ambiguous_alternate", "not_nucleotides", "same_as_reference"]
    assert found == (wanted or kinds)
    assert prepare_alleles(record, None, 0, lambda *_: b"") == ["contig_unknown"] * max(len(alternates), 1)


def test_lower_case_alleles_and_several_alternates_are_read() -> None:
    contig = _bytes("acgtacgt")
    record = VariantRecord("1", 1, "cgt", ("CAT", "c", "cgtA"))
    found = prepare_alleles(record, "chr1", len(contig), lambda start, end: contig[start:end])
    assert found == [
        Allele("chr1", 2, _bytes("G"), _bytes("A")),
        Allele("chr1", 2, _bytes("GT"), b""),
        Allele("chr1", 4, b"", _bytes("A")),
    ]
