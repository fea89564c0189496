from pathlib import Path

import numpy as np
import pyBigWig
import pytest

from dnabert.dna.readers.tracks import Track
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError, RegionError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """chr1 has 1.5 on [10, 15), 3 on [20, 30) and -2 on [30, 31) of 1000 bases; chr2 has nothing."""
    file = tmp_path / "s.bw"
    track = pyBigWig.open(str(file), "w")
    track.addHeader([("chr1", 1000), ("chr2", 50)])
    track.addEntries(["chr1"] * 3, [10, 20, 30], ends=[15, 30, 31], values=[1.5, 3.0, -2.0])
    track.close()
    return file


def test_values_by_base_and_nan_where_there_are_none(path: Path) -> None:
    with Track(path) as track:
        assert track.lengths == {"chr1": 1000, "chr2": 50}
        values = track.values("chr1", 8, 22)
        assert values.dtype == np.float64
        np.testing.assert_array_equal(values, [np.nan] * 2 + [1.5] * 5 + [np.nan] * 5 + [3.0] * 2)
        assert np.isnan(track.values("chr2", 0, 50)).all()


@pytest.mark.parametrize(("start", "end", "summit"), [(0, 1000, 20), (0, 20, 10), (25, 40, 25), (30, 35, 30), (12, 13, 12)])
def test_the_summit_is_the_leftmost_of_the_highest_values(path: Path, start: int, end: int, summit: int) -> None:
    with Track(path) as track:
        assert track.summit(Region("chr1", start, end)) == summit


def test_contigs_may_be_named_without_chr_and_it_is_told(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Track(path) as track:
        assert track.summit(Region("1", 0, 50, where="p.bed:1")) == 20
        assert track.values("1", 10, 11).tolist() == [1.5]
    assert caplog.messages == [f"p.bed: contigs are named 1, ..., {path} has chr1, ...: taken for the same"]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region("chr2", 0, 9, where="p.bed:3"), "p.bed:3: {path} has no value in chr2:0-9; leave the region out, or take its middle"),
        (Region("chr2", 40, 51), "chr2:40-51: chr2:40-51 is not within chr2 of {path}, which has 50 bases"),
        (Region("chr2", -1, 5, where="p.bed:4"), "p.bed:4: chr2:-1-5 is not within chr2 of {path}, which has 50 bases"),
        (
            Region("chr9", 0, 5, where="p.bed:5"),
            "p.bed:5: contig chr9 is not in {path} (it has chr1, chr2); give the genome that the positions refer to,"
            " or leave such entries out",
        ),
    ],
)
def test_a_region_without_a_summit_is_named(path: Path, region: Region, message: str) -> None:
    with Track(path) as track, pytest.raises(RegionError) as caught:
        track.summit(region)
    assert str(caught.value) == message.format(path=path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"variableStep chrom=chr1\n", "is no bigWig file; wigToBigWig or bedGraphToBigWig (UCSC) make one"),
        (b"", "is no bigWig file; wigToBigWig or bedGraphToBigWig (UCSC) make one"),
        (bytes.fromhex("ebf28987") + bytes(60), "is bigBed, which has intervals; a signal is wanted: give a bigWig file"),
        (bytes.fromhex("8789f2eb") + bytes(60), "is bigBed, which has intervals; a signal is wanted: give a bigWig file"),
    ],
)
def test_a_file_that_is_no_bigwig_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.bw"
    path.write_bytes(content)
    with pytest.raises(DataFileError) as caught:
        Track(path)
    assert str(caught.value) == f"{path}: {message}"


def test_a_missing_track_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        Track(tmp_path / "none.bw")
    assert str(caught.value) == f"{tmp_path}/none.bw: cannot be read: No such file or directory"


def test_a_truncated_track_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataFileError) as caught:
        Track(path)
    assert str(caught.value) == f"{path}: the bigWig file is truncated or damaged; fetch it again"


def test_damage_behind_the_header_is_an_error(path: Path) -> None:
    content = bytearray(path.read_bytes())
    start = int.from_bytes(content[16:24], "little") + 8  # the first packed block, behind the count of blocks
    content[start : start + 4] = b"\xff" * 4
    path.write_bytes(content)
    with Track(path) as track, pytest.raises(DataFileError) as caught:
        track.values("chr1", 0, 50)
    assert str(caught.value) == f"{path}: chr1:0-50 cannot be read: the bigWig file is truncated or damaged; fetch it again"
