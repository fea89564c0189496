"""Attention scores as arrays and tracks: written as they come, in little memory."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.regions import Genome, Region
from dnabert.infer.attention.files import write_archive
from dnabert.infer.attention.sets import Scored
from dnabert.infer.attention.tracks import genome_order, merge_runs, write_bigwig

LENGTHS = {"chr2": 60, "chr1": 40}
Places = list[tuple[str, int, int, str]]


@pytest.fixture(scope="module")
def genome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Genome]:
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    path.write_text("".join(f">{name}\n{'A' * length}\n" for name, length in LENGTHS.items()))
    with Genome(path) as opened:
        yield opened


def _regions(places: Places) -> list[Region]:
    return [Region(contig, start, end, "", strand, f"r.bed:{line}") for line, (contig, start, end, strand) in enumerate(places, 1)]  # type: ignore[arg-type]


def test_arrays_of_any_size_take_little_memory(tmp_path: Path) -> None:
    count, length, heads = 50, 20_000, 4
    rng = np.random.default_rng(0)
    sequences = SequenceSet(tuple(f"s{number}" for number in range(count)), pack([rng.integers(0, 4, length, np.uint8)] * count))
    row = rng.random((heads, length), np.float32)

    def scored() -> Iterator[Scored]:
        for number in range(count):
            yield Scored(row.sum(0) + number, row + number)

    tracemalloc.start()
    write_archive(tmp_path / "o.npz", sequences, scored(), heads, {"predictions": np.arange(3)}, {"layer": 1})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * count * length * (1 + heads) / 2  # all scores have 20 MB; what is held is a block of heads and the letters
    with np.load(tmp_path / "o.npz") as found:
        assert found["scores"].dtype == found["head_scores"].dtype == np.float32
        assert np.array_equal(found["scores"], np.concatenate([row.sum(0) + number for number in range(count)]))
        assert np.array_equal(found["head_scores"], np.concatenate([row.T + number for number in range(count)]))
        assert found["offsets"].tolist() == [length * number for number in range(count + 1)]
        assert found["predictions"].tolist() == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["o.npz"]


def test_a_run_is_emitted_as_soon_as_no_later_region_can_reach_it(genome: Genome) -> None:
    regions = _regions([("chr2", 0, 10, "+"), ("chr2", 5, 15, "+"), ("chr2", 30, 40, "+"), ("chr1", 0, 10, "+"), ("chr1", 20, 30, "+")])
    read: list[int] = []

    def scored() -> Iterator[Scored]:
        for number in range(len(regions)):
            read.append(number)
            yield Scored(np.ones(10, np.float32))

    runs = [(contig, start, len(values), len(read)) for contig, start, values in merge_runs(regions, scored(), genome)]
    assert runs == [("chr2", 0, 15, 3), ("chr2", 30, 10, 4), ("chr1", 0, 10, 5), ("chr1", 20, 10, 5)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(list(LENGTHS)), st.integers(0, 30), st.integers(1, 10), st.sampled_from("+-.")).map(
            lambda drawn: (drawn[0], drawn[1], drawn[1] + drawn[2], drawn[3])
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(0, 9),
)
def test_runs_are_the_means_of_all_regions_over_a_base_whatever_their_order(genome: Genome, places: Places, seed: int) -> None:
    rng = np.random.default_rng(seed)
    regions = _regions(places)
    values = [rng.random(end - start).astype(np.float32) for _, start, end, _ in places]
    total = {contig: np.zeros((2, length)) for contig, length in LENGTHS.items()}
    for (contig, start, end, strand), scores in zip(places, values, strict=True):
        total[contig][0, start:end] += scores[::-1] if strand == "-" else scores
        total[contig][1, start:end] += 1
    order = genome_order(regions, genome)
    found = list(merge_runs([regions[number] for number in order], (Scored(values[number]) for number in order), genome))
    assert [(contig, start) for contig, start, _ in found] == sorted(
        ((contig, start) for contig, start, _ in found), key=lambda run: (list(LENGTHS).index(run[0]), run[1])
    )
    covered = {contig: np.full(length, np.nan) for contig, length in LENGTHS.items()}
    for contig, start, scores in found:
        covered[contig][start : start + len(scores)] = scores
    for contig, (sums, counts) in total.items():
        np.testing.assert_allclose(covered[contig], np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def test_a_long_run_is_one_in_the_bigwig(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(70_000)
    write_bigwig(tmp_path / "o.bw", [("c", 5, values)], {"c": 80_000}, len(values))
    with pyBigWig.open(str(tmp_path / "o.bw")) as track:
        assert np.array_equal(track.values("c", 5, 70_005, numpy=True), values.astype(np.float32))
        assert np.isnan(track.values("c", 0, 5)).all()
        assert track.header()["nLevels"] > 0
    write_bigwig(tmp_path / "large.bw", [("c", 5, values)], {"c": 80_000}, 50_000_001)  # said to be large
    with pyBigWig.open(str(tmp_path / "large.bw")) as track:
        assert track.header()["nLevels"] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.bw", "o.bw"]


def test_an_error_of_the_model_is_not_taken_for_one_of_the_disk(tmp_path: Path) -> None:
    def runs() -> Iterator[tuple[str, int, np.ndarray]]:  # type: ignore[type-arg]
        yield "c", 0, np.ones(5)
        raise RuntimeError("out of memory on the device")

    with pytest.raises(RuntimeError, match="out of memory on the device"):
        write_bigwig(tmp_path / "o.bw", runs(), {"c": 10}, 5)
    assert not list(tmp_path.iterdir())
