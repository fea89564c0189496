"""Scored variants are the same bytes from one process, from a Ray cluster whose workers die, and from the ranks of torchrun."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.jobs.scan import run_scan
from dnabert.cli.jobs.variants import run_variants
from dnabert.cli.jobs.variants_plan import VariantJob
from dnabert.cli.main import run as command
from dnabert.cluster.ray_engine import RayEngine
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig
from dnabert.infer.shards import LocalEngine, Shard, ShardStore, Task
from dnabert.infer.variants.config import VariantConfig
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

pytest.importorskip("ray", reason="the extra cluster is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=3000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BLOCKS = 6


@dataclass(frozen=True)
class DyingTask:
    """A task whose worker dies in the middle of its second piece, once."""

    task: Task[Any]
    marker: Path

    def start(self) -> Callable[[Any], bytes]:
        work, pieces = self.task.start(), list[int]()

        def dying(content: Any) -> bytes:
            pieces.append(1)
            if len(pieces) == 2 and not self.marker.exists():
                self.marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return work(content)

        return dying


class DyingEngine:
    """An engine one of whose workers dies."""

    assembles = True

    def __init__(self, engine: RayEngine, marker: Path) -> None:
        self.engine, self.marker = engine, marker

    def run(self, task: Task[Any], shards: Iterable[Shard[Any]], store: ShardStore) -> Iterator[str]:
        return self.engine.run(DyingTask(task, self.marker), shards, store)

    @property
    def threads(self) -> int:
        return self.engine.threads

    def close(self) -> None:
        self.engine.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    rng = random.Random(3)
    bases = "".join(rng.choices("ACGT", k=3000))
    (folder / "g.fa").write_text(f">chr1\n{bases}\n")
    head = HeadConfig(task="classify", num_outputs=2)
    save_model(folder / "model", toy_model(head, toy_config(3), 1), ModelInfo(head=head, labels=("off", "on"), window_bp=24))
    rows = [(at, bases[at], next(base for base in "ACGT" if base != bases[at])) for at in sorted(rng.sample(range(50, 2900), 4 * BLOCKS))]
    (folder / "in.vcf").write_text(HEAD + "".join(f"chr1\t{at + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n" for at, ref, alt in rows))
    flags = [str(folder / "in.vcf"), "--model", str(folder / "model"), "--genome", str(folder / "g.fa"), "--device", "cpu"]
    assert command(["variants", *flags, "--out", str(folder / "local.vcf"), "--quiet", "--set", "block_records=4"]) == 0
    return folder


def _without_command(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    kept = [line for line in lines if "ommand" not in line]
    assert len(kept) >= len(lines) - 2
    return kept


def _job(place: Path, out: Path) -> VariantJob:
    return VariantJob((str(place / "model"),), place / "g.fa", out, place / "in.vcf", device="cpu")


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    os.environ["RAY_AUTH_MODE"] = "disabled"
    found = RayEngine("local", workers=2, cores=1)
    yield found
    found.close()


def test_variants_from_a_ray_cluster_whose_worker_dies_are_those_of_one_process(place: Path, engine: RayEngine, tmp_path: Path) -> None:
    run_variants(_job(place, tmp_path / "ray.vcf"), VariantConfig(block_records=4), DyingEngine(engine, tmp_path / "died"))
    assert (tmp_path / "died").exists()
    assert _without_command(tmp_path / "ray.vcf") == _without_command(place / "local.vcf")
    assert not (tmp_path / "ray.vcf.parts").exists()


def test_tracks_and_calls_from_a_ray_cluster_whose_worker_dies_are_those_of_one_process(
    place: Path, engine: RayEngine, tmp_path: Path
) -> None:
    config = ScanConfig(stride_bp=10, shard_windows=64, threshold=0.5, background=BackgroundConfig(windows=10, shuffles=2))
    names = ("tracks.forward.bw", "tracks.reverse.bw", "tracks.bed")
    for folder, chosen in (("one", LocalEngine()), ("ray", DyingEngine(engine, tmp_path / "died"))):
        (tmp_path / folder).mkdir()
        out = tmp_path / folder / "tracks"
        run_scan(place / "g.fa", str(place / "model"), out, None, config, device="cpu", dtype="float32", quiet=True, engine=chosen)
    assert (tmp_path / "died").exists()
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "ray" / name).read_bytes()


def test_two_ranks_of_torchrun_write_what_one_process_writes(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "ranks.vcf"
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "dnabert", "variants"]
    flags = [str(place / "in.vcf"), "--model", str(place / "model"), "--genome", str(place / "g.fa"), "--device", "cpu", "--out", str(out)]
    more = ["--engine", "ranks", "--resume", "--set", "block_records=4", "--quiet"]
    found = subprocess.run([*start, *flags, *more], capture_output=True, text=True, timeout=280, check=False)
    assert found.returncode == 0, found.stderr
    assert _without_command(out) == _without_command(place / "local.vcf")


def test_two_ranks_of_torchrun_scan_as_one_process_does(place: Path, tmp_path: Path) -> None:
    settings = ["stride_bp=10", "shard_windows=64", "threshold=0.5", "background.windows=10", "background.shuffles=2"]
    words = [str(place / "g.fa"), "--model", str(place / "model"), "--device", "cpu", "--dtype", "float32", "--quiet"]
    words += [word for setting in settings for word in ("--set", setting)]
    for folder in ("one", "ranks"):
        (tmp_path / folder).mkdir()
    assert command(["scan", *words, "--out", str(tmp_path / "one/tracks")]) == 0
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "dnabert", "scan"]
    more = ["--out", str(tmp_path / "ranks/tracks"), "--engine", "ranks", "--resume"]
    found = subprocess.run([*start, *words, *more], capture_output=True, text=True, timeout=280, check=False)
    assert found.returncode == 0, found.stderr
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {path.name for path in (tmp_path / "ranks").iterdir()} >= {"tracks.bed", "tracks.json"}
    for name in names - {"tracks.bed", "tracks.json"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "ranks" / name).read_bytes()
    assert _without_command(tmp_path / "one/tracks.bed") == _without_command(tmp_path / "ranks/tracks.bed")


def test_ranks_without_resume_are_refused(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [str(place / "in.vcf"), "--model", str(place / "model"), "--genome", str(place / "g.fa"), "--out", str(tmp_path / "x.vcf")]
    assert command(["variants", *flags, "--engine", "ranks"]) == 1
    assert "--engine ranks: the ranks share the folder of finished pieces; give --resume too" in capsys.readouterr().err
