import gzip
from pathlib import Path

import pyBigWig
import pytest

from dnabert.dna.readers.kinds import refuse_other_kinds
from dnabert.errors import DataFileError
from tests.twobit import twobit

VARIANTS, SEQUENCES = "which lists variants", "which holds sequences"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"##fileformat=VCFv4.3\n", f"VCF, {VARIANTS}"),
        (b"\xef\xbb\xbf##fileformat=VCFv4.3\n", f"VCF, {VARIANTS}"),
        (b"#CHROM\tPOS\tID\tREF\tALT\n", f"VCF, {VARIANTS}"),
        (b"BCF\2\2", f"BCF, {VARIANTS}"),
        (b"\n\n>chr1\nACGT\n", f"FASTA, {SEQUENCES}"),
        (twobit([("a", "ACGT")]), f"2bit, {SEQUENCES}"),
        (b"@HD\tVN:1.6\n", "SAM, which holds aligned reads"),
        (b"BAM\1", "BAM, which holds aligned reads"),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_is_wanted(tmp_path: Path, content: bytes, kind: str, packed: bool) -> None:
    path = tmp_path / "a.bed"
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    with pytest.raises(DataFileError) as caught:
        refuse_other_kinds(path, "peaks (BED)")
    assert str(caught.value) == f"{path}: is {kind}; give peaks (BED)"


def test_a_signal_is_named(tmp_path: Path) -> None:
    track = pyBigWig.open(str(tmp_path / "s.bw"), "w")
    track.addHeader([("chr1", 9)])
    track.addEntries(["chr1"], [0], ends=[9], values=[1.0])
    track.close()
    with pytest.raises(DataFileError, match=r"s\.bw: is bigWig, which holds a signal; give peaks"):
        refuse_other_kinds(tmp_path / "s.bw", "peaks")
    (tmp_path / "s.bb").write_bytes((0x8789F2EB).to_bytes(4, "little"))
    with pytest.raises(DataFileError, match=r"s\.bb: is bigBed; bigBedToBed \(UCSC\) makes BED of it; give peaks"):
        refuse_other_kinds(tmp_path / "s.bb", "peaks")


@pytest.mark.parametrize("content", [b"", b"# a\nchr1\t5\t9\n", b"##gff-version 3\n", b'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "g";\n'])
def test_lists_of_intervals_pass(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.bed"
    path.write_bytes(content)
    refuse_other_kinds(path, "peaks")


def test_a_file_that_is_missing_or_cut_off_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"none\.bed: cannot be read: No such file or directory"):
        refuse_other_kinds(tmp_path / "none.bed", "peaks")
    path = tmp_path / "a.bed.gz"
    path.write_bytes(gzip.compress(b"chr1\t5\t9\n" * 9, mtime=0)[:14])
    with pytest.raises(DataFileError, match=r"a\.bed\.gz: the gzip file is truncated or damaged \(.*\); fetch it again"):
        refuse_other_kinds(path, "peaks")
