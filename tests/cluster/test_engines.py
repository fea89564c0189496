"""Ray and torchrun ranks give what the local engine gives, also when workers are killed."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dnabert.cluster import ray_engine
from dnabert.cluster.rank_engine import RankEngine
from dnabert.cluster.ray_engine import RayEngine
from dnabert.errors import ClusterError, SequenceError
from dnabert.infer.shards import LocalEngine, Shard, ShardStore, shard_key

pytest.importorskip("ray", reason="the extra cluster is not installed")
# Ray leaves pipes and sockets of its own processes open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@dataclass(frozen=True)
class Squaring:
    """Squares a number; notes each start and each square as a file."""

    notes: Path

    def start(self) -> Callable[[int], bytes]:
        (self.notes / f"start-{os.getpid()}").touch()
        return self._square

    def _square(self, number: int) -> bytes:
        (self.notes / f"work-{number}-{os.getpid()}").touch()
        killed = self.notes / f"killed-{number}"
        if number == 7 and (self.notes / "kill").exists() and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 99:
            raise SequenceError("record 99: is bad")
        return str(number * number).encode()


def shards(count: int, first: int = 0) -> list[Shard[int]]:
    return [Shard(shard_key("square", number), number) for number in range(first, count)]


@pytest.fixture(scope="module")
def engine() -> Iterator[RayEngine]:
    os.environ["RAY_AUTH_MODE"] = "disabled"
    found = RayEngine("local", workers=2, cores=1)
    yield found
    found.close()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


def test_two_workers_give_the_files_that_one_process_gives(engine: RayEngine, notes: Path, tmp_path: Path) -> None:
    one, two = ShardStore(tmp_path / "one"), ShardStore(tmp_path / "two")
    keys = list(LocalEngine().run(Squaring(notes), shards(30), one))
    for path in notes.iterdir():
        path.unlink()
    assert list(engine.run(Squaring(notes), shards(30), two)) == keys
    assert [two.read(key) for key in keys] == [one.read(key) for key in keys]
    assert len(list(notes.glob("start-*"))) == 2
    assert len(list(notes.glob("work-*"))) == 30


def test_a_worker_that_is_killed_loses_nothing(engine: RayEngine, notes: Path, tmp_path: Path) -> None:
    (notes / "kill").touch()
    store = ShardStore(tmp_path / "parts")
    keys = list(engine.run(Squaring(notes), shards(20), store))
    assert (notes / "killed-7").exists()
    assert [int(store.read(key)) for key in keys] == [number * number for number in range(20)]


def test_what_is_there_is_not_done_again_and_shards_are_read_as_they_are_needed(engine: RayEngine, notes: Path, tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    list(LocalEngine().run(Squaring(notes), shards(10), store))
    for path in notes.iterdir():
        path.unlink()
    read: list[int] = []

    def stream() -> Iterator[Shard[int]]:
        for shard in shards(60):
            read.append(shard.content)
            yield shard

    found = engine.run(Squaring(notes), stream(), store)
    for _ in range(10):
        next(found)
    assert len(read) <= 10 + engine.workers * 3
    assert len(list(found)) == 50
    assert {int(path.name.split("-")[1]) for path in notes.glob("work-*")} == set(range(10, 60))


def test_an_error_of_the_work_comes_through_as_itself(engine: RayEngine, notes: Path, tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    with pytest.raises(SequenceError, match="record 99: is bad"):
        list(engine.run(Squaring(notes), shards(100, first=95), store))
    assert store.holds(shard_key("square", 95))


class _Nodes:
    """Stands in for Ray where only its list of nodes is asked for."""

    def __init__(self, *nodes: tuple[float, float, bool]) -> None:
        self._nodes = [{"Alive": alive, "Resources": {"CPU": cores, "GPU": gpus}} for cores, gpus, alive in nodes]

    def nodes(self) -> list[dict[str, object]]:
        return self._nodes


def test_a_worker_must_fit_on_one_living_node() -> None:
    assert ray_engine._room(_Nodes((3, 0, True), (3, 0, True)), 2, 0) == 2
    assert ray_engine._room(_Nodes((3, 0, True), (3, 0, False)), 2, 0) == 1
    assert ray_engine._room(_Nodes((16, 2, True)), 1, 0.6) == 2
    assert ray_engine._room(_Nodes((16, 2, True)), 1, 0.5) == 4
    assert ray_engine._room(_Nodes((16, 3, True), (1, 8, True)), 1, 2.0) == 2
    assert ray_engine._room(_Nodes((1, 0, True)), 2, 0) == 0


@dataclass(frozen=True)
class Dawdling:
    """Takes its time."""

    def start(self) -> Callable[[int], bytes]:
        return self._work

    def _work(self, number: int) -> bytes:
        time.sleep(1)
        return str(number).encode()


@pytest.mark.parametrize("room", [1, 2])
def test_a_job_that_waits_for_room_says_so(
    engine: RayEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, room: int
) -> None:
    monkeypatch.setattr(ray_engine, "_PATIENCE_S", 0.2)
    monkeypatch.setattr(ray_engine, "_room", lambda *_: room)
    with caplog.at_level(logging.WARNING):
        assert len(list(engine.run(Dawdling(), shards(2), ShardStore(tmp_path / "store")))) == 2
    told = [record.getMessage() for record in caplog.records if "nodes are lost" in record.getMessage()]
    assert all("room for 1 of 2 workers" in line for line in told)
    assert bool(told) == (room == 1)


def test_a_cluster_that_is_too_small_for_a_worker_is_refused(engine: RayEngine) -> None:
    with pytest.raises(
        ClusterError, match=r"has \d+ cores and 0 GPUs, and no node of it the 1000 cores and 0 GPUs that a worker wants; ask"
    ):
        RayEngine("local", cores=1000)


def test_ranks_divide_the_shards_and_the_first_puts_them_together(notes: Path, tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")

    def work(rank: int) -> None:
        list(RankEngine(rank, 3).run(Squaring(notes), shards(10), store))

    others = [threading.Thread(target=work, args=(rank,)) for rank in (1, 2)]
    for thread in others:
        thread.start()
    first = RankEngine(0, 3, patience_s=60)
    assert first.assembles
    assert not RankEngine(1, 3).assembles
    keys = list(first.run(Squaring(notes), shards(10), store))
    for thread in others:
        thread.join()
    assert [int(store.read(key)) for key in keys] == [number * number for number in range(10)]
    assert len(list(notes.glob("work-*"))) == 10


def test_the_first_rank_waits_until_no_other_looks_for_pieces(notes: Path, tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    list(LocalEngine().run(Squaring(notes), shards(4), store))
    keys = RankEngine(0, 2, patience_s=60).run(Squaring(notes), shards(4), store)
    assert [next(keys) for _ in range(4)] == [shard.key for shard in shards(4)]
    ended: list[bool] = []
    waiting = threading.Thread(target=lambda: ended.append(not list(keys)))
    waiting.start()
    waiting.join(timeout=0.3)
    assert not ended
    assert list(RankEngine(1, 2).run(Squaring(notes), shards(4), store)) == []
    waiting.join(timeout=60)
    assert ended == [True]


def test_a_rank_that_is_left_alone_says_so(notes: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no other rank has given a sign of life for 0\.1 seconds; what is done is kept"):
        list(RankEngine(0, 2, patience_s=0.1).run(Squaring(notes), shards(4), ShardStore(tmp_path / "parts")))


def test_ranks_are_torchruns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(ClusterError, match="RANK is not set: start the command with torchrun"):
        RankEngine()
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert (RankEngine().rank, RankEngine().ranks) == (1, 4)


def test_the_engines_are_imported_without_ray_and_without_torch() -> None:
    code = "import sys, dnabert.cluster.ray_engine, dnabert.cluster.rank_engine; print([m for m in ('ray', 'torch') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
