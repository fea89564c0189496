from pathlib import Path

import pytest

from dnabert.data.finish.near_duplicates import Comparison, NearDuplicates, SimilarPair
from dnabert.data.finish.plain import PlainFigures
from dnabert.report.dataset.files import read_dataset
from dnabert.report.dataset.shortcuts import baselines_section, copies_section, minding_section
from tests.data.finish.rows import make_row, random_bases
from tests.report.dataset.test_contents import text_of
from tests.report.dataset.written import write_rows

pytestmark = pytest.mark.usefixtures("no_drawing")


def test_a_clean_set_is_said_to_be_one(tmp_path: Path) -> None:
    files = read_dataset(write_rows(tmp_path / "set", plain=PlainFigures(0.5, 0.5, None)))
    section = minding_section(files)
    assert "Nothing was found that would make a model look better" in text_of(section)
    assert not getattr(section.blocks[0], "is_warning", True)


def test_each_warning_has_its_box(tmp_path: Path) -> None:
    files = read_dataset(write_rows(tmp_path / "set", plain=PlainFigures(0.9, 0.5, 0.8)))
    section = minding_section(files)
    assert len(section.blocks) == 2
    assert "G+C alone tells the classes apart: AUROC 0.90" in text_of(section)
    assert "The length alone tells the classes apart: AUROC 0.80" in text_of(section)


def test_warnings_of_the_builder_are_among_them(tmp_path: Path) -> None:
    # They begin with the name of a file, which is written as it is.
    facts = {"warnings": ["genes.gtf: half of the donors are not GT."]}
    section = minding_section(read_dataset(write_rows(tmp_path / "set", facts=facts, plain=PlainFigures())))
    assert text_of(section).endswith("genes.gtf: half of the donors are not GT.")
    assert getattr(section.blocks[0], "is_warning", False)


def test_figures_of_plain_features_are_told_and_missing_ones_explained(tmp_path: Path) -> None:
    files = read_dataset(write_rows(tmp_path / "set", plain=PlainFigures(0.55, 0.61, None), kmer_only_auroc=0.875))
    text = text_of(baselines_section(files))
    assert "one threshold: richer or poorer 0.550" in text
    assert "training rows alike 0.610" in text
    assert "one threshold – all sequences have one length" in text
    assert "logistic regression, trained on the training rows 0.875" in text


def test_plain_features_say_nothing_of_bases(tmp_path: Path) -> None:
    files = read_dataset(write_rows(tmp_path / "set", [make_row("a", "ACGTA", "nnann")], "token"))
    assert "Not measured: each base has a label of its own" in text_of(baselines_section(files))


def test_distances_and_duplicates_are_told(tmp_path: Path) -> None:
    same, other = random_bases(60, 1), random_bases(60, 2)
    rows = [
        make_row("a", same),
        make_row("b", same),
        make_row("c", other),
        make_row("d", other, split="test"),
        make_row("e", random_bases(60, 3), "0", "valid"),
        make_row("f", random_bases(60, 3), "1", "valid"),
        make_row("g", random_bases(60, 4), "0", "valid"),
    ]
    changes = {
        "distances_bp": {("train", "valid"): 1234, ("train", "test"): None, ("valid", "test"): None},
        "made_from_absent": {"train": 3},
    }
    text = text_of(copies_section(read_dataset(write_rows(tmp_path / "set", rows, **changes))))
    assert "training and validation 1,234 bp training and test on different contigs" in text
    assert "Its sequence occurs with another label (all such rows) 0 2 0" in text
    assert "Its sequence is in the test, or in validation, as well 1 0 0" in text
    assert "Its sequence is in the same set already 1 0 0" in text
    assert "The row that it was made from was left out 3 0 0" in text
    assert "e validation, label 0 the same sequence with another label f validation, label 1" in text


def test_united_labels_are_told(tmp_path: Path) -> None:
    rows = [make_row("a", "ACGTACCC", "A"), make_row("b", "ACGTACCC", "B")]
    text = text_of(copies_section(read_dataset(write_rows(tmp_path / "set", rows, "multilabel"))))
    assert "1 sequences had several rows with different labels, and now have the labels of all." in text


def test_near_duplicates_are_told(tmp_path: Path) -> None:
    histogram = (150, *(0,) * 18, 10)
    comparison = Comparison("test", "train", 200, 160, 20, 10, histogram, num_frequent_hashes=7, most_rows_of_a_hash=100)
    pair = SimilarPair("t", "test", "chr1:1-5", "s", "train", "chr2:1-5", 0.987)
    near = NearDuplicates(16, 0.25, (comparison,), (pair,))
    directory = write_rows(tmp_path / "set", near_duplicates=near, num_dropped=3, dropped_above=0.9)
    text = text_of(copies_section(read_dataset(directory)))
    assert "A sample of 25% of the 16-mers of a row" in text
    assert (
        "The figures are estimates, from a sample of 25% of the 16-mers and without the 16-mers of the most frequent repeats: a row near"
        in text
    )
    assert "3 training rows were left out that held more than 0.9 of a row of another set." in text
    assert "test in training 160 of 200 20 12.50% 10 6.25%" in text
    assert "The k-mers of the most frequent repeats were left out of the comparison, on either side (test in training: 7)." in text
    assert "t test, chr1:1-5 s training, chr2:1-5 0.99" in text


def test_one_split_alone_has_nothing_in_common(tmp_path: Path) -> None:
    text = text_of(copies_section(read_dataset(write_rows(tmp_path / "set", [make_row("a", "ACGT")]))))
    assert "Figure" not in text
    assert "All of the 16-mers of a row" in text
    assert "The figures are exact: every 16-mer counts." in text
