import gzip
from pathlib import Path
from typing import Literal

import pytest

from dnabert.dna.readers.peaks import Peak, read_peaks
from dnabert.dna.regions import Region
from dnabert.errors import DataFileError, DnabertError, RegionError

Summit = Literal["required", "center"]


def put(folder: Path, content: str | bytes, name: str = "a.bed") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def narrow(start: int = 100, end: int = 140, summit: object = 7, signal: object = 5.25) -> str:
    return f"chr1\t{start}\t{end}\tp\t900\t.\t{signal}\t-1\t3.2\t{summit}\n"


def message_of(path: Path, kind: type[DnabertError], summit: Summit = "required") -> str:
    with pytest.raises(kind) as caught:
        read_peaks(path, summit)
    return str(caught.value).removeprefix(f"{path}:")


@pytest.mark.parametrize("form", ["plain", "gzip", "CRLF", "byte-order mark"])
def test_summits_and_signals_of_narrow_peaks(tmp_path: Path, form: str) -> None:
    text = "track type=narrowPeak\n" + narrow() + narrow(0, 8, 0, 1e3) + narrow(5, 9, 3)
    content = {
        "gzip": gzip.compress(text.encode(), mtime=0),
        "CRLF": text.replace("\n", "\r\n").encode(),
        "byte-order mark": b"\xef\xbb\xbf" + text.encode(),
    }
    path = put(tmp_path, content.get(form, text.encode()), "a.narrowPeak")
    assert read_peaks(path, "required") == [
        Peak(Region("chr1", 100, 140, "p", ".", f"{path}:2"), 107, 5.25, f"{path}:2"),
        Peak(Region("chr1", 0, 8, "p", ".", f"{path}:3"), 0, 1000.0, f"{path}:3"),
        Peak(Region("chr1", 5, 9, "p", ".", f"{path}:4"), 8, 5.25, f"{path}:4"),
    ]


def test_an_interval_of_one_base_is_its_own_summit(tmp_path: Path) -> None:
    # The summits file of MACS.
    path = put(tmp_path, "chr1\t500\t501\tpeak_1\t23.5\nchr1\t0\t1\n", "x_summits.bed")
    assert [(peak.summit, peak.score) for peak in read_peaks(path, "required")] == [(500, 23.5), (0, 0.0)]


@pytest.mark.parametrize(
    ("line", "summit", "score"),
    [
        (narrow(), 120, 5.25),
        (narrow(summit=-1), 120, 5.25),
        ("chr1\t100\t141\tb\t700\t.\t8.5\t2\t1\n", 120, 8.5),
        ("chr1\t100\t140\n", 120, 0.0),
        ("chr1\t100\t140\tb\t77\n", 120, 77.0),
        ("chr1\t100\t140\tb\t.\t+\n", 120, 0.0),
        ("chr1\t100\t140\tb\t7\t+\t100\t140\t0\t1\t40\t0\n", 120, 7.0),
    ],
    ids=["narrowPeak", "narrowPeak without summit", "broadPeak", "BED3", "BED5", "BED6 without score", "BED12"],
)
def test_the_middle_of_every_kind_of_peak(tmp_path: Path, line: str, summit: int, score: float) -> None:
    (peak,) = read_peaks(put(tmp_path, line), "center")
    assert (peak.summit, peak.score) == (summit, score)


@pytest.mark.parametrize(
    ("lines", "scores"),
    [
        (["100\t140\tb\t700\t.\t100\t140\t255,0,0"], [700]),
        (["100\t140\tb\t700\t.\t90\t150\t255,0,0", "200\t240\tb\t.\t.\t200\t240\t0"], [700, 0]),
        (["100\t140\tb\t700\t.\t110\t120\t0", "200\t240\tb\t650.5\t.\t0\t0\t0"], [700, 650.5]),
        (["100\t140\tb\t700\t.\t8.5\t2\t0"], [8.5]),
        (["0\t16571\tb\t700\t.\t37\t40\t3", "100\t140\tb\t700\t.\t12\t3\t0"], [37, 12]),  # the first alone could be BED9
        (["0\t16571\tb\t700\t.\t37\t40\t-1"], [37]),
    ],
    ids=["colour", "colour in one line", "thick", "broadPeak with q-value 0", "broadPeak of whole numbers", "broadPeak without q-value"],
)
def test_nine_columns_are_broad_peaks_or_bed_with_thick_parts(tmp_path: Path, lines: list[str], scores: list[float]) -> None:
    path = put(tmp_path, "".join(f"chr1\t{line}\n" for line in lines))
    assert [peak.score for peak in read_peaks(path, "center")] == scores


def test_the_score_of_bed9_is_checked(tmp_path: Path) -> None:
    path = put(tmp_path, "chr1\t1\t9\tp\tmany\t.\t1\t9\t1,2,3\n")
    assert message_of(path, RegionError, "center") == "1: the score 'many' (column 5) is not a number"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (narrow(summit=-1), "column 10 is -1"),
        ("chr1\t100\t140\tb\t700\t.\t8.5\t2\t1\n", "9 columns, and narrowPeak has 10"),
        ("chr1\t100\t140\n", "3 columns, and narrowPeak has 10"),
        ("chr1\t100\t140\tb\t7\t+\t100\t140\t0\t1\t40\t0\n", "12 columns, and narrowPeak has 10"),
    ],
)
def test_a_peak_without_a_summit_is_named_with_the_way_out(tmp_path: Path, line: str, reason: str) -> None:
    message = message_of(put(tmp_path, narrow() + line), DataFileError)
    assert message == f"2: the peak has no summit ({reason}); take the middle with  --summit center  or give the signal as a bigWig"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            narrow(summit=40),
            "1: the summit 40 (column 10) is outside the peak of 40 bases; it is counted from the peak's start",
        ),
        (narrow(summit=-2), "1: the summit -2 (column 10) is outside the peak of 40 bases; it is counted from the peak's start"),
        (narrow(summit="x"), "1: the summit 'x' (column 10) must be a whole number, counted from the start"),
        (narrow(signal="high"), "1: the score 'high' (column 7) is not a number"),
        (narrow(signal="nan"), "1: the score 'nan' (column 7) is not a number"),
        (narrow(140, 100), "1: end 100 is before start 140; BED intervals are 0-based, half-open"),
    ],
)
def test_a_malformed_peak_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    assert message_of(put(tmp_path, line), RegionError) == message


def test_a_score_that_is_no_number_is_named_with_its_column(tmp_path: Path) -> None:
    assert message_of(put(tmp_path, "chr1\t1\t9\tp\tmany\n"), RegionError, "center") == "1: the score 'many' (column 5) is not a number"
