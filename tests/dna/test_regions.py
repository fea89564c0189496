import gzip
import logging
from pathlib import Path

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.regions import Genome, Region, open_text, read_bed, read_bed_rows, require_strand
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, RegionError, SequenceError
from tests.twobit import twobit

# chr1 has 14 bases on three lines, chr2 has 4.
GENOME = ">chr1 of two\nACGTAC\nNNacgt\nTT\n>chr2\nGGGG\n"


def put(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture
def genome(tmp_path: Path) -> Path:
    return put(tmp_path, GENOME, "g.fa")


def bases(path: Path, region: Region) -> str:
    with Genome(path) as reader:
        return decode_bases(reader.codes(region))


def test_regions_of_three_to_more_than_six_columns_in_their_order(tmp_path: Path) -> None:
    text = (
        "# comment\ntrack name=x\nbrowser position chr1\n\nchr1\t0\t3\n"
        "chr2\t1\t4\tpeak 1\t5\t-\nchr1\t2\t3\tb\nchr1 4 5 c 0 +\nchr1\t0\t9\t.\t0\t.\t1\t2\n"
    )
    path = put(tmp_path, text, "a.bed")
    assert list(read_bed(path)) == [
        Region("chr1", 0, 3, "", ".", f"{path}:5"),
        Region("chr2", 1, 4, "peak 1", "-", f"{path}:6"),
        Region("chr1", 2, 3, "b", ".", f"{path}:7"),
        Region("chr1", 4, 5, "c", "+", f"{path}:8"),
        Region("chr1", 0, 9, "", ".", f"{path}:9"),
    ]


def test_contigs_whose_names_begin_like_header_lines_are_kept(tmp_path: Path) -> None:
    path = put(tmp_path, "track7\t0\t3\nbrowser_2\t1\t2\n", "a.bed")
    assert [region.contig for region in read_bed(path)] == ["track7", "browser_2"]


@pytest.mark.parametrize(
    "pack", [gzip.compress, lambda content: b"\xef\xbb\xbf" + content, lambda content: content.replace(b"\n", b"\r\n")]
)
def test_gzip_byte_order_mark_and_crlf_make_no_difference(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    path = put(tmp_path, pack(b"chr1\t0\t3\tn\t0\t-\nchr2\t1\t4\n"), "a.bed")
    assert [(str(region), region.name) for region in read_bed(path)] == [("chr1:0-3(-)", "n"), ("chr2:1-4", "")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5", "2 columns; a BED line has at least contig, start and end"),
        ("chr1\tfive\t9", "start 'five' and end '9' must be whole numbers"),
        ("chr1\t5\t9.0", "start '5' and end '9.0' must be whole numbers"),
        ("chr1\t120\t90", "end 90 is before start 120; BED intervals are 0-based, half-open"),
        ("chr1\t9\t9", "end 9 is not after start 9; BED intervals are 0-based, half-open; if the file is 1-based, take 1 from every start"),
        ("chr1\t1_0\t20", "start '1_0' and end '20' must be whole numbers"),
        (
            'chr1\tHAVANA\texon\t5\t9\t.\t+\t.\tgene_id "g"',
            "this is a line of GTF or GFF3, and BED is wanted; give the file as an annotation (.gtf, .gff3)",
        ),
        ("chr1\t-2\t9", "start -2 is before the contig; BED intervals are 0-based, half-open"),
        ("chr1\t1\t9\tn\t0\tplus", "strand 'plus' is not one of + - ."),
    ],
)
def test_a_malformed_line_is_named_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = put(tmp_path, f"chr1\t0\t3\n{line}\n", "a.bed")
    with pytest.raises(RegionError) as caught:
        list(read_bed(path))
    assert str(caught.value) == f"{path}:2: {message}"


def test_a_region_comes_with_all_columns_of_its_line(tmp_path: Path) -> None:
    path = put(tmp_path, "chr1\t0\t3\tp\t7\t+\t2.5\nchr2 1 4\n", "a.bed")
    assert list(read_bed_rows(path)) == [
        (Region("chr1", 0, 3, "p", "+", f"{path}:1"), ["chr1", "0", "3", "p", "7", "+", "2.5"]),
        (Region("chr2", 1, 4, "", ".", f"{path}:2"), ["chr2", "1", "4"]),
    ]


def test_header_lines_in_the_middle_are_passed_over_and_column_names_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "chrom\tchromStart\tchromEnd\nchr1\t0\t3\n#x\ntrack type=bed\nchr start stop name\nbrowser hide all\n\nchr2\t1\t4\n"
    path = put(tmp_path, text, "a.bed")
    with caplog.at_level(logging.INFO):
        assert [region.where for region in read_bed(path)] == [f"{path}:2", f"{path}:8"]
    assert caplog.messages == [f"{path}:1: column names, passed over", f"{path}:5: column names, passed over"]


def test_single_bases_in_a_one_based_file_are_recognised(tmp_path: Path) -> None:
    path = put(tmp_path, "# sites\nchr1\t9\t9\n\nchr1\t12\t12\nchr2\t1\t1\n", "a.bed")
    with pytest.raises(RegionError) as caught:
        list(read_bed(path))
    assert str(caught.value) == (
        f"{path}:2: start and end are both 9, and alike on every other line: the file is 1-based, BED is 0-based, half-open;"
        " if the file is 1-based, take 1 from every start"
    )


def test_an_empty_interval_among_others_does_not_make_the_file_one_based(tmp_path: Path) -> None:
    path = put(tmp_path, "chr1\t9\t9\nchr1\t12\t15\n", "a.bed")
    with pytest.raises(RegionError, match=r":1: end 9 is not after start 9; BED intervals are 0-based, half-open; if the file is 1-based"):
        list(read_bed(path))


def test_a_bgzip_bed_file_without_its_end_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "chr1\t0\t3\n", "a.bed")
    pysam.tabix_compress(str(path), f"{path}.gz")
    cut = put(tmp_path, Path(f"{path}.gz").read_bytes()[:-28], "cut.bed.gz")
    with pytest.raises(DataFileError, match=r"cut\.bed\.gz: the bgzip file is truncated \(its end block is missing\); fetch it again"):
        list(read_bed(cut))


def test_a_missing_strand_is_an_error_where_it_matters() -> None:
    assert require_strand(Region("chr1", 0, 3, strand="-"), "TSS") == "-"
    with pytest.raises(RegionError) as caught:
        require_strand(Region("chr1", 0, 3, where="a.bed:7"), "TSS")
    assert str(caught.value) == "a.bed:7: has no strand, and a TSS has a direction; write + or - in column 6 of BED, or leave it out"


@pytest.mark.parametrize("content", ["", "\n# nothing\ntrack x\n"])
def test_a_bed_file_without_regions_is_refused(tmp_path: Path, content: str) -> None:
    path = put(tmp_path, content, "a.bed")
    with pytest.raises(DataFileError) as caught:
        list(read_bed(path))
    assert str(caught.value) == f"{path}: holds no regions; a BED line is contig, start, end, separated by tabs"


@pytest.mark.parametrize("damage", ["binary", "cut", "flipped"])
def test_a_damaged_bed_file_is_refused(tmp_path: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(b"chr1\t0\t3\n" * 50 + b"chr2\t7\t8\n", mtime=0))
    flipped = bytes([*packed[:12], packed[12] ^ 0xFF, *packed[13:]])
    content = {"binary": b"\xff\xfe\x00" * 100, "cut": bytes(packed[:-9]), "flipped": flipped}[damage]
    path = put(tmp_path, content, "a.bed")
    with pytest.raises(DataFileError, match=r"a\.bed: is no BED text file, or is damaged: "):
        list(read_bed(path))


def test_text_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        open_text(tmp_path / "none.bed")
    assert str(caught.value) == f"{tmp_path}/none.bed: cannot be read: No such file or directory"
    with pytest.raises(DataFileError, match="cannot be read: Is a directory"):
        open_text(tmp_path)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (Region("chr1", 0, 4), "ACGT"),
        (Region("chr1", 4, 10), "ACNNAC"),
        (Region("chr1", 0, 14, strand="+"), "ACGTACNNACGTTT"),
        (Region("chr1", 0, 8, strand="-"), "NNGTACGT"),
        (Region("chr1", 9, 14, strand="-"), "AAACG"),
        (Region("chr2", 3, 4, strand="."), "G"),
    ],
)
def test_bases_of_a_region_on_its_strand(genome: Path, region: Region, expected: str) -> None:
    assert bases(genome, region) == expected


def test_a_bgzip_genome_gives_the_same_bases_and_makes_both_indices(genome: Path) -> None:
    packed = genome.with_name("g.fa.gz")
    pysam.tabix_compress(str(genome), str(packed))
    for _ in range(2):
        assert bases(packed, Region("chr1", 3, 13, strand="-")) == "AACGTNNGTA"
        assert sorted(path.name for path in genome.parent.iterdir()) == ["g.fa", "g.fa.gz", "g.fa.gz.fai", "g.fa.gz.gzi"]


def test_a_2bit_genome_gives_the_same_bases(tmp_path: Path) -> None:
    path = put(tmp_path, twobit([("chr1", "ACGTACNNacgtTT"), ("chr2", "GGGG")]), "g.2bit")
    assert bases(path, Region("chr1", 3, 13, strand="-")) == "AACGTNNGTA"
    assert bases(path, Region("2", 3, 4)) == "G"


COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(alphabet="ACGTN", min_size=1, max_size=150), min_size=1, max_size=3), st.integers(1, 70), st.booleans(), st.data())
def test_bed_lines_give_the_bases_of_their_intervals_on_both_strands(
    tmp_path_factory: pytest.TempPathFactory, contigs: list[str], width: int, as_twobit: bool, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("genome")
    named = [(f"c{number}", letters) for number, letters in enumerate(contigs)]
    if as_twobit:
        path = put(folder, twobit(named), "g.2bit")
    else:
        lines = [f">{name}\n" + "".join(f"{text[at : at + width]}\n" for at in range(0, len(text), width)) for name, text in named]
        path = put(folder, "".join(lines), "g.fa")
    expected, rows = [], []
    for number in range(6):
        name, letters = data.draw(st.sampled_from(named))
        start = data.draw(st.integers(0, len(letters) - 1))
        end = data.draw(st.integers(start + 1, len(letters)))
        strand = data.draw(st.sampled_from("+-."))
        rows.append(f"{name}\t{start}\t{end}\tr{number}\t0\t{strand}\n")
        reverse = "".join(COMPLEMENT[base] for base in reversed(letters[start:end]))
        expected.append((f"r{number}", strand, end - start, reverse if strand == "-" else letters[start:end]))
    bed = put(folder, "".join(rows), "a.bed")
    with Genome(path) as genome:
        found = [(region.name, region.strand, region.end - region.start, decode_bases(genome.codes(region))) for region in read_bed(bed)]
    assert found == expected


def test_contigs_named_without_chr_are_found_and_told_once(genome: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Genome(genome) as reader:
        for line in (1, 2):
            assert decode_bases(reader.codes(Region("1", 0, 4, where=f"a.bed:{line}"))) == "ACGT"
    assert caplog.messages == [f"a.bed: contigs are named 1, ..., {genome} has chr1, ...: taken for the same"]


def test_a_genome_that_became_shorter_gives_no_short_sequence(genome: Path) -> None:
    genome.write_text(f">chr1\n{'ACGT' * 50_000}\n>chr2\nGGGG\n")  # more than a reader reads ahead
    with Genome(genome) as reader:
        genome.write_bytes(genome.read_bytes()[:-3])
        with pytest.raises(DataFileError) as caught:
            reader.codes(Region("chr2", 0, 4))
    rule = "the file is damaged, or its index is of another file; remove its .fai"
    assert str(caught.value) == f"{genome}: chr2:0-4 cannot be read: {rule}"


def test_lengths_of_all_contigs_are_known(genome: Path) -> None:
    with Genome(genome) as reader:
        assert reader.lengths == {"chr1": 14, "chr2": 4}


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region("chr1", 9, 15, where="a.bed:3"), "a.bed:3: end 15 is beyond chr1, which has 14 bases"),
        (
            Region("7", 0, 2, where="a.bed:4"),
            "a.bed:4: contig 7 is not in {genome} (it has chr1, chr2); give the genome that the positions refer to,"
            " or leave such entries out",
        ),
        (Region("chr1", -3, 2), "chr1:-3-2: chr1:-3-2 is no interval of chr1; 0 <= start < end must hold"),
        (Region("chr1", 2, 2, where="a.bed:5"), "a.bed:5: chr1:2-2 is no interval of chr1; 0 <= start < end must hold"),
        (Region("chr2", 2, 5, strand="-"), "chr2:2-5(-): end 5 is beyond chr2, which has 4 bases"),
    ],
)
def test_a_region_that_is_not_on_the_genome_is_named(genome: Path, region: Region, message: str) -> None:
    with pytest.raises(RegionError) as caught:
        bases(genome, region)
    assert str(caught.value) == message.format(genome=genome)


def test_letters_that_are_no_nucleotides_are_named_with_the_region(tmp_path: Path) -> None:
    path = put(tmp_path, ">n\nACGT\n>p\nACGT\nAE\n", "p.fa")
    with pytest.raises(SequenceError) as caught:
        bases(path, Region("p", 1, 6, strand="-"))
    assert str(caught.value).startswith(f"p:1-6(-): {path}:5: p: 'E' at position 6 is not a nucleotide; this looks like protein")


def test_a_missing_genome_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        Genome(tmp_path / "none.fa")
    assert str(caught.value) == f"{tmp_path}/none.fa: cannot be read: No such file or directory"
    with pytest.raises(DataFileError, match="cannot be read: Is a directory"):
        Genome(tmp_path)
