"""Packed variant files appear whole, with the index that their contigs need, or not at all."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pysam
import pytest

from dnabert.errors import OutputError
from dnabert.infer.packed_vcf import TABIX_LIMIT_BP, check_ending, open_variant_output

LONG_BP = 600_000_000
HEAD = '##fileformat=VCFv4.3\n##contig=<ID=long,length={length}>\n##INFO=<ID=X,Number=A,Type=Float,Description="x">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
ROWS = [
    "long\t12\ta\tA\tT\t.\t.\tX=0.5\n",
    f"long\t{LONG_BP - 90}\tb\tAC\tA,<DEL>\t3.5\tPASS\tX=0.125,1e-07\n",
    f"long\t{LONG_BP - 1}\tc\tG\tC\t.\t.\t.\n",
]


def _write(path: Path, rows: Iterable[str], *, make_index: bool = True, longest_bp: int = LONG_BP, head: str = HEAD) -> None:
    with open_variant_output(path, make_index, longest_bp) as handle:
        handle.write(head.format(length=longest_bp) + COLUMNS)
        for row in rows:
            handle.write(row)


def _records(path: Path, start: int | None = None) -> list[str]:
    with pysam.VariantFile(str(path)) as file:
        return [str(record) for record in (file if start is None else file.fetch("long", start, start + 100))]


@pytest.mark.parametrize("name", ["x.vcf.gz", "x.bcf"])
def test_records_near_the_end_of_a_contig_of_600_mbp_are_found_by_the_index(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _write(path, ROWS)
    assert _records(path) == ROWS
    assert _records(path, LONG_BP - 100) == ROWS[1:]
    assert sorted(each.name for each in tmp_path.iterdir()) == [name, f"{name}.csi"]


def test_the_index_is_tabix_up_to_512_mbp_and_csi_beyond(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf.gz"
    _write(path, ROWS[:1], longest_bp=TABIX_LIMIT_BP)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.vcf.gz", "x.vcf.gz.tbi"]
    _write(path, ROWS)  # over it: an index of the other kind would be of the file before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.vcf.gz", "x.vcf.gz.csi"]
    _write(path, ROWS[::-1], make_index=False)
    assert [each.name for each in tmp_path.iterdir()] == ["x.vcf.gz"]
    assert _records(path) == ROWS[::-1]


def test_bcf_holds_the_records_of_the_vcf(tmp_path: Path) -> None:
    for name in ("x.vcf", "x.bcf"):
        _write(tmp_path / name, ROWS)
    assert _records(tmp_path / "x.bcf") == _records(tmp_path / "x.vcf") == ROWS
    with pysam.VariantFile(str(tmp_path / "x.bcf")) as file:
        assert file.format == "BCF"
        assert "bcftools" not in str(file.header)


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz", "x.bcf"])
def test_an_error_leaves_what_was_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _write(path, ROWS)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}

    def stopped() -> Iterator[str]:
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _write(path, stopped())
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_what_htslib_cannot_write_as_bcf_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"x.bcf: could not be written as BCF .*; write .vcf.gz, or give it more room"):
        _write(tmp_path / "x.bcf", ["other\t5\t.\tA\tT\t.\t.\t.\n"])
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused() -> None:
    with pytest.raises(OutputError, match=r"x.txt: scored variants are written as .vcf, or as .vcf.gz \(bgzip\) or .bcf with an index"):
        check_ending(Path("x.txt"))
