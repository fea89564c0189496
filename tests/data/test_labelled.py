import csv
import gzip
import io
import os
import re
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data import labelled
from dnabert.data.hold_out import hold_out
from dnabert.data.labelled import LabelledSet, Row, inputs_of, read_rows, read_set, stated_task
from dnabert.data.rows.findings import MAX_SHOWN, Findings
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, DnabertError, RegionError, SequenceError


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def letters(data: LabelledSet) -> list[str]:
    return [decode_bases(codes) for codes in data.sequences.first]


def give_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "sequence,label\nACGTA,1\nGGGCC,0\n"),
        ("t.tsv", "sequence\tlabel\nACGTA\t1\nGGGCC\t0\n"),
        ("dev.tsv", "sequence\tlabel\nACG CGT GTA\t1\nGGG GGC GCC\t0\n"),  # k-mers of 2021
        ("t.csv", "Sequence,Label\nacgta,1\ngggcc,0"),  # other case, no last line end
        ("t.csv", '"sequence","label"\n"ACGTA","1"\n"GGGCC","0"\n'),
        ("t.csv", " sequence , label \nACGTA , 1 \n GGGCC, 0\n"),
        ("t.csv", "\ufeffsequence,label\nACGTA,1\nGGGCC,0\n"),  # byte-order mark
        ("t.csv", "sequence,label\r\nACGTA,1\r\nGGGCC,0\r\n"),
        ("t.csv", "# made by us\n# in two lines\nsequence,label\nACGTA,1\nGGGCC,0\n"),
        ("t.csv", "\n\n# note\n\nsequence,label\nACGTA,1\n\nGGGCC,0\n\n"),  # blank lines
        ("t.txt", "seq,labels\nACGTA,1\nGGGCC,0\n"),
        ("t.csv", "seq,Bound\nACGTA,1\nGGGCC,0\n"),
        ("t.csv", "chrom,sequence,score,label\nchr1,ACGTA,0.5,1\nchr2,GGGCC,0.1,0\n"),  # other columns
        ("t.csv", 'note,sequence,label\n"one, two",ACGTA,1\n"says ""so""",GGGCC,0\n'),
        ("t.csv", "sequence,label\nACGUA,1\nGGGCC,0\n"),  # RNA
        ("t.fa", ">a label=1\nACG\nTA\n>b x label=0 y\nGGGCC\n"),
        ("t.fa", ">a|label=1\nACGTA\n>b|label=0|chr2\nGGGCC\n"),
        ("t.fa", "\ufeff>a label=1\r\nACGTA\r\n>b label=0\r\nGGGCC\r\n"),
    ],
)
def test_two_sequences_and_their_labels_are_read_from(tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path / name, text)
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    for file in (path, packed):
        data = read_set(file, 3)
        assert letters(data) == ["ACGTA", "GGGCC"]
        assert data.labels == ("1", "0")
        assert data.source == str(file)
        assert len(set(data.sequences.ids)) == 2
        assert (data.num_skipped, data.num_ambiguous) == (0, 0)


def test_rows_without_an_id_are_counted_from_1_blank_lines_not(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\nACGTA,1\n\nGGGCC,0\n")
    assert [row.name for row in read_rows(path)] == ["row1", "row2"]
    assert [row.where for row in read_rows(path)] == [f"{path}:2", f"{path}:4"]


@pytest.mark.parametrize("column", ["id", "ID", "name"])
def test_ids_of_the_file_are_kept_and_made_fit_for_one_field(tmp_path: Path, column: str) -> None:
    path = write(tmp_path / "t.csv", f'{column},sequence\n peak one ,ACGTA\n"two\tnew\nlines",GGGCC\n,TTTTT\n')
    assert read_set(path, 3, labels=False).sequences.ids == ("peak one", "two new lines", "row3")


def test_without_labels_wanted_none_are_needed_or_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence\nACGTA\n")
    assert read_set(path, 3, labels=False).labels is None


@pytest.mark.parametrize("names", [("sequence1", "sequence2"), ("seq1", "seq2")])
def test_pairs_have_two_columns(tmp_path: Path, names: tuple[str, str]) -> None:
    path = write(tmp_path / "p.csv", f"{names[1]},label,{names[0]}\nGGG,1,ACGT\nCCC,0,TTT TTA\n")
    data = read_set(path, 3, pair=True)
    assert letters(data) == ["ACGT", "TTTA"]
    assert data.sequences.second is not None
    assert [decode_bases(codes) for codes in data.sequences.second] == ["GGG", "CCC"]
    assert data.labels == ("1", "0")


def test_bed_regions_are_read_from_the_genome_on_their_strand(tmp_path: Path) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n>chr2\nTTTTT\n")
    path = write(tmp_path / "r.bed", "track name=x\n# note\nchr1\t0\t4\t1\t0\t+\nchr1\t0\t4\t0\t0\t-\nchr2\t1\t5\t0\n")
    data = read_set(path, 3, genome=genome)
    assert letters(data) == ["AACC", "GGTT", "TTTT"]
    assert data.labels == ("1", "0", "0")
    assert data.sequences.ids == ("chr1:0-4(+)", "chr1:0-4(-)", "chr2:1-5(.)")
    assert data.where == (f"{path}:3", f"{path}:4", f"{path}:5")


def test_entries_are_taken_in_the_order_asked_for_and_remember_their_genome(tmp_path: Path) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n")
    bed = write(tmp_path / "r.bed", "chr1\t0\t4\ta\nchr1\t2\t6\tb\nchr1\t4\t8\tc\n")
    data = read_set(bed, 3, genome=genome)
    taken = data.take([2, 0, 2])
    assert (letters(taken), taken.labels) == (["GGTT", "AACC", "GGTT"], ("c", "a", "c"))
    assert taken.where == tuple(data.where[row] for row in (2, 0, 2))
    assert str(genome) in taken.inputs()
    assert read_set(bed, 3, genome=genome, labels=False).take([1]).labels is None


def test_both_parts_of_a_set_of_which_some_is_held_out_are_in_a_record(tmp_path: Path) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTACGT\n")
    bed = write(tmp_path / "r.bed", "".join(f"chr1\t{start}\t{start + 4}\t{start % 2}\n" for start in range(8)))
    kept, held = hold_out(read_set(bed, 3, genome=genome), 0.25, 0)
    assert (len(kept), len(held)) == (6, 2)
    with mock.patch.object(labelled, "sha256_of_file", wraps=labelled.sha256_of_file) as hashed:
        found = inputs_of([kept, held])
    assert hashed.call_count == 1  # a genome is read whole for it
    assert found == {**kept.inputs(), **held.inputs()}
    assert found[f"{bed} (content)"] == kept.digest
    assert found[f"{bed}, held out (content)"] == held.digest
    assert str(genome) in found


@pytest.mark.parametrize("suffix", ["narrowPeak", "broadPeak", "bed.gz"])
def test_peak_files_are_bed_files(tmp_path: Path, suffix: str) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n")
    text = b"chr1\t0\t4\tpeak1\t100\t.\t5.0\t2\t1\t2\n"
    path = tmp_path / f"r.{suffix}"
    path.write_bytes(gzip.compress(text, mtime=0) if suffix.endswith("gz") else text)
    assert letters(read_set(path, 3, genome=genome, labels=False)) == ["AACC"]


@pytest.mark.parametrize(
    "content", [b">a label=1\nACGTA\n", b"sequence,label,id\nACGTA,1,a\n", gzip.compress(b"sequence,label,id\nACGTA,1,a\n", mtime=0)]
)
def test_stdin_may_be_fasta_or_a_table_also_packed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    give_stdin(monkeypatch, content)
    data = read_set("-", 3)
    assert letters(data) == ["ACGTA"]
    assert data.labels == ("1",)
    assert data.sequences.ids == ("a",)
    assert data.source == "stdin"
    assert data.where[0] in ("stdin:2", "stdin: a")


def test_a_pipe_is_read_whole_though_it_can_be_read_once_only(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "sequence,label\n" + "ACGTACGTAC,1\n" * 5000
    writer = threading.Thread(target=pipe.write_text, args=(text,))
    writer.start()
    data = read_set(pipe, 3)
    writer.join()
    assert len(data) == 5000
    assert data.where[0] == f"{pipe}:2"


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)


@given(rows=st.lists(st.tuples(st.text("ACGT", min_size=3, max_size=9), CELLS), min_size=1, max_size=8), tab=st.booleans())
def test_whatever_pythons_csv_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], tab: bool) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, delimiter="\t" if tab else ",")
        writer.writerows([("sequence", "label"), *rows])
    found = [(row.sequences[0], row.label) for row in read_rows(path)]
    assert found == [(sequence, " ".join(label.split())) for sequence, label in rows]


def test_an_entry_over_several_lines_is_named_by_its_first_and_moves_the_next(tmp_path: Path) -> None:
    text = '# note\nnote,sequence,label\n"one\ntwo\nthree",ACGTA,1\nx,GGGCC,0\n\n"a\nb",TTTTT\n'
    path = write(tmp_path / "t.csv", text)
    rows = read_rows(path)
    assert [next(rows).where, next(rows).where] == [f"{path}:3", f"{path}:6"]
    with pytest.raises(DataFileError, match=r"t\.csv:8: 2 columns, but the header has 3 \(note, sequence, label\)"):
        next(rows)


AMBIGUOUS = "sequence,label,id\nACGTA,1,a\nACNRA,1,b\nTTTTN,0,c\n"


def test_unk_keeps_entries_with_n_and_counts_their_bases(tmp_path: Path) -> None:
    data = read_set(write(tmp_path / "t.csv", AMBIGUOUS), 3)
    assert (len(data), data.num_ambiguous, data.num_skipped) == (3, 3, 0)
    assert letters(data) == ["ACGTA", "ACNNA", "TTTTN"]


def test_skip_leaves_entries_with_n_out_and_counts_them(tmp_path: Path) -> None:
    data = read_set(write(tmp_path / "t.csv", AMBIGUOUS), 3, ambiguous="skip")
    assert (data.sequences.ids, data.labels, data.where) == (("a",), ("1",), (f"{tmp_path}/t.csv:2",))
    assert (data.num_ambiguous, data.num_skipped) == (0, 2)


def test_error_stops_at_the_first_entry_with_n(tmp_path: Path) -> None:
    with pytest.raises(SequenceError, match=r"t\.csv:3: 2 ambiguous bases \(N or IUPAC\), and --ambiguous is error; use unk or skip"):
        read_set(write(tmp_path / "t.csv", AMBIGUOUS), 3, ambiguous="error")


def test_skipping_every_entry_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\nACN,1\n")
    with pytest.raises(DataFileError, match=r"t\.csv: all 1 entries have ambiguous bases, and --ambiguous is skip"):
        read_set(path, 3, ambiguous="skip")


BAD_TABLES = {
    "empty": ("", DataFileError, r"F: is empty"),
    "blank": ("\n  \n", DataFileError, r"F: is empty"),
    "only a header": ("sequence,label\n", DataFileError, r"F: holds no entries"),
    "only comments": ("# a\n# b\n", DataFileError, r"F:1: the header is ''; it needs a column 'sequence'"),
    "no header": ("ACGTA,1\nGGGCC,0\n", DataFileError, r"F:1: the header is 'acgta, 1'; it needs a column 'sequence' \(or 'sequence1'"),
    "no header after comments": ("# a\nx,y\n", DataFileError, r"F:2: the header is 'x, y'"),
    "other separator": ("sequence;label\nACG;1\n", DataFileError, r"F:1: the header is 'sequence;label'"),
    "half a pair": ("sequence1,label\nACG,1\n", DataFileError, r"F:1: the header is 'sequence1, label'"),
    "columns missing": ("sequence,label\nACGTA,1\nGGG\n", DataFileError, r"F:3: 1 columns, but the header has 2 \(sequence, label\)"),
    "columns over": ("sequence,label\nACGTA,1,2\n", DataFileError, r"F:2: 3 columns, but the header has 2"),
    "open quote": ('sequence,label\nACGTA,1\n"GGG,0\nTTT,1\n', DataFileError, r"F:3: 1 columns, but the header has 2"),
    "label column missing": ("sequence\nACGTA\n", DataFileError, r"F:2: has no label; a table needs a column 'label'"),
    "label empty": ("sequence,label\nACGTA,1\nGGG, \n", DataFileError, r"F:3: has no label"),
    "id twice": ("id,sequence,label\na,ACG,1\nb,CCC,0\na,GGG,0\n", DataFileError, r"F:4: the id a occurs twice \(first at F:2\); ids must"),
    "too short": ("sequence,label\nACGT,1\nAC,0\n", SequenceError, r"F:3: row2: 2 bases are fewer than k = 3; leave it out or use a model"),
    "sequence empty": ("sequence,label\n,1\n", SequenceError, r"F:2: row1: the sequence is empty"),
    "protein": ("sequence,label\nMKVLI,1\n", SequenceError, r"F:2: row1: 'L' at position 4 is not a nucleotide; this looks like protein"),
    "digits": ("sequence,label\nACG1,1\n", SequenceError, r"F:2: row1: '1' at position 4 is not a nucleotide; digits are no DNA"),
    "not ascii": ("sequence,label\nACGÄ,1\n", SequenceError, r"F:2: row1: 'Ä' at position 4 is not a nucleotide"),
    "k-mers apart": (
        "sequence,label\nACG TTT,1\n",
        SequenceError,
        r"F:2: row1: k-mer 2 \(TTT\) does not overlap the one before it \(ACG\)",
    ),
    "k-mers ragged": ("sequence,label\nACG CG,1\n", SequenceError, r"F:2: row1: k-mer 2 \(CG\) has 2 letters, the first has 3"),
    "a pair": (
        "sequence1,sequence2,label\nACG,CCC,1\n",
        DataFileError,
        r"F:2: a pair of sequences where one is needed; for pairs the task is",
    ),
    "fasta without label": (">a\nACGT\n", DataFileError, r"F: a: has no label; .* a FASTA header 'label=\.\.\.'"),
    "fasta twice": (">a label=1\nACGT\n>a label=0\nCCC\n", DataFileError, r"F:3: the name a occurs twice \(first on line 1\)"),
    "fasta too short": (">a label=1\nAC\n", SequenceError, r"F: a: 2 bases are fewer than k = 3"),
    "fasta protein": (">a label=1\nMKVLI\n", SequenceError, r"F: a: 'L' at position 4 is not a nucleotide"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
@pytest.mark.parametrize("channel", ["file", "stdin"])
def test_bad_input_is_one_line_that_names_the_place_and_stdin_is_called_stdin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, channel: str
) -> None:
    text, kind, message = BAD_TABLES[case]
    path = write(tmp_path / "t.csv", text)
    give_stdin(monkeypatch, text.encode())
    with pytest.raises(DnabertError) as caught:
        read_set(path if channel == "file" else "-", 3)
    assert type(caught.value) is kind
    shown = str(caught.value)
    assert "\n" not in shown
    assert "/tmp/dnabert-" not in shown
    name = str(path) if channel == "file" else "stdin"
    assert re.match(message.replace("F:", f"{re.escape(name)}:"), shown), shown


def test_a_single_sequence_where_a_pair_is_needed_names_the_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\nACG,1\n")
    with pytest.raises(DataFileError, match=r"t\.csv:2: one sequence where a pair is needed; the columns are sequence1,sequence2,label"):
        read_set(path, 3, pair=True)


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"absent\.csv: cannot be read: No such file or directory"):
        read_set(tmp_path / "absent.csv", 3)
    with pytest.raises(DataFileError, match=r": is a folder; give a CSV, TSV, FASTA or BED file"):
        read_set(tmp_path, 3)


@pytest.mark.parametrize("damage", ["truncated", "changed", "latin-1", "utf-16", "binary"])
@pytest.mark.parametrize("size", [10, 5000])
def test_a_damaged_or_binary_file_is_an_error_that_names_it(tmp_path: Path, damage: str, size: int) -> None:
    text = "sequence,label\n" + "".join(f"ACGTACGTA{'ACGT'[number % 4]}{'ACGT'[number // 7 % 4]},{number % 2}\n" for number in range(size))
    packed = bytearray(gzip.compress(text.encode(), mtime=0))
    if damage == "truncated":
        content = bytes(packed[: len(packed) // 2])
    elif damage == "changed":
        middle = len(packed) // 2
        packed[middle : middle + 4] = b"\xff\x00\xff\x00"
        content = bytes(packed)
    elif damage == "binary":
        content = bytes(range(256)) * size
    else:
        content = (text + "ACGTACGTA,é\n").encode("latin-1" if damage == "latin-1" else "utf-16")
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DnabertError) as caught:
        read_set(path, 3)
    assert str(caught.value).startswith(f"{path}:")
    assert "\n" not in str(caught.value)


def test_bed_needs_its_genome(tmp_path: Path) -> None:
    path = write(tmp_path / "r.bed", "chr1\t0\t4\t1\n")
    with pytest.raises(DataFileError, match=r"r\.bed: a BED file needs its genome: add --genome FASTA"):
        read_set(path, 3)


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("chr1\t0\t4", DataFileError, r"r\.bed:1: has no label; .* a BED line column 4"),
        ("chr1\t0\t4\t.", DataFileError, r"r\.bed:1: has no label"),
        ("chr9\t0\t4\t1", RegionError, r"r\.bed:1: contig chr9 is not in "),
        ("chr1\t5\t40\t1", RegionError, r"r\.bed:1: end 40 is beyond chr1, which has 10 bases"),
        ("chr1\t5\t3\t1", RegionError, r"r\.bed:1: end 3 is before start 5"),
        ("chr1\t0\t2\t1", SequenceError, r"r\.bed:1: chr1:0-2\(\.\): 2 bases are fewer than k = 3"),
        ("chr1\t0\t4\t1\nchr1\t0\t4\t0", DataFileError, r"r\.bed:2: the id chr1:0-4\(\.\) occurs twice \(first at .*r\.bed:1\)"),
    ],
)
def test_a_bed_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, kind: type[DnabertError], message: str) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n")
    with pytest.raises(kind, match=message):
        read_set(write(tmp_path / "r.bed", line + "\n"), 3, genome=genome)


def test_rows_come_one_by_one_so_that_an_error_at_the_end_does_not_hide_the_first(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\nACGTA,1\nGGG\n")
    rows = read_rows(path)
    assert next(rows) == Row("row1", ("ACGTA",), "1", f"{path}:2")
    with pytest.raises(DataFileError):
        next(rows)


def test_the_header_again_in_the_middle_of_a_table_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\nACGTA,1\nSequence,Label\nGGGCC,0\n")
    with pytest.raises(
        DataFileError, match=r"t\.csv:3: the header again, in the middle of the table; remove this line \(were files joined\?\)"
    ):
        read_set(path, 3)


HEADERS = {
    "ACGTA,1\nGGGCC,0\n": "the first line is an entry, not a header: put a line with the names of the columns, such as sequence and label",
    "ACGTA;1\nGGGCC;0\n": r"the first line is an entry, not a header: .* before it, and separate the columns with .*, not semicolons",
    "sequence;label\nACGTA;1\n": "the columns are separated by semicolons: save the table with commas or tabs",
    "sequence label\nACGTA 1\n": "the columns are separated by blanks: save the table with commas or tabs",
    "sequence|label\nACGTA|1\n": "the columns are separated by bars: save the table with commas or tabs",
    "dna,label\nACGTA,1\n": "the column 'dna' holds DNA: rename it to 'sequence'",
    "a,b,label\nACGTA,GGGCC,1\n": "the columns 'a' and 'b' hold DNA: rename the one to use to 'sequence', or both to 'sequence1' and",
    "x,y\n1,2\n": "a FASTA file begins with '>'",
}


@pytest.mark.parametrize("text", HEADERS)
def test_a_header_without_a_sequence_column_comes_with_what_is_probably_wrong(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataFileError, match=rf"t\.csv:1: the header is .*; it needs a column 'sequence' .*; {HEADERS[text]}"):
        read_set(write(tmp_path / "t.csv", text), 3)


FOREIGN = {
    "##fileformat=VCFv4.2\n#CHROM\tPOS\n": "is a VCF file: variants have no sequences of their own; give a table, FASTA, or BED",
    "##gff-version 3\nchr1\t.\tgene\t1\t9\t.\t+\t.\tID=a\n": "is a GFF file: an annotation has no sequences; dnabert dataset promoters",
    '#!x\nchr1\tA\tgene\t1\t9\t.\t+\t.\tgene_id "a";\n': "is a GTF or GFF file: an annotation has no sequences; dnabert dataset promoters",
    "@HD\tVN:1.6\n": "is a SAM file: aligned reads are no labelled sequences; samtools fasta makes FASTA of it",
    "@read1\nACGT\n+\nIIII\n": "is a FASTQ file; samtools fasta makes FASTA of it",
    "chr1\t0\t9\tpeak\n": r"looks like BED: contig, start, end and no header; name it \.bed and add --genome FASTA",
    "chr1\t0\t9\tp\t1\t.\t1\t1\t1\t4\n": r"looks like BED \(peaks: name it \.narrowPeak\): contig, start, end and no header",
}


@pytest.mark.parametrize("text", FOREIGN)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_another_format_is_called_by_its_name(tmp_path: Path, text: str, packed: bool) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(gzip.compress(text.encode(), mtime=0) if packed else text.encode())
    with pytest.raises(DataFileError, match=rf"t\.csv: {FOREIGN[text]}"):
        read_set(path, 3)


def test_numbers_beside_a_sequence_do_not_make_a_bed_file(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="the first line is an entry, not a header"):
        read_set(write(tmp_path / "t.tsv", "ACGTA\t1\t0\nGGGCC\t0\t0\n"), 3)


MANY_PROBLEMS = """id,sequence,label
a,ACGTA,1

b,MKVLI,1
c,ACGTA
a,GGGCC,
id,sequence,label
d,,0
e,AC,0
f,ACG TTT,0
g,ACG1,1,9
h,acgun,0
"""


def test_with_findings_every_problem_is_noted_and_the_good_entries_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", MANY_PROBLEMS)
    findings = Findings()
    data = read_set(path, 3, findings=findings)
    assert data.sequences.ids == ("a", "h")
    assert letters(data) == ["ACGTA", "ACGTN"]
    assert data.where == (f"{path}:2", f"{path}:12")
    found = {problem.message.removeprefix(f"{path}:")[:32]: problem.kind for problem in findings.problems}
    assert found == {
        "4: b: 'L' at position 4 is not a": "not nucleotides",
        "5: 2 columns, but the header has": "wrong number of columns",
        "6: has no label; a table needs a": "no label",
        "6: the id a occurs twice (first ": "id twice",
        "7: the header again, in the midd": "header again",
        "8: d: the sequence is empty": "empty sequence",
        "9: e: 2 bases are fewer than k =": "too short",
        "10: f: k-mer 2 (TTT) does not ov": "broken k-mers",
        "11: 4 columns, but the header ha": "wrong number of columns",
    }
    assert (findings.num_entries, findings.num_blank_lines, findings.num_lower_case, findings.num_uracil) == (10, 1, 1, 1)
    assert findings.layout is not None
    assert (findings.layout.kind, findings.layout.columns, findings.layout.identity) == ("CSV", ("id", "sequence", "label"), 0)


@pytest.mark.parametrize("case", BAD_TABLES)
def test_the_first_problem_noted_is_the_error_that_stops_training(tmp_path: Path, case: str) -> None:
    path = write(tmp_path / "t.csv", BAD_TABLES[case][0])
    findings = Findings()
    read_set(path, 3, findings=findings)
    with pytest.raises(DnabertError) as caught:
        read_set(path, 3)
    if findings.lacks_label_column:  # one problem of the file, which whoever asks puts into words
        assert "has no label; a table needs a column 'label'" in str(caught.value)
    else:
        assert findings.problems[0].message == str(caught.value)


@given(rows=st.lists(st.sampled_from(["ACGTA,1", "ACG,0", "MEE,1", "AC,1", "ACGTA", "ACGTA,", ",1", "", "sequence,label"]), max_size=12))
def test_what_is_kept_and_what_is_noted_add_up_to_all_entries(tmp_path_factory: pytest.TempPathFactory, rows: list[str]) -> None:
    path = write(tmp_path_factory.mktemp("rows") / "t.csv", "\n".join(["sequence,label", *rows, ""]))
    findings = Findings()
    data = read_set(path, 3, findings=findings)
    entries = [row for row in rows if row]
    assert findings.num_entries == len(entries)
    assert letters(data) == [row[:-2] for row in entries if row in ("ACGTA,1", "ACG,0")]
    noted = {int(problem.message.removeprefix(f"{path}:").split(":")[0]) for problem in findings.problems if problem.kind != "no entries"}
    assert noted == {place for place, row in enumerate(rows, start=2) if row and row not in ("ACGTA,1", "ACG,0")}


def test_problems_of_a_kind_are_counted_when_there_are_many(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "sequence,label\n" + "AC,1\n" * 50 + "ACGTA\n")
    findings = Findings()
    read_set(path, 3, findings=findings)
    assert findings.counts == {"too short": 50, "wrong number of columns": 1}
    assert len(findings.problems) == MAX_SHOWN + 1


def test_findings_about_stdin_call_it_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, b"sequence,label\nACGTA\nMEE,1\n")
    findings = Findings()
    read_set("-", 3, findings=findings)
    assert [problem.message[:8] for problem in findings.problems] == ["stdin:2:", "stdin:3:"]


def test_a_file_that_breaks_off_is_a_problem_and_what_came_before_is_kept(tmp_path: Path) -> None:
    text = "sequence,label\n" + "".join(f"{'ACGT'[number % 4] * 40}{number % 7},1\n"[1:] for number in range(3000))
    path = tmp_path / "t.csv.gz"
    packed = gzip.compress(text.encode(), mtime=0)
    path.write_bytes(packed[: len(packed) - 12])
    findings = Findings()
    read_set(path, 3, findings=findings)
    assert findings.counts["unreadable file"] == 1
    assert findings.num_entries > 100
    assert findings.problems[-1].message.startswith(f"{path}: is no text file, or is damaged: ")


def test_every_bed_region_that_does_not_fit_the_genome_is_noted(tmp_path: Path) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n")
    path = write(tmp_path / "r.bed", "chr1\t0\t4\t1\nchr9\t0\t4\t1\nchr1\t5\t40\t0\nchr1\t4\t9\t0\n")
    findings = Findings()
    data = read_set(path, 3, genome=genome, findings=findings)
    assert data.where == (f"{path}:1", f"{path}:4")
    assert findings.counts == {"region": 2}


def test_every_malformed_bed_line_is_noted(tmp_path: Path) -> None:
    genome = write(tmp_path / "g.fa", ">chr1\nAACCGGTTAC\n")
    path = write(tmp_path / "r.bed", "chr1\t0\t4\t1\nchr1\t5\nchr1\tx\t4\t1\nchr1\t9\t4\t0\nchr1\t4\t9\t0\n")
    findings = Findings()
    data = read_set(path, 3, genome=genome, findings=findings)
    assert data.where == (f"{path}:1", f"{path}:5")
    assert [problem.message.removeprefix(f"{path}:")[:8] for problem in findings.problems] == ["2: 2 col", "3: start", "4: end 4"]
    assert (findings.counts, findings.num_entries) == ({"region": 3}, 5)


def test_every_malformed_fasta_record_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.fa", ">a label=1\nACGTA\n>\nACG\n>b label=1\n>a label=0\nCCCCC\n>c label=0\nGGGGG\n")
    findings = Findings()
    data = read_set(path, 3, findings=findings)
    assert data.sequences.ids == ("a", "c")
    assert [problem.message.removeprefix(f"{path}:")[:20] for problem in findings.problems] == [
        "3: record 2 has no n",
        "5: record b is empty",
        "6: the name a occurs",
    ]
    assert (findings.counts, findings.num_entries) == ({"record": 3}, 5)


def test_with_error_for_ambiguous_bases_every_such_entry_is_noted(tmp_path: Path) -> None:
    findings = Findings()
    data = read_set(write(tmp_path / "t.csv", AMBIGUOUS), 3, ambiguous="error", findings=findings)
    assert data.sequences.ids == ("a",)
    assert findings.counts == {"ambiguous bases": 2}


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("# dnabert 1\n# task: multilabel\nsequence\tlabel\nACGT\ta;b\n", "multilabel"),
        ("# task: dance\nsequence\tlabel\n", None),
        ("sequence\tlabel\nACGT\ta\n# task: token\n", None),
        ("", None),
    ],
)
def test_the_task_that_the_head_of_a_table_names_is_found(text: str, task: str | None, tmp_path: Path) -> None:
    assert stated_task(write(tmp_path / "t.tsv", text)) == task
