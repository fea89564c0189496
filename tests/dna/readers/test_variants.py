import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pysam
import pytest

from dnabert.dna.contigs import ContigNames
from dnabert.dna.readers.variants import ReferenceCheck, Variant, check_references, read_variants
from dnabert.dna.regions import Genome
from dnabert.errors import DataFileError, DnabertError, RegionError

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[4] / "shared" / "data")

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=12>\n##contig=<ID=chr2>\n"
# What pysam adds to a record with <DEL> when it writes BCF must be in the header.
END = '##INFO=<ID=END,Number=1,Type=Integer,Description="x">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
# 1-based:                    123456789012
BASES = {"chr1": "ACGTACGGTTCA", "chr2": "GGGTC"}
RECORDS = [("chr1", 3, "rs1", "G", "A,C"), ("chr1", 5, ".", "ACG", "A"), ("chr2", 4, "b", "T", "<DEL>,*"), ("chr2", 5, ".", "C", ".")]


def text_of(records: list[tuple[str, int, str, str, str]], header: str = HEADER) -> str:
    return header + COLUMNS + "".join("\t".join(map(str, record)) + "\t.\t.\t.\n" for record in records)


def put(folder: Path, content: str | bytes, name: str = "a.vcf") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def message_of(path: Path, kind: type[DnabertError], names: ContigNames | None = None) -> str:
    with pytest.raises(kind) as caught:
        list(read_variants(path, names))
    return str(caught.value).removeprefix(str(path))


@pytest.fixture
def genome(tmp_path: Path) -> Iterator[Genome]:
    path = put(tmp_path, "".join(f">{name}\n{letters}\n" for name, letters in BASES.items()), "g.fa")
    with Genome(path) as opened:
        yield opened


@pytest.mark.parametrize("form", ["plain", "CRLF", "bgzip", "BCF"])
def test_variants_come_out_zero_based_from_every_form_of_file(tmp_path: Path, form: str, capfd: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, text_of(RECORDS, HEADER + END))
    if form == "CRLF":
        path.write_text(path.read_text().replace("\n", "\r\n"))
    if form == "bgzip":
        pysam.tabix_compress(str(path), f"{path}.gz")
        path = Path(f"{path}.gz")
    if form == "BCF":
        with pysam.VariantFile(str(path)) as source, pysam.VariantFile(str(tmp_path / "a.bcf"), "wb", header=source.header) as target:
            for record in source:
                target.write(record)
        path = tmp_path / "a.bcf"
    assert list(read_variants(path, None)) == [
        Variant("chr1", 2, "G", ("A", "C"), "rs1", f"{path}: chr1:3"),
        Variant("chr1", 4, "ACG", ("A",), "", f"{path}: chr1:5"),
        Variant("chr2", 3, "T", ("<DEL>", "*"), "b", f"{path}: chr2:4"),
        Variant("chr2", 4, "C", (), "", f"{path}: chr2:5"),
    ]
    assert capfd.readouterr().err == ""


def test_the_region_of_a_variant_is_its_reference_allele(genome: Genome, tmp_path: Path) -> None:
    variant = list(read_variants(put(tmp_path, text_of(RECORDS)), genome.names))[1]
    assert (str(variant.region), variant.region.where) == ("chr1:4-7", variant.where)


def test_contigs_get_the_names_of_the_genome(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = put(tmp_path, text_of(RECORDS))
    names = ContigNames({"1": 12, "2": 5}, "g.fa")
    assert [(variant.contig, variant.where) for variant in read_variants(path, names)][1:3] == [
        ("1", f"{path}: chr1:5"),
        ("2", f"{path}: chr2:4"),
    ]
    assert caplog.messages == [f"{path}: contigs are named chr1, ..., g.fa has 1, ...: taken for the same"]


def test_stated_lengths_are_compared_for_the_contigs_that_are_used(tmp_path: Path) -> None:
    names = ContigNames({"chr1": 14, "chr2": 5}, "g.fa")
    assert len(list(read_variants(put(tmp_path, text_of(RECORDS[2:])), names))) == 2
    message = message_of(put(tmp_path, text_of(RECORDS)), RegionError, names)
    assert message.startswith(": chr1:3: contig chr1 has 12 bases, but chr1 of g.fa has 14: the files are of different assemblies;")


def test_a_contig_of_elsewhere_is_named(tmp_path: Path) -> None:
    message = message_of(put(tmp_path, text_of(RECORDS)), RegionError, ContigNames({"chr1": 12}, "g.fa"))
    assert message.startswith(": chr2:4: contig chr2 is not in g.fa (it has chr1); ")


def test_a_file_without_contig_lines_is_read_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = put(tmp_path, text_of(RECORDS, "##fileformat=VCFv4.2\n"))
    assert len(list(read_variants(path, ContigNames({"chr1": 12, "chr2": 5}, "g.fa")))) == 4
    rule = "has no ##contig lines, so that the assembly cannot be compared with the genome's by their lengths"
    assert caplog.messages == [f"{path}: {rule}"]


@pytest.mark.parametrize(
    ("content", "begin"),
    [("", ""), ("chr1\t3\t.\tG\tA\n", "chr1\t3\t.\tG\tA"), ("\ufeff" + text_of(RECORDS), "\ufeff##fileformat"), (">chr1\nACGT\n", ">chr1")],
)
def test_a_file_that_is_no_vcf_is_refused(tmp_path: Path, content: str, begin: str) -> None:
    message = message_of(put(tmp_path, content), DataFileError)
    assert message.startswith(f": begins with '{begin}".replace("\t", "\\t").replace("\ufeff", "\\ufeff"))
    assert message.endswith("', not with '##fileformat=VCF': this is no VCF or BCF file")


def test_a_gzip_file_is_refused_with_the_way_to_bgzip(tmp_path: Path) -> None:
    path = put(tmp_path, gzip.compress(text_of(RECORDS).encode(), mtime=0), "a.vcf.gz")
    plain = tmp_path / "a.vcf"
    assert message_of(path, DataFileError) == f": is gzip, and VCF must be plain or bgzip:  gunzip {path} && bgzip {plain}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert message_of(tmp_path / "none.vcf", DataFileError) == ": cannot be read: No such file or directory"


@pytest.mark.parametrize("line", ["chr1\tx\t.\tG\tA\t.\t.\t.\n", "chr1\t7\t.\tG\n", "\n", "chr1\t7", "chr1\t-7\t.\tG\tA\t.\t.\t.\n"])
def test_a_malformed_record_is_named_by_the_one_before(tmp_path: Path, line: str) -> None:
    rule = "cannot be read as VCF or BCF behind chr1:5: the file is truncated or damaged, or a line is malformed"
    assert message_of(put(tmp_path, text_of(RECORDS[:2]) + line), DataFileError) == f": {rule}"


def test_a_file_with_nothing_but_its_first_line_is_refused(tmp_path: Path) -> None:
    message = message_of(put(tmp_path, "##fileformat=VCFv4.2\nchr1\t3\t.\tG\tA\t.\t.\t.\n"), DataFileError)
    assert message == ": cannot be read as VCF or BCF behind its header: the file is truncated or damaged, or a line is malformed"


@pytest.mark.parametrize("cut", [28, 29, 400])
@pytest.mark.parametrize("kind", ["vcf.gz", "bcf"])
def test_a_truncated_file_is_an_error(tmp_path: Path, cut: int, kind: str) -> None:
    many = [("chr1", 1 + number * 7919 % 12, f"r{number * 7907 % 6007}", "ACGT"[number % 4], "G") for number in range(3000)]
    plain = put(tmp_path, text_of(many))
    path = tmp_path / f"a.{kind}"
    if kind == "bcf":
        with pysam.VariantFile(str(plain)) as source, pysam.VariantFile(str(path), "wb", header=source.header) as target:
            for record in source:
                target.write(record)
    else:
        pysam.tabix_compress(str(plain), str(path))
    assert len(list(read_variants(path, None))) == 3000
    path.write_bytes(path.read_bytes()[:-cut])
    assert "the file is truncated or damaged, or a line is malformed" in message_of(path, DataFileError)


def test_reference_alleles_are_compared_with_the_genome(genome: Genome, tmp_path: Path) -> None:
    path = put(tmp_path, text_of([*RECORDS, ("chr1", 12, ".", "a", "T"), ("chr1", 7, ".", "CA", "C"), ("chr1", 2, ".", "ACG-", "A")]))
    # Equal are all but CA (the genome has CG) and ACG-, which is no DNA; none is there one base before or after.
    assert check_references(read_variants(path, genome.names), genome.codes) == ReferenceCheck(7, 5, 0, 0)


@pytest.mark.parametrize(("shift", "expected"), [(0, (9, 2, 2)), (1, (2, 9, 0)), (-1, (2, 0, 9))])
def test_alleles_one_base_beside_are_found(genome: Genome, shift: int, expected: tuple[int, int, int]) -> None:
    # Bases 1 to 9 of chr1 are CGTACGGTT; GG and TT are alike, and so equal to a neighbour, twice. No two bases with one between are.
    variants = [Variant("chr1", at + shift, BASES["chr1"][at], ("N",), "", f"x.vcf: chr1:{at + 1 + shift}") for at in range(1, 10)]
    assert check_references(variants, genome.codes) == ReferenceCheck(9, *expected)


def test_position_zero_is_on_no_base_but_may_be_one_too_small(genome: Genome) -> None:
    variants = [Variant("chr1", -1, "A", ("T",), "", "x.vcf: chr1:0"), Variant("chr2", 0, "G", ("T",), "", "x.vcf: chr2:1")]
    assert check_references(variants, genome.codes) == ReferenceCheck(2, 1, 0, 2)


def test_an_allele_beyond_its_contig_is_named(genome: Genome) -> None:
    with pytest.raises(RegionError) as caught:
        check_references([Variant("chr2", 4, "CA", ("C",), "", "x.vcf: chr2:5")], genome.codes)
    assert str(caught.value) == "x.vcf: chr2:5: end 6 is beyond chr2, which has 5 bases"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (ReferenceCheck(0, 0, 0, 0), None),
        (ReferenceCheck(100, 100, 30, 30), None),
        (ReferenceCheck(100, 50, 30, 95), None),
        (
            ReferenceCheck(2000, 560, 400, 1990),
            "1,440 of 2,000 REF alleles are not the bases of the genome, but 1,990 are one base further on:"
            " the file is 0-based, VCF is 1-based; add 1 to POS",
        ),
        (
            ReferenceCheck(100, 30, 100, 9),
            "70 of 100 REF alleles are not the bases of the genome, but 100 are one base before: take 1 from POS",
        ),
        (
            ReferenceCheck(100, 30, 31, 29),
            "70 of 100 REF alleles are not the bases of the genome: the file is of another assembly;"
            " give the genome that it was made with, or lift it over",
        ),
    ],
)
def test_what_is_wrong_with_most_alleles_is_explained(check: ReferenceCheck, message: str | None) -> None:
    assert check.explanation("x.vcf") == (message and f"x.vcf: {message}")


@pytest.mark.realdata
def test_all_reference_alleles_of_mfass_are_those_of_the_mini_genome() -> None:
    variants, fasta = DATA / "variants" / "mfass.lrg.vcf.gz", DATA / "human" / "lrg_hg38.fa.gz"
    for path in (variants, fasta):
        if not path.exists():
            pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds it")
    with Genome(fasta) as genome:
        found = check_references(read_variants(variants, genome.names), genome.codes)
    assert (found.num_checked, found.num_equal) == (2030, 2030)
