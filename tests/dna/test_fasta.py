import gzip
import io
import sys
from pathlib import Path
from unittest import mock

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna import fasta
from dnabert.dna.fasta import Record, check_letters, read_contigs, read_fasta
from dnabert.dna.packing import BGZF_END
from dnabert.errors import DataFileError, SequenceError
from tests.twobit import twobit

TWO = [Record("chr1", "first one", b"ACGTNacgt"), Record("chr2", "", b"TT")]
TEXT = b">chr1 first one\nACGTN\nacgt\n>chr2\nTT\n"


def put(folder: Path, content: bytes, name: str = "a.fa") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def message_of(path: Path | str) -> str:
    with pytest.raises(DataFileError) as caught:
        list(read_fasta(path))
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.rstrip(b"\n"),
        TEXT.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + TEXT,
        b"\n\r\n" + TEXT.replace(b"\n", b"\n\n") + b"\n\n",
        TEXT.replace(b"chr1 first", b"chr1\tfirst"),
        gzip.compress(TEXT, mtime=0),
        gzip.compress(TEXT[:20], mtime=0) + gzip.compress(TEXT[20:], mtime=0),
        gzip.compress(b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n"), mtime=0),
    ],
    ids=["plain", "no last newline", "CRLF", "byte-order mark", "blank lines", "tab", "gzip", "two gzip members", "gzip CRLF"],
)
def test_records_come_out_the_same_from_every_form_of_file(tmp_path: Path, content: bytes) -> None:
    assert list(read_fasta(put(tmp_path, content))) == TWO


def test_bgzip_is_read(tmp_path: Path) -> None:
    plain = put(tmp_path, TEXT)
    pysam.tabix_compress(str(plain), str(tmp_path / "a.fa.gz"))
    assert list(read_fasta(tmp_path / "a.fa.gz")) == TWO


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(alphabet="ACGTNacgt>", min_size=1, max_size=200).map(lambda text: "A" + text), min_size=1, max_size=8),
    st.integers(1, 80),
)
def test_any_records_written_are_read_back(tmp_path_factory: pytest.TempPathFactory, sequences: list[str], width: int) -> None:
    records = [Record(f"r{number}", f"of {number}", text.encode()) for number, text in enumerate(sequences)]
    lines = []
    for record in records:
        lines.append(f">{record.name} {record.comment}\n")
        # A '>' begins a record only at the start of a line.
        rest = record.sequence
        while rest:
            end = width
            while rest[end : end + 1] == ">":
                end += 1
            lines.append(rest[:end] + "\n")
            rest = rest[end:]
    path = put(tmp_path_factory.mktemp("fasta"), "".join(lines).encode())
    assert list(read_fasta(path)) == records


def test_records_across_many_read_blocks_are_whole(tmp_path: Path) -> None:
    long = "ACGTTGCA" * 400_000
    lines = "\n".join(long[start : start + 61] for start in range(0, len(long), 61))
    path = put(tmp_path, f">a\n{lines}\n>b\nAC\n>c\n{long}\n>d\nGG\n".encode())
    records = list(read_fasta(path))
    assert [record.name for record in records] == ["a", "b", "c", "d"]
    assert records[0].sequence == records[2].sequence == long
    assert records[1].sequence + records[3].sequence == "ACGG"


def test_every_byte_of_a_record_comes_out(tmp_path: Path) -> None:
    # pysam.FastxFile ends a sequence at a NUL and drops the line behind a '+'.
    path = put(tmp_path, b">a\nAC\0GT\n>b\nAC\n+\nGT\n>c\nAC GT\n>d \xe9\nA\xe9\n")
    assert list(read_fasta(path)) == [
        Record("a", "", b"AC\0GT"),
        Record("b", "", b"AC+GT"),
        Record("c", "", b"AC GT"),
        Record("d", "\\xe9", b"A\xe9"),
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_a_hyphen_reads_stdin_plain_or_gzip(monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    content = gzip.compress(TEXT, mtime=0) if packed else TEXT
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(content)))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", stdin)
    assert list(read_fasta("-")) == TWO
    assert not stdin.closed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        (b"\n \n", ": holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        (gzip.compress(b"", mtime=0), ": holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        (b">a\n>b\nAC\n", ":1: record a is empty; remove it or add its sequence"),
        (b">a\nAC\n>b\n", ":3: record b is empty; remove it or add its sequence"),
        (b">a", ":1: record a is empty; remove it or add its sequence"),
        (b">\nAC\n", ":1: record 1 has no name; give each '>' line a unique first word"),
        (b"\r\n>a\r\nAC\r\n> b\r\nAC\r\n", ":4: record 2 has no name; give each '>' line a unique first word"),
        (b">a x\nAC\n>b\nG\n>a y\nGG\n", ":5: the name a occurs twice (first on line 1); give each record a unique first word"),
        (b"hello, world\n>a\nAC\n", ": begins with 'hello, world', not with '>': this is no FASTA file"),
        (b"  >a\nAC\n", ": begins with '  >a', not with '>': this is no FASTA file"),
        (b"; old\n>a\nAC\n", ": begins with '; old', not with '>': this is no FASTA file"),
        (b"@r1\nAC\n+\nII\n", ": begins with '@r1', not with '>': this is no FASTA file (samtools fasta makes one of FASTQ)"),
    ],
)
def test_a_file_that_is_no_good_fasta_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = put(tmp_path, content)
    assert message_of(path) == f"{path}{message}"


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    assert "this is no FASTA file" in message_of(put(tmp_path, bytes(range(256)) * 40))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    assert message_of(tmp_path / "none.fa") == f"{tmp_path}/none.fa: cannot be read: No such file or directory"
    assert message_of(tmp_path) == f"{tmp_path}: cannot be read: Is a directory"


def random_looking_fasta() -> bytes:
    return b"".join(b">r%d\n%s\n" % (number, b"ACGT"[number % 4 : number % 4 + 1] * (number % 97 + 1)) for number in range(3000))


@pytest.mark.parametrize("keep", [5, 15, 400, -4])
def test_a_truncated_gzip_file_is_an_error_at_every_length(tmp_path: Path, keep: int) -> None:
    path = put(tmp_path, gzip.compress(random_looking_fasta(), mtime=0)[:keep], "a.fa.gz")
    message = "Compressed file ended before the end-of-stream marker was reached"
    assert message_of(path) == f"{path}: the gzip file is truncated or damaged ({message}); fetch it again"


@pytest.mark.parametrize("place", [12, 40, 400, -6])
def test_a_flipped_byte_in_a_gzip_file_is_an_error(tmp_path: Path, place: int) -> None:
    content = bytearray(gzip.compress(random_looking_fasta(), mtime=0))
    content[place] ^= 0xFF
    assert ": the gzip file is truncated or damaged (" in message_of(put(tmp_path, bytes(content), "a.fa.gz"))


def test_a_bgzip_file_without_its_end_block_is_an_error(tmp_path: Path) -> None:
    plain = put(tmp_path, random_looking_fasta())
    pysam.tabix_compress(str(plain), str(tmp_path / "a.fa.gz"))
    content = (tmp_path / "a.fa.gz").read_bytes()
    assert content.endswith(BGZF_END)
    # Cut at the end of a block every reader takes the rest for the whole.
    path = put(tmp_path, content.removesuffix(BGZF_END), "cut.fa.gz")
    assert message_of(path) == f"{path}: the bgzip file is truncated (its end block is missing); fetch it again"


def test_contigs_of_fasta_and_2bit_are_the_same(tmp_path: Path) -> None:
    sequences = [("chr2", "ACGTNNNNacgtnnA"), ("chr10", "TTTTG"), ("chr1", "NNN"), ("x", "A")]
    fasta = put(tmp_path, "".join(f">{name}\n{letters}\n" for name, letters in sequences).encode())
    binary = put(tmp_path, twobit(sequences), "a.2bit")
    assert list(read_contigs(binary)) == list(read_contigs(fasta)) == [Record(name, "", letters.encode()) for name, letters in sequences]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "holds no sequences; a FASTA record is a line '>name' and lines of letters"),
        ([("a", "AC"), ("b", "")], "record b is empty; remove it or add its sequence"),
        ([("a", "AC"), ("a", "GG")], "the name a occurs twice; give each record a unique first word"),
    ],
)
def test_contigs_of_2bit_keep_the_rules_of_fasta(tmp_path: Path, sequences: list[tuple[str, str]], message: str) -> None:
    path = put(tmp_path, twobit(sequences), "a.2bit")
    with pytest.raises(DataFileError) as caught:
        list(read_contigs(path))
    assert str(caught.value) == f"{path}: {message}"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.text("ACGT", max_size=9), min_size=1, max_size=5), min_size=1, max_size=6), st.booleans(), st.integers(1, 40))
def test_records_know_the_lines_of_their_headers(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[list[str]], with_returns: bool, block: int
) -> None:
    lines, expected = [], []
    for number, letters in enumerate(drawn):
        lines.append(f">r{number}")
        expected.append(len(lines))
        lines += ["A", *letters]
    ending = "\r\n" if with_returns else "\n"
    path = put(tmp_path_factory.mktemp("fasta"), ending.join(lines).encode())
    with mock.patch.object(fasta, "_BLOCK", block):
        assert [record.line for record in read_fasta(path)] == expected


@pytest.mark.parametrize("packed", [False, True])
def test_a_letter_that_is_no_nucleotide_is_named_with_its_line_and_place(tmp_path: Path, packed: bool) -> None:
    content = b"\xef\xbb\xbf>a\nACGT\n\n>b of two\r\nACGT\r\nACET\r\nQQ\n"
    path = put(tmp_path, gzip.compress(content, mtime=0) if packed else content)
    first, second = read_contigs(path)
    check_letters(first, path)
    with pytest.raises(SequenceError) as caught:
        check_letters(second, path)
    assert str(caught.value).startswith(f"{path}:6: b: 'E' at position 7 is not a nucleotide; this looks like protein")
    with pytest.raises(SequenceError, match=r"^-: b: 'E' at position 7 is not a nucleotide"):
        check_letters(second, "-")


@pytest.mark.parametrize("line_bp", [1 << 22, 60])
def test_a_contig_on_one_line_is_as_one_on_many(line_bp: int, tmp_path: Path) -> None:
    sequence = "ACGTTGCA" * ((1 << 19) + 3)
    lines = "\n".join(sequence[start : start + line_bp] for start in range(0, len(sequence), line_bp))
    path = tmp_path / "g.fa"
    path.write_text(f">a first\n{lines}\n>b\nAC>GT\n>c\nTTT")
    records = [(record.name, record.sequence) for record in read_fasta(path)]
    assert records == [("a", sequence), ("b", "AC>GT"), ("c", "TTT")]
