import gzip
from pathlib import Path

import pytest

from dnabert.data.split_table import SplitRow, read_split, read_split_rows
from dnabert.errors import DataFileError


def test_rows_tell_contig_split_and_line_and_other_columns_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "split.tsv"
    path.write_bytes(b'\xef\xbb\xbf# made by hand\r\nsplit\tsize\tcontig\r\ntrain\t7\tchr1\r\n\r\n# rest\r\ntest\t"8"\t"chr 2"\r\n')
    assert list(read_split_rows(path)) == [SplitRow("chr1", "train", f"{path}:3"), SplitRow("chr 2", "test", f"{path}:6")]
    assert read_split(path) == {"chr1": "train", "chr 2": "test"}


def test_a_table_may_be_separated_by_commas(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text('# by hand\ncontig, size, split\nchr1, 7, train\n"chr,2",8,test\n')
    assert list(read_split_rows(path)) == [SplitRow("chr1", "train", f"{path}:3"), SplitRow("chr,2", "test", f"{path}:4")]


def test_a_packed_table_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "split.tsv.gz"
    path.write_bytes(gzip.compress(b"contig\tsplit\nchr1\ttrain\n", mtime=0))
    assert read_split(path) == {"chr1": "train"}
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataFileError, match=r"split\.tsv\.gz: is no table, or is damaged"):
        read_split(path)


def test_a_contig_may_be_named_again_with_the_same_split_but_not_with_another(tmp_path: Path) -> None:
    path = tmp_path / "split.tsv"
    path.write_text("contig\tgene\tsplit\nchr1\tA\ttrain\nchr1\tB\ttrain\nchr2\tC\ttest\n")
    assert [row.contig for row in read_split_rows(path)] == ["chr1", "chr2"]
    path.write_text("contig\tsplit\nchr1\ttrain\n\nchr1\ttest\n")
    with pytest.raises(DataFileError, match=r"split\.tsv:4: contig chr1 is test, but train at .*split\.tsv:2; a contig has one split"):
        read_split(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r":1: needs the columns 'contig' and 'split', separated by tabs or commas; found none"),
        ("#only\n\n", r":1: needs the columns 'contig' and 'split', separated by tabs or commas; found none"),
        ("\ncontig;split\nchr1;train\n", r":2: needs the columns 'contig' and 'split', separated by tabs or commas; found contig;split"),
        ("contig,split\nchr1\ttrain\n", r":2: 1 columns, but the header has 2"),
        ("contig\tpart\nchr1\ttrain\n", r":1: needs the columns 'contig' and 'split', separated by tabs or commas; found contig, part"),
        ("contig\tsplit\n#\nchr1\ttrain\t7\n", r":3: 3 columns, but the header has 2"),
        ("contig\tsplit\nchr1\n", r":2: 1 columns, but the header has 2"),
    ],
)
def test_a_malformed_table_is_an_error_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.tsv"
    path.write_text(text)
    with pytest.raises(DataFileError, match=r"split\.tsv" + message):
        read_split(path)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "split.tsv"
    path.write_bytes(b"contig\tsplit\nchr\xff\xfe\ttrain\n")
    with pytest.raises(DataFileError, match=r"split\.tsv: is no table, or is damaged: 'utf-8'"):
        read_split(path)
    with pytest.raises(DataFileError, match=r"absent\.tsv: cannot be read: No such file"):
        read_split(tmp_path / "absent.tsv")
