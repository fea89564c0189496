"""Test sequences that stand in a pre-training corpus are found on both strands, whole, and nowhere else."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import corpus_overlap, gue
from benchmarks.quality.corpus_overlap import WORD_BP, rows_within, words_of
from dnabert.dna.sequence import Codes, encode_bases, reverse_complement


def random_codes(length: int, seed: int) -> Codes:
    return np.random.default_rng(seed).integers(0, 4, length).astype(np.uint8)


def test_whole_sequences_are_found_on_both_strands() -> None:
    contig = random_codes(5000, 1)
    changed = contig[100:200].copy()
    changed[-1] ^= 1
    sequences = [contig[100:200], reverse_complement(contig[300:370]), changed, random_codes(70, 2), contig[4930:]]
    assert rows_within(sequences, [random_codes(300, 3), contig]).tolist() == [True, True, False, False, True]


def test_a_sequence_across_two_contigs_or_an_unknown_base_is_in_neither() -> None:
    contig = random_codes(200, 4)
    assert rows_within([contig[80:160]], [contig[:120], contig[120:]]).tolist() == [False]
    broken = contig.copy()
    broken[100] = encode_bases("N")[0]
    assert rows_within([contig[80:160], contig[101:160]], [broken]).tolist() == [False, True]


def test_words_are_numbers_of_their_bases_and_none_spans_an_unknown_one() -> None:
    codes = encode_bases("A" * WORD_BP + "T")
    words, starts = words_of(codes)
    assert (words.tolist(), starts.tolist()) == ([0, 1], [0, 1])
    words, starts = words_of(encode_bases("A" * WORD_BP + "N" + "A" * WORD_BP))
    assert (words.tolist(), starts.tolist()) == ([0, 0], [0, WORD_BP + 1])
    assert len(words_of(codes[:5])[0]) == 0


def test_the_command_gives_figures_without_the_rows_of_the_corpus(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(module: object, *words: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, words)])
        code: int = module.main()  # type: ignore[attr-defined]
        return code

    monkeypatch.setattr(corpus_overlap, "WORD_BP", 20)  # the made-up sequences have 30 bases
    rows = [line.split(",")[0] for line in (data / "tf/0/test.csv").read_text().splitlines()[1:]]
    with gzip.open(tmp_path / "genome.fa.gz", "wt") as handle:
        handle.write(f">read\n{'ACGT' * 20}{rows[4]}{rows[7]}\n>held\n{rows[9]}\n")
    (tmp_path / "split.tsv").write_text("contig\tsplit\nread\ttrain\nheld\tvalid\n")
    words = (
        tmp_path / "genome.fa.gz",
        "--split",
        tmp_path / "split.tsv",
        "--data",
        data,
        "--out",
        tmp_path / "o.md",
        "--runs",
        tmp_path / "r",
    )
    assert call(corpus_overlap, *words) == 1
    assert "holds no runs of the tasks of" in capsys.readouterr().err
    gue_words = ("--data", data, "--model", "cnn", "--tasks", "tf", "--seeds", "1", "--rehearse", "64", "--recipe", "published")
    assert call(gue, *gue_words, "--out", tmp_path / "r") == 0
    assert call(corpus_overlap, *words) == 0
    text = (tmp_path / "o.md").read_text()
    assert "| tf/0 | 2 of 32 | cnn, published | " in text
    assert "(1 contigs, 140 bases)" in " ".join(text.split())
