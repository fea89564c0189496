"""One object read from several processes and threads at the same time gives the true bases and values, and nothing else."""

import multiprocessing
import os
import pickle
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pyBigWig
import pysam
import pytest

from dnabert.dna.handles import OwnHandle
from dnabert.dna.readers.tracks import Track
from dnabert.dna.regions import Genome, Region
from dnabert.dna.sequence import decode_bases
from tests.twobit import twobit

NUM_CHILDREN, NUM_READS, LENGTH = 3, 1500, 100_000
CONTIGS = {f"chr{number}": "".join(random.Random(number).choices("ACGT", k=LENGTH)) for number in range(3)}
SIGNAL = {contig: np.random.default_rng(number).integers(0, 1000, LENGTH).astype(float) for number, contig in enumerate(CONTIGS)}

Reader = Genome | Track


def write(folder: Path, kind: str) -> Path:
    path = folder / kind
    if kind == "g.2bit":
        path.write_bytes(twobit(list(CONTIGS.items())))
    elif kind == "s.bw":
        track = pyBigWig.open(str(path), "w")
        track.addHeader([(contig, LENGTH) for contig in CONTIGS])
        for contig, values in SIGNAL.items():
            track.addEntries(contig, 0, values=values.tolist(), span=1, step=1)
        track.close()
    else:
        plain = folder / "g.fa"
        lines = {contig: "\n".join(letters[start : start + 60] for start in range(0, LENGTH, 60)) for contig, letters in CONTIGS.items()}
        plain.write_text("".join(f">{contig}\n{text}\n" for contig, text in lines.items()))
        if kind == "g.fa.gz":
            pysam.tabix_compress(str(plain), str(path))
    return path


def is_true(reader: Reader, contig: str, start: int, end: int) -> bool:
    if isinstance(reader, Track):
        return np.array_equal(reader.values(contig, start, end), SIGNAL[contig][start:end])
    return decode_bases(reader.codes(Region(contig, start, end))) == CONTIGS[contig][start:end]


def count_wrong(reader: Reader, seed: int, together: Barrier | threading.Barrier) -> int:
    chance = random.Random(seed)
    together.wait(60)
    wrong = 0
    for _ in range(NUM_READS):
        start = chance.randrange(LENGTH - 200)
        wrong += not is_true(reader, chance.choice(list(CONTIGS)), start, start + chance.randrange(1, 200))
    return wrong


@pytest.fixture(params=["g.fa", "g.fa.gz", "g.2bit", "s.bw"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reader]:
    path = write(tmp_path, request.param)
    with Track(path) if path.suffix == ".bw" else Genome(path) as opened:
        yield opened


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_children_of_a_fork_and_the_parent_read_the_truth_at_the_same_time(reader: Reader) -> None:
    # With one handle for all, wrong or failed in each process, of 2,000 reads: 44-78 of plain FASTA, 1,954-1,984 of bgzip, 103-144 of
    # bigWig (pysam.FastaFile of pysam 0.24.1, pyBigWig 0.3.29, parent and three children).
    assert is_true(reader, "chr1", 5, 90)
    context = multiprocessing.get_context("fork")
    together = context.Barrier(NUM_CHILDREN + 1)
    counts: SimpleQueue[int] = context.SimpleQueue()
    children = [
        context.Process(target=lambda seed=seed: counts.put(count_wrong(reader, seed, together)), daemon=True)
        for seed in range(NUM_CHILDREN)
    ]
    for child in children:
        child.start()
    own = count_wrong(reader, 99, together)
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * NUM_CHILDREN
    assert [own, *(counts.get() for _ in children)] == [0] * (NUM_CHILDREN + 1)


def test_threads_read_the_truth_at_the_same_time(reader: Reader) -> None:
    together = threading.Barrier(NUM_CHILDREN)
    with ThreadPoolExecutor(NUM_CHILDREN) as pool:
        counts = list(pool.map(lambda seed: count_wrong(reader, seed, together), range(NUM_CHILDREN)))
    assert counts == [0] * NUM_CHILDREN


def test_a_pickled_reader_opens_the_file_anew(reader: Reader) -> None:
    with pickle.loads(pickle.dumps(reader)) as copy:
        assert copy.lengths == reader.lengths == dict.fromkeys(CONTIGS, LENGTH)
        assert is_true(copy, "chr2", 40, 100)
    assert is_true(reader, "chr2", 40, 100)


def test_a_pickled_genome_keeps_the_index_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "g.fa.gz")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with Genome(path) as genome:
        monkeypatch.setattr(pysam, "faidx", lambda *_: sys.exit("indexed again"))
        with pickle.loads(pickle.dumps(genome)) as copy:
            assert is_true(copy, "chr1", 777, 888)
    assert not list(tmp_path.glob("*.fai"))


class Handle:
    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


def in_a_child(work: Callable[[], bool]) -> bool:
    """Whether ``work`` is true in a forked child."""
    child = os.fork()
    if child == 0:
        os._exit(0 if work() else 1)
    return os.waitpid(child, 0)[1] == 0


def test_each_process_and_thread_has_one_handle_of_its_own() -> None:
    own = OwnHandle(Handle)
    first = own.get()
    assert own.get() is first
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(own.get).result() is not first


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_never_closes_the_handle_of_its_parent() -> None:
    own = OwnHandle(Handle)
    first = own.get()

    def use_and_close() -> bool:
        second = own.get()
        own.close()
        return second is not first and first.is_open and not second.is_open

    assert in_a_child(use_and_close)
    assert in_a_child(lambda: (own.close(), first.is_open)[1])
    assert own.get() is first


def test_closing_closes_the_handles_of_all_threads_and_ends_reading() -> None:
    own = OwnHandle(Handle)
    handles = [own.get()]
    with ThreadPoolExecutor(1) as pool:
        handles.append(pool.submit(own.get).result())
    own.close()
    assert [handle.is_open for handle in handles] == [False, False]
    with pytest.raises(ValueError, match="the file was closed"):
        own.get()
