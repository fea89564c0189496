"""Ranks tell each other by signs in the folder that they live and when they end; signs that a killed run left are not believed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dnabert.cluster.rank_engine import RankEngine
from dnabert.errors import ClusterError, OutputError
from dnabert.infer.shards import Shard, ShardStore, shard_key


@dataclass(frozen=True)
class Waiting:
    """Work that takes until it is told to end, or so many seconds."""

    seconds: float = 0
    may_end: threading.Event = field(default_factory=threading.Event)

    def start(self) -> Callable[[int], bytes]:
        return self._work

    def _work(self, number: int) -> bytes:
        self.may_end.wait(self.seconds)
        return str(number).encode()


def shards(count: int, setting: str = "") -> list[Shard[int]]:
    return [Shard(shard_key("number", setting, number), number) for number in range(count)]


def start(
    rank: int, ranks: int, task: Waiting, store: ShardStore, patience_s: float = 60, setting: str = ""
) -> tuple[threading.Thread, list[str]]:
    """A rank in a thread, and the keys that it gives, or what it dies of."""
    found: list[str] = []

    def work() -> None:
        try:
            found.extend(RankEngine(rank, ranks, patience_s).run(task, shards(4, setting), store))
        except ClusterError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


def test_a_rank_whose_shard_takes_longer_than_the_patience_is_waited_for(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    other, _ = start(1, 4, Waiting(seconds=1.3), store, patience_s=0.8)
    others = [other] + [start(rank, 4, Waiting(), store)[0] for rank in (2, 3)]
    keys = list(RankEngine(0, 4, patience_s=0.8).run(Waiting(), shards(4), store))
    for thread in others:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in others)
    assert keys == [shard.key for shard in shards(4)]


def test_a_rank_that_has_ended_waits_for_a_first_rank_whose_shard_takes_longer_than_the_patience(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    other, said = start(1, 2, Waiting(), store, patience_s=0.8)
    assert len(list(RankEngine(0, 2, patience_s=0.8).run(Waiting(seconds=0.6), shards(4), store))) == 4
    other.join(timeout=60)
    assert (other.is_alive(), said) == (False, [])


def test_signs_of_life_end_with_the_work(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    before = threading.active_count()
    engine = RankEngine(0, 1, patience_s=60)

    @dataclass(frozen=True)
    class Failing(Waiting):
        def _work(self, number: int) -> bytes:
            raise OutputError("no room")

    with pytest.raises(OutputError, match="no room"):
        list(engine.run(Failing(), shards(1), store))
    assert threading.active_count() == before
    assert len(list(engine.run(Waiting(), shards(1), store))) == 1
    assert threading.active_count() == before
    store.clear()
    assert not store.folder.exists()


def test_signs_that_a_killed_run_left_are_not_believed(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    for shard in shards(4):
        store.keep(shard.key, b"")
    for name, word in {"rank-0-word": "old", "rank-1-done": "old", "rank-1-alive": ""}.items():
        store.note(name, word)
    first, keys = start(0, 2, Waiting(), store)
    first.join(timeout=0.5)
    assert first.is_alive(), "rank 0 has ended before rank 1 was there"
    assert list(RankEngine(1, 2, patience_s=60).run(Waiting(), shards(4), store)) == []
    first.join(timeout=60)
    assert keys == [shard.key for shard in shards(4)]


def test_a_rank_that_answered_the_word_of_a_killed_run_answers_the_new_one_too(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    store.note("rank-0-word", "old")
    other, _ = start(1, 2, Waiting(), store)
    while store.read_note("rank-1-done") != "old":
        other.join(timeout=0.01)
    assert len(list(RankEngine(0, 2, patience_s=60).run(Waiting(), shards(4), store))) == 4
    other.join(timeout=60)
    assert not other.is_alive()


def test_a_rank_of_other_settings_is_told_and_not_waited_for(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    other, said = start(1, 2, Waiting(), store, patience_s=1, setting="3 threads")
    with pytest.raises(ClusterError, match=r"rank 1 has ended and has not made a piece that is its own.*\(OMP_NUM_THREADS\)"):
        list(RankEngine(0, 2, patience_s=60).run(Waiting(), shards(4), store))
    other.join(timeout=60)
    assert "no other rank has given a sign of life for 1 seconds" in said[0]
