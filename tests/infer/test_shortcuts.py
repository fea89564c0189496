import pytest

from dnabert.data.datasets.example import Example
from dnabert.data.finish.dataset import finish_dataset
from dnabert.infer.shortcuts import kmer_only_auroc
from tests.data.finish.rows import make_draft, make_row, many_rows, random_bases

MOTIFS = {"a": "ACGTACGT", "b": "TTTTCCCC", "none": ""}


def rows_with_motifs(labels: list[str]) -> list[Example]:
    """Rows whose labels are written into them."""
    return [
        make_row(
            f"{split}-{place}", random_bases(40, 100 * place + base) + "".join(MOTIFS[name] * 4 for name in label.split(";")), label, split
        )
        for base, split in enumerate(("train", "test"))
        for place, label in enumerate(labels * 40)
    ]


def test_a_motif_is_found_and_noise_is_not() -> None:
    assert kmer_only_auroc(finish_dataset(make_draft(rows_with_motifs(["a", "none"])))) == pytest.approx(1.0, abs=0.05)
    noise = kmer_only_auroc(finish_dataset(make_draft(many_rows(40))))
    assert noise == pytest.approx(0.5, abs=0.15)


def test_three_classes_are_told_one_from_the_rest() -> None:
    assert kmer_only_auroc(finish_dataset(make_draft(rows_with_motifs(["a", "b", "none"])))) == pytest.approx(1.0, abs=0.05)


def test_several_labels_are_told_one_by_one() -> None:
    dataset = finish_dataset(make_draft(rows_with_motifs(["a", "b;a", "b", "none"])), "multilabel")
    assert kmer_only_auroc(dataset) == pytest.approx(1.0, abs=0.05)


def test_nothing_is_said_of_labelled_bases_or_of_one_class() -> None:
    bases = [make_row("a", "ACGTAC", "nnddnn"), make_row("b", "ACGTCC", "nnddnn", "test")]
    assert kmer_only_auroc(finish_dataset(make_draft(bases), "token")) is None
    one = [make_row("a", "ACGTAC"), make_row("b", "ACGTCC", "0"), make_row("c", "ACGTGG", split="test")]
    assert kmer_only_auroc(finish_dataset(make_draft(one))) is None
