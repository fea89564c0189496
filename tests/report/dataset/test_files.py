from dataclasses import replace
from pathlib import Path

import pytest

from dnabert.errors import DataFileError
from dnabert.report.dataset.files import TableRow, read_dataset
from tests.data.finish.rows import make_row
from tests.report.dataset.written import write_rows


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rows = [
        replace(make_row("a", "GGGA", "1", start=7, strand="-"), category="TATA"),
        make_row("b", "AAAAGC", "0"),
        make_row("c", "GGCC", "1", "test"),
        make_row("d", "GGAC", "1"),
        make_row("e", "GGAA", "1"),
    ]
    files = read_dataset(write_rows(tmp_path / "set", rows))
    assert files.spread["1"].gc.tolist() == [0.75, 0.75, 0.5, 1.0]
    assert files.spread["0"].lengths_bp.tolist() == [6]
    assert [row.id for row in files.samples] == ["b", "a", "d"]
    assert files.samples[1] == TableRow("a", "GGGA", "1", "chr-train:7-11(-)", "made up", "TATA")
    assert files.categories == {("1", "TATA"): 1}
    assert (files.record.name, files.record.genome.assembly, files.leakage.rows["train"]) == ("made-up", "hg38", 4)


def test_several_labels_each_have_their_spread_and_labelled_bases_one_for_all(tmp_path: Path) -> None:
    several = [make_row("a", "GGGA", "A;B"), make_row("b", "AAAC", "none")]
    files = read_dataset(write_rows(tmp_path / "several", several, "multilabel"))
    assert {name: spread.gc.tolist() for name, spread in files.spread.items()} == {"A": [0.75], "B": [0.75], "none": [0.25]}
    bases = read_dataset(write_rows(tmp_path / "bases", [make_row("a", "GGGA", "nnan")], "token"))
    assert list(bases.spread) == ["all rows"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dataset.json", None, "dataset.json: cannot be read: No such file or directory; give a directory of dnabert dataset"),
        ("leakage.json", "{", "leakage.json: is damaged: the file: Invalid JSON"),
        ("leakage.json", "{}", "leakage.json: is damaged: splits: Field required; build the data set again"),
        ("test.tsv", "# x\nid\tseq\n", "test.tsv: the columns are id, seq, not those of dnabert dataset; build the data set again"),
        ("test.tsv", "", "test.tsv: the columns are none, not those"),
    ],
)
def test_a_missing_or_damaged_file_is_named(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    directory = write_rows(tmp_path / "set", [make_row("a", "ACGT")])
    (directory / name).unlink()
    if content is not None:
        (directory / name).write_text(content)
    with pytest.raises(DataFileError) as caught:
        read_dataset(directory)
    assert message in str(caught.value)


def test_a_row_that_is_cut_off_is_named(tmp_path: Path) -> None:
    directory = write_rows(tmp_path / "set", [make_row("a", "ACGT")])
    with (directory / "train.tsv").open("a") as handle:
        handle.write("b\tACGT\n")
    with pytest.raises(DataFileError, match=r"train\.tsv: a row has 2 columns, the header 10; build the data set again"):
        read_dataset(directory)
