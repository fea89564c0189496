from collections import Counter
from pathlib import Path

import pyBigWig
import pytest

from dnabert.data.datasets.tfbs import TfbsConfig, factor_names
from dnabert.data.datasets.tfbs.factors import Factor, best_peaks, read_factors
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.errors import DataFileError, RegionError


@pytest.fixture
def store(tmp_path: Path) -> GenomeStore:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\n" + "ACGT" * 25 + "\n>chr2\n" + "GATTACA" * 10 + "\n")
    return build_genome([path], tmp_path / "cache")


def narrow(path: Path, *peaks: tuple[str, int, int, int, float], strand: str = ".") -> Path:
    """A narrowPeak file of contig, start, end, summit and signal."""
    rows = [f"{contig}\t{start}\t{end}\t.\t0\t{strand}\t{signal}\t-1\t-1\t{summit - start}" for contig, start, end, summit, signal in peaks]
    path.write_text("\n".join(rows) + "\n")
    return path


def read(store: GenomeStore, paths: list[Path], counts: Counter[str] | None = None, **settings: object) -> list[Factor]:
    return read_factors(store, paths, TfbsConfig.model_validate(settings), Counter() if counts is None else counts)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("CTCF.narrowPeak", "CTCF"),
        ("CTCF.bed.gz", "CTCF"),
        ("CTCF_K562.bed.narrowPeak.gz", "CTCF_K562"),
        ("p53.idr.NARROWPEAK", "p53.idr"),
        ("REST.broadPeak", "REST"),
        ("NFE2 v2.txt", "NFE2 v2.txt"),
        ("GATA1", "GATA1"),
    ],
)
def test_a_factor_is_named_by_its_file(file: str, name: str) -> None:
    assert factor_names([Path("some.bed") / file]) == [name]


@pytest.mark.parametrize(
    "file", ["A;B.bed", "none.bed", "None.narrowPeak.gz", ".bed", " .bed", "a\tb.bed", "#1.bed", "REST#2.bed", '"a".bed']
)
def test_a_name_that_cannot_be_a_label_is_an_error(file: str) -> None:
    name = file.removesuffix(".gz").removesuffix(".narrowPeak").removesuffix(".bed").strip()
    with pytest.raises(DataFileError) as caught:
        factor_names([Path(file)])
    assert str(caught.value) == (
        f"{file}: the file names the factor, and {name!r} cannot be a label and the head of a column: it must not be empty, be 'none', or"
        """ hold ; # " or a tab; rename the file"""
    )


def test_two_files_of_one_name_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        factor_names([Path("a/CTCF.bed"), Path("b/CTCF.bed.gz")])
    assert str(caught.value) == "b/CTCF.bed.gz: names the factor CTCF, and so does a/CTCF.bed; rename one of them"
    with pytest.raises(DataFileError) as caught:
        factor_names([tmp_path / "CTCF.bed", tmp_path / "x" / ".." / "CTCF.bed"])
    assert str(caught.value) == f"{tmp_path}/x/../CTCF.bed: is given twice"


def test_peaks_are_arrays_in_store_coordinates_by_summit(store: GenomeStore, tmp_path: Path) -> None:
    path = tmp_path / "B.narrowPeak"
    narrow(path, ("chr2", 10, 30, 12, 5), ("chr1", 40, 90, 80, 7), ("chr1", 50, 90, 60, 1), strand="-")
    (factor,) = read(store, [path])
    assert (factor.name, factor.file, len(factor)) == ("B", "B.narrowPeak", 3)
    assert factor.starts.tolist() == [50, 40, 110]
    assert factor.ends.tolist() == [90, 90, 130]
    assert factor.summits.tolist() == [60, 80, 112]
    assert factor.scores.tolist() == [1, 7, 5]
    assert factor.lines.tolist() == [3, 2, 1]
    assert factor.strands.tolist() == [-1, -1, -1]
    assert factor.strengths.tolist() == [0.5 / 3, 2.5 / 3, 1.5 / 3]


def test_factors_come_by_name_and_counts_tell_what_was_read(store: GenomeStore, tmp_path: Path) -> None:
    second = narrow(tmp_path / "B.narrowPeak", ("chr1", 0, 9, 4, 1))
    first = narrow(tmp_path / "A.narrowPeak", ("chr1", 0, 9, 5, 1), ("chr3", 0, 9, 5, 1), ("chr1", 20, 29, 25, 1))
    counts: Counter[str] = Counter()
    factors = read(store, [second, first], counts, skip_unknown_contigs=True)
    assert [(factor.name, len(factor)) for factor in factors] == [("A", 2), ("B", 1)]
    assert counts == {"peaks read": 4, "peaks of contigs that the genome lacks": 1}


def test_contigs_without_chr_are_found_and_the_log_says_so(store: GenomeStore, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (factor,) = read(store, [narrow(tmp_path / "A.narrowPeak", ("2", 10, 30, 12, 5))])
    assert factor.summits.tolist() == [112]
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path}/A.narrowPeak: contigs are named 2, ...")


def test_a_contig_that_the_genome_lacks_is_an_error(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "A.narrowPeak", ("chr1", 0, 9, 4, 1), ("chr9", 0, 9, 4, 1))
    with pytest.raises(RegionError, match=r"A.narrowPeak:2: contig chr9 is not in .*g.fa \(it has chr1, chr2\)"):
        read(store, [path])
    path = narrow(tmp_path / "A.narrowPeak", ("chr8", 0, 9, 4, 1), ("chr9", 0, 9, 4, 1))
    with pytest.raises(DataFileError) as caught:
        read(store, [path], skip_unknown_contigs=True)
    assert str(caught.value) == f"{path}: all 2 peaks are on contigs that the genome lacks (chr8, ...)"


def test_a_peak_beyond_its_contig_is_an_error_with_its_line(store: GenomeStore, tmp_path: Path) -> None:
    path = narrow(tmp_path / "A.narrowPeak", ("chr1", 0, 9, 4, 1), ("chr1", 90, 101, 95, 1))
    with pytest.raises(RegionError) as caught:
        read(store, [path])
    assert str(caught.value) == f"{path}:2: chr1:90-101 is not within chr1, which has 100 bases"


def test_a_genome_is_no_list_of_peaks(store: GenomeStore, tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    with pytest.raises(DataFileError) as caught:
        read(store, [path])
    assert str(caught.value) == f"{path}: is FASTA, which holds sequences; give peaks (narrowPeak, broadPeak or BED)"


def test_two_files_with_the_same_peaks_are_an_error(store: GenomeStore, tmp_path: Path) -> None:
    paths = [narrow(tmp_path / f"{name}.narrowPeak", ("chr1", 0, 9, 4, 1), ("chr2", 0, 9, 4, 1)) for name in "BA"]
    with pytest.raises(DataFileError) as caught:
        read(store, paths)
    assert str(caught.value) == f"{paths[0]}: has the same peaks as {paths[1]}; leave one of them out"


def test_an_empty_file_a_peak_without_summit_and_a_summit_outside_are_errors(store: GenomeStore, tmp_path: Path) -> None:
    empty = tmp_path / "A.bed"
    empty.write_text("# nothing\n")
    with pytest.raises(DataFileError, match=r"A.bed: holds no regions"):
        read(store, [empty])
    plain = tmp_path / "B.bed"
    plain.write_text("chr1\t10\t21\n")
    with pytest.raises(DataFileError, match=r"B.bed:1: the peak has no summit"):
        read(store, [plain])
    assert read(store, [plain], summit="center")[0].summits.tolist() == [15]
    outside = narrow(tmp_path / "C.narrowPeak", ("chr1", 10, 20, 20, 1))
    with pytest.raises(RegionError, match=r"C.narrowPeak:1: the summit 10 \(column 10\) is outside the peak of 10 bases"):
        read(store, [outside])


def signal(path: Path) -> Path:
    """A bigWig with the value of a base its position modulo 7, on bases 10-60 of chr1."""
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([("chr1", 100), ("chr2", 70)])
        track.addEntries("chr1", 10, values=[float(place % 7) for place in range(10, 60)], span=1, step=1)
    return path


def test_signal_gives_the_summit_whatever_the_peak_file_says(store: GenomeStore, tmp_path: Path) -> None:
    peaks = narrow(tmp_path / "A.narrowPeak", ("chr1", 14, 30, 15, 1), ("chr1", 57, 70, 69, 1))
    track = signal(tmp_path / "s.bw")
    assert read(store, [peaks], signal=track)[0].summits.tolist() == [20, 59]
    assert read(store, [peaks], signal=track, summit="center")[0].summits.tolist() == [20, 59]


def test_a_peak_without_signal_is_an_error_or_takes_its_middle(store: GenomeStore, tmp_path: Path) -> None:
    peaks = tmp_path / "A.bed"
    peaks.write_text("chr1\t70\t81\nchr1\t12\t22\n")
    track = signal(tmp_path / "s.bw")
    with pytest.raises(RegionError, match=r"A.bed:1: .*s.bw has no value in chr1:70-81; leave the region out, or take its middle"):
        read(store, [peaks], signal=track)
    assert read(store, [peaks], signal=track, summit="center")[0].summits.tolist() == [13, 75]


@pytest.fixture
def scored(store: GenomeStore, tmp_path: Path) -> Factor:
    peaks = [("chr1", place, place + 5, place + 2, score) for place, score in ((0, 3.0), (10, 9), (20, 3), (30, 4), (40, 1))]
    return read(store, [narrow(tmp_path / "A.narrowPeak", *peaks)])[0]


@pytest.mark.parametrize(
    ("settings", "summits", "counts"),
    [
        ({}, [2, 12, 22, 32, 42], {}),
        ({"min_score": 3}, [2, 12, 22, 32], {"peaks with a score below 3": 1}),
        ({"top": 3}, [2, 12, 32], {"peaks beyond the 3 best of a file": 2}),
        ({"top": 9}, [2, 12, 22, 32, 42], {}),
        ({"min_score": 3.5, "top": 1}, [12], {"peaks with a score below 3.5": 3, "peaks beyond the 1 best of a file": 1}),
    ],
)
def test_the_best_peaks_by_score_are_kept_of_equals_the_first(
    scored: Factor, settings: dict[str, float], summits: list[int], counts: dict[str, int]
) -> None:
    found: Counter[str] = Counter()
    assert best_peaks(scored, TfbsConfig.model_validate(settings), found).summits.tolist() == summits
    assert found == counts


def test_scores_that_are_all_the_same_do_not_tell_the_best(store: GenomeStore, tmp_path: Path) -> None:
    (factor,) = read(store, [narrow(tmp_path / "A.narrowPeak", ("chr1", 0, 9, 4, 0), ("chr1", 20, 29, 24, 0))])
    with pytest.raises(DataFileError) as caught:
        best_peaks(factor, TfbsConfig(top=1), Counter())
    assert str(caught.value) == (
        "A.narrowPeak: all 2 peaks have the score 0, so none is better than another; leave top out, or give a file with scores (column 7 of"
        " narrowPeak, else column 5)"
    )
    assert factor.strengths.tolist() == [0.5, 0.5]
    assert len(best_peaks(factor, TfbsConfig(top=2, min_score=0), Counter())) == 2


def test_a_least_score_that_no_peak_has_is_an_error(scored: Factor) -> None:
    with pytest.raises(DataFileError) as caught:
        best_peaks(scored, TfbsConfig(min_score=9.5), Counter())
    assert str(caught.value) == "A.narrowPeak: no peak has a score of 9.5 or more; the highest is 9"
