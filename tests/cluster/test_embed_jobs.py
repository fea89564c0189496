"""Vectors are the same bytes from one process, after a kill, from a Ray cluster whose workers die, and from the ranks of torchrun."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dnabert.cli.jobs.embed import EmbedJob, run_embedding
from dnabert.cluster.ray_engine import RayEngine
from dnabert.infer.embedding.config import EmbedConfig
from dnabert.infer.shards import LocalEngine, Shard, ShardStore, Task
from dnabert.model.config import HeadConfig
from tests.cluster.test_jobs import DyingEngine
from tests.toy import save_toy_run

pytest.importorskip("ray", reason="the extra cluster is not installed")
# Ray leaves pipes and sockets of its own processes open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

BLOCKS = 6
KILLED = """
import os, signal, sys
from pathlib import Path
from dnabert.cli.jobs.embed import EmbedJob, run_embedding
from dnabert.infer.embedding import job
from dnabert.infer.embedding.config import EmbedConfig
work, pieces = job.BlockEmbedder.work, []
def dying(self, block):
    pieces.append(1)
    if len(pieces) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(self, block)
job.BlockEmbedder.work = dying
source, model, out = sys.argv[1:]
run_embedding(EmbedJob(source, model, Path(out), device="cpu", dtype="float32"), EmbedConfig(pool="base", shard_sequences=8))
"""


class Looking:
    """The engine of one process, which looks at the pieces before they are thrown away."""

    assembles = True

    def __init__(self) -> None:
        self.written: dict[str, int] = {}

    def run(self, task: Task[Any], shards: Iterable[Shard[Any]], store: ShardStore) -> Iterator[str]:
        yield from LocalEngine().run(task, shards, store)
        self.written = {path.name: path.stat().st_mtime_ns for path in store.folder.iterdir()}

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embed")
    save_toy_run(folder, HeadConfig()).rename(folder / "model")
    rng = random.Random(3)
    rows = [f"s{n},{''.join(rng.choices('ACGT', k=rng.randint(8, 40)))},{'ab'[n % 2]}\n" for n in range(8 * BLOCKS - 3)]
    (folder / "in.csv").write_text("id,sequence,label\n" + "".join(rows))
    return folder


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    os.environ["RAY_AUTH_MODE"] = "disabled"
    found = RayEngine("local", workers=2, cores=1)
    yield found
    found.close()


def job(place: Path, out: Path, *, plot: Path | None = None, resume: bool = False) -> EmbedJob:
    return EmbedJob(str(place / "in.csv"), str(place / "model"), out, plot, resume=resume, device="cpu", dtype="float32")


@pytest.mark.parametrize("name", ["v.npz", "v.h5ad"])
def test_vectors_from_a_ray_cluster_whose_worker_dies_are_those_of_one_process(
    place: Path, engine: RayEngine, tmp_path: Path, name: str
) -> None:
    whole = name.endswith("h5ad")
    config = EmbedConfig(pool="mean" if whole else "base", map="pca" if whole else None, neighbours=2 if whole else 0, shard_sequences=8)
    for folder, chosen in (("one", None), ("ray", DyingEngine(engine, tmp_path / "died"))):
        (tmp_path / folder).mkdir()
        run_embedding(job(place, tmp_path / folder / name, plot=tmp_path / folder / "map.svg" if whole else None), config, chosen)
    assert (tmp_path / "died").exists()
    names = [path.name for path in sorted((tmp_path / "one").iterdir())]
    assert names == (["map.svg", "v.h5ad", "v.neighbours.tsv"] if whole else [name])
    assert [path.name for path in sorted((tmp_path / "ray").iterdir())] == names
    for each in names:
        assert (tmp_path / "one" / each).read_bytes() == (tmp_path / "ray" / each).read_bytes()


def test_a_run_that_was_killed_goes_on_and_gives_the_same_bytes(place: Path, tmp_path: Path) -> None:
    words = [str(place / "in.csv"), str(place / "model"), str(tmp_path / "v.npz")]
    found = subprocess.run([sys.executable, "-c", KILLED, *words], capture_output=True, timeout=280, check=False)
    assert found.returncode == -signal.SIGKILL
    assert not (tmp_path / "v.npz").exists()
    assert ShardStore(tmp_path / "v.npz.parts").count() == 3
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "v.npz.parts").iterdir()}
    config = EmbedConfig(pool="base", shard_sequences=8)
    run_embedding(job(place, tmp_path / "whole.npz"), config)
    engine = Looking()
    run_embedding(job(place, tmp_path / "v.npz", resume=True), config, engine)
    assert len(engine.written) == BLOCKS
    assert before.items() <= engine.written.items()
    assert (tmp_path / "v.npz").read_bytes() == (tmp_path / "whole.npz").read_bytes()
    assert not (tmp_path / "v.npz.parts").exists()


def test_two_ranks_of_torchrun_write_what_one_process_writes(place: Path, tmp_path: Path) -> None:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "dnabert", "embed"]
    flags = [str(place / "in.csv"), "--model", str(place / "model"), "--pool", "token", "--device", "cpu", "--dtype", "float32"]
    more = ["--set", "shard_sequences=8", "--engine", "ranks", "--resume", "--quiet"]
    found = subprocess.run(
        [*start, *flags, "--out", str(tmp_path / "ranks.parquet"), *more], capture_output=True, text=True, timeout=280, check=False
    )
    assert found.returncode == 0, found.stderr
    run_embedding(job(place, tmp_path / "one.parquet"), EmbedConfig(pool="token", shard_sequences=8))
    ranks, one = pq.read_table(tmp_path / "ranks.parquet"), pq.read_table(tmp_path / "one.parquet")
    assert ranks.equals(one)
    facts, wanted = (json.loads(table.schema.metadata[b"dnabert"]) for table in (ranks, one))
    assert facts.pop("command").endswith("--engine ranks --resume --quiet")
    assert wanted.pop("command") == ""
    assert facts == wanted
    assert not (tmp_path / "ranks.parquet.parts").exists()
