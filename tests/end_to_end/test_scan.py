"""`dnabert scan` from a genome to tracks and calls, interrupted, resumed, and with bad input."""

import gzip
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyBigWig
import pytest

from dnabert.cli.jobs.scan import _tracks
from dnabert.cli.main import run as command
from dnabert.errors import ConfigError
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.shards import LocalEngine, Shard, ShardStore, Task
from dnabert.model.config import HeadConfig
from tests.infer.scan.made import save_run, scan, track_values, write_genome
from tests.toy import save_toy_run

WINDOWS = {"window_bp": 40, "stride_bp": 7}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a few windows, so that there are many, and small shards."""
    monkeypatch.setitem(TOKENS_PER_BATCH, "cpu", 85)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    write_genome(tmp_path)
    return save_run(tmp_path, HeadConfig(task="classify"), window_bp=40)


def _scan(folder: Path, run: Path, *words: str, out: str = "out") -> int:
    common = ["--device", "cpu", "--dtype", "float32", "--set", "background.windows=0"]
    return command(["scan", str(folder / "genome.fa"), "--model", str(run), "--out", str(folder / out), *common, *words])


def test_tracks_calls_and_record_are_written(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "regions.bed").write_text("one\t0\t1\none\t120\t331\nshort\t0\t12\n")
    assert _scan(tmp_path, run, "--regions", str(tmp_path / "regions.bed"), "--stride", "7", "--threshold", "0.5") == 0
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.bed", "out.forward.bw", "out.json", "out.reverse.bw"]
    said = capsys.readouterr().err
    assert "2 contigs or regions are shorter than a window of 40 bases and left out" in said
    assert "25 windows scored, 0 left out for an N" in said
    lines = (tmp_path / "out.bed").read_text().splitlines()
    assert lines[1].startswith("# command: dnabert scan ")
    assert lines[2].startswith("# model sha256: ")
    assert "# scan: windows of 40 bases every 7, strand + and -, threshold 0.5" in lines
    record = json.loads((tmp_path / "out.json").read_text())
    assert record["tracks"]["out.reverse.bw"] == {"class": "c1", "strand": "-"}
    assert (record["scored"], record["too_short"]) == (25, 2)
    assert set(record["inputs"]) == {str(tmp_path / "genome.fa"), str(tmp_path / "regions.bed")}
    calls = [line.split("\t") for line in lines if not line.startswith("#")]
    assert record["calls"] == len(calls) > 0
    for contig, start, end, name, score, strand, value, summit, count, p, q in calls:
        track = tmp_path / ("out.forward.bw" if strand == "+" else "out.reverse.bw")
        middles = range(int(start) + 20, int(end) - 19, 7)
        there = track_values(track, contig, middles)
        assert there.max() == pytest.approx(float(value), rel=1e-5)
        assert there[middles.index(int(summit))] == there.max() >= 0.5
        assert (int(score), p, q) == (round(1000 * there.max()), ".", ".")
        assert (name.split("_")[0], int(count)) == ("c1", int((there >= 0.5).sum()))


def test_classes_get_tracks_of_their_own(tmp_path: Path) -> None:
    write_genome(tmp_path)
    run = save_run(tmp_path, HeadConfig(task="multilabel", num_outputs=3))
    assert _scan(tmp_path, run, "--window", "40", "--class", "c2", "--class", "c0", "--strand", "both", "--quiet") == 0
    assert sorted(path.name for path in tmp_path.glob("out*.bw")) == ["out.c0.bw", "out.c2.bw"]


def test_a_genome_of_n_gives_empty_files(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "genome.fa").write_text(">one\n" + "N" * 100 + "\n")
    assert _scan(tmp_path, run) == 0
    assert "0 windows scored, 11 left out for an N; 0 calls" in capsys.readouterr().err
    track = pyBigWig.open(str(tmp_path / "out.forward.bw"))
    assert (track.chroms(), track.intervals("one")) == ({"one": 100}, None)
    track.close()


class _Stopping:
    """Works on shards until some are done, then is interrupted."""

    def __init__(self, count: int) -> None:
        self.count = count

    def run(self, task: Task, shards: Iterable[Shard], store: ShardStore) -> Iterator[str]:  # type: ignore[type-arg]
        for number, key in enumerate(LocalEngine().run(task, shards, store)):
            if number == self.count:
                raise KeyboardInterrupt
            yield key


def _bytes(folder: Path, name: str) -> list[bytes]:
    return [(folder / f"{name}{ending}").read_bytes() for ending in (".bw", ".bed", ".json")]


@pytest.mark.parametrize("task", ["classify", "token"])
def test_bytes_do_not_depend_on_interruptions_or_the_size_of_shards(tmp_path: Path, task: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write_genome(tmp_path)
    run = save_run(tmp_path, HeadConfig.model_validate({"task": task}), stranded=False)
    whole = scan(tmp_path, run, "whole", shard_windows=1000, **WINDOWS)
    size = 10
    plain = scan(tmp_path, run, "plain", shard_windows=size, **WINDOWS)
    assert whole.tracks[0].read_bytes() == plain.tracks[0].read_bytes()
    assert whole.calls.read_bytes() == plain.calls.read_bytes()
    for done in range(4):
        name = f"stopped{done}"
        with pytest.raises(KeyboardInterrupt):
            scan(tmp_path, run, name, shard_windows=size, engine=_Stopping(done), **WINDOWS)
        assert not (tmp_path / f"{name}.bw").exists()
        assert len(list((tmp_path / f"{name}.parts").iterdir())) == done + 1
        scan(tmp_path, run, name, shard_windows=size, resume=True, **WINDOWS)
        assert f"{done + 1} of " in caplog.messages[-2]
        assert not (tmp_path / f"{name}.parts").exists()
        assert _bytes(tmp_path, name)[:2] == _bytes(tmp_path, "plain")[:2]


def test_pieces_of_an_interrupted_scan_are_not_passed_over(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(tmp_path, run, engine=_Stopping(0), **WINDOWS)
    assert _scan(tmp_path, run) == 1
    assert (
        "out.parts: holds pieces of a scan that was interrupted; go on with --resume, or start anew with --force" in capsys.readouterr().err
    )
    assert _scan(tmp_path, run, "--force", "--quiet") == 0
    assert not (tmp_path / "out.parts").exists()
    assert _scan(tmp_path, run, "--quiet") == 1
    assert "out.forward.bw: exists already" in capsys.readouterr().err


def test_other_settings_do_not_take_the_pieces_of_a_scan(tmp_path: Path, run: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scan(tmp_path, run, engine=_Stopping(0), **WINDOWS)
    resumed = scan(tmp_path, run, resume=True, window_bp=40, stride_bp=9)
    fresh = scan(tmp_path, run, "fresh", window_bp=40, stride_bp=9)
    assert [path.read_bytes() for path in resumed.tracks] == [path.read_bytes() for path in fresh.tracks]


def test_a_genome_without_index_gets_one_and_gzip_is_refused(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _scan(tmp_path, run, "--quiet") == 0
    assert (tmp_path / "genome.fa.fai").is_file()
    (tmp_path / "genome.fa").write_bytes(gzip.compress((tmp_path / "genome.fa").read_bytes()))
    assert _scan(tmp_path, run, "--quiet", "--force") == 1
    assert "genome.fa: is gzip, which has no index; make it bgzip" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stride", "0"], "--stride: stride_bp 0: Input should be greater than or equal to 1"),
        (["--window", "0"], "--window: window_bp 0: Input should be greater than or equal to 1"),
        (["--window", "400"], "genome.fa: no contig is as long as a window of 400 bases; take a shorter --window"),
        (["--class", "promoter"], "--class promoter: the model knows no such class; it has c0, c1"),
        (["--set", "rule.kind=max"], "genome.fa: no contig is as long as a window of 1000 bases"),
        (["--set", "rule.kind=maximum"], "rule.kind"),
    ],
)
def test_bad_settings_are_told_before_the_work(
    tmp_path: Path, run: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _scan(tmp_path, run, *words) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("out*"))


def test_a_pretrained_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_genome(tmp_path)
    assert _scan(tmp_path, save_toy_run(tmp_path)) == 1
    assert "is a pre-trained model without a task; fine-tune it first" in capsys.readouterr().err


@pytest.mark.parametrize("out", [".", "folder"])
def test_a_folder_is_no_beginning_of_names(
    tmp_path: Path, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert command(["scan", "genome.fa", "--model", str(run), "--out", out]) == 1
    given = "NAME" if out == "." else "folder/NAME"
    assert f"{out}: is a folder, and --out is what the names of new files begin with; give {given}\n" in capsys.readouterr().err


def test_regions_are_not_replaced_by_calls_even_by_force(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    regions = tmp_path / "out.bed"
    regions.write_text("one\t120\t331\n")
    assert _scan(tmp_path, run, "--regions", str(regions), "--force") == 1
    assert "out.bed: is what --regions reads and would be replaced; choose another name for the result" in capsys.readouterr().err
    assert regions.read_text() == "one\t120\t331\n"


def test_two_classes_never_share_a_track(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the tracks of a/b and a_b would both be .*out\.a_b\.bw; scan them one by one with --class"):
        _tracks(tmp_path / "out", (".",), ("a/b", "a_b"))
