"""Pieces of a job are done once and come in order."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dnabert.errors import OutputError
from dnabert.infer.shards import LocalEngine, Shard, ShardStore, shard_key


@dataclass(frozen=True)
class Doubling:
    """Doubles a number; notes in a file that it was started and what it did."""

    notes: Path
    bad: int = -1

    def start(self) -> Callable[[int], bytes]:
        self._note("start")
        return self._double

    def _double(self, number: int) -> bytes:
        if number == self.bad:
            raise RuntimeError("a worker dies")
        self._note(str(number))
        return str(2 * number).encode()

    def _note(self, text: str) -> None:
        with self.notes.open("a") as handle:
            handle.write(text + "\n")


def _shards(count: int) -> list[Shard[int]]:
    return [Shard(shard_key("double", number), number) for number in range(count)]


def test_results_come_in_order_and_what_is_there_is_not_done_again(tmp_path: Path) -> None:
    store, notes = ShardStore(tmp_path / "parts"), tmp_path / "notes"
    with pytest.raises(RuntimeError, match="a worker dies"):
        list(LocalEngine().run(Doubling(notes, bad=2), _shards(5), store))
    assert notes.read_text().split() == ["start", "0", "1"]
    keys = list(LocalEngine().run(Doubling(notes), _shards(5), store))
    assert notes.read_text().split() == ["start", "0", "1", "start", "2", "3", "4"]
    assert keys == [shard.key for shard in _shards(5)]
    assert [store.read(key) for key in keys] == [b"0", b"2", b"4", b"6", b"8"]


def test_no_worker_is_started_where_all_is_done(tmp_path: Path) -> None:
    store, notes = ShardStore(tmp_path / "parts"), tmp_path / "notes"
    list(LocalEngine().run(Doubling(notes), _shards(2), store))
    notes.unlink()
    assert len(list(LocalEngine().run(Doubling(notes), _shards(2), store))) == 2
    assert not notes.exists()


def test_shards_are_read_as_they_are_needed(tmp_path: Path) -> None:
    read: list[int] = []

    def endless():  # type: ignore[no-untyped-def]
        for shard in _shards(100):
            read.append(shard.content)
            yield shard

    keys = LocalEngine().run(Doubling(tmp_path / "notes"), endless(), ShardStore(tmp_path / "parts"))
    next(keys)
    next(keys)
    assert read == [0, 1]


def test_a_piece_that_is_gone_and_a_place_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "parts")
    with pytest.raises(OutputError, match="a finished piece cannot be read: No such file or directory; run the command again"):
        store.read("0")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/parts: cannot be made"):
        ShardStore(tmp_path / "file" / "parts").keep("0", b"")


def test_clearing_takes_pieces_and_signs_away_and_leaves_what_a_user_put_there(tmp_path: Path) -> None:
    store = ShardStore(tmp_path / "x.parts")
    store.clear()  # nothing is there yet
    store.keep("a", b"1")
    store.note("done-0")
    store.clear()
    assert not store.folder.exists()
    store.keep("a", b"1")
    (store.folder / "thesis.txt").write_text("mine")
    store.clear()
    assert [path.name for path in store.folder.iterdir()] == ["thesis.txt"]
