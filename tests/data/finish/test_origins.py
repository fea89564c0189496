from dataclasses import replace

from dnabert.data.datasets.example import Example
from dnabert.data.finish.origins import remove_made_from_absent
from tests.data.finish.rows import make_row


def made_from(name: str, source: str, split: str = "train") -> Example:
    return replace(make_row(name, "ACGT", "0", split), source=source)


def test_what_was_made_from_a_row_that_was_left_out_goes_with_it() -> None:
    gone = [make_row("AP1:c0:1-5", "ACGT"), make_row("b", "ACCT", split="valid")]
    kept = [
        made_from("c", "tss:c"),
        made_from("d", "dinucleotide-shuffle:AP1:c0:1-5"),
        made_from("e", "dinucleotide-shuffle:AP1:c0:1-50"),
        made_from("f", "substitution:b", "valid"),
        made_from("g", "substitution:b", "valid"),
        made_from("b/2", "substitution:c"),
        made_from("h", "genomic-matched"),
    ]
    found, counts = remove_made_from_absent([*gone, *kept], kept)
    assert [example.region.name for example in found] == ["c", "e", "b/2", "h"]
    assert counts == {"train": 1, "valid": 2}


def test_nothing_is_left_out_where_all_rows_are_there() -> None:
    rows = [make_row("a", "ACGT"), made_from("b", "substitution:a")]
    assert remove_made_from_absent(rows, rows) == (rows, {})
