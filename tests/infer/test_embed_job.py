"""Blocks of sequences and their bytes. Legend: D width."""

import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dnabert.checkpoint import SavedModel, load_model
from dnabert.data.sequences import PackedCodes, SequenceSet, pack
from dnabert.device import choose_machine
from dnabert.dna.sequence import encode_bases
from dnabert.infer.embedding.choices import EmbeddingPool
from dnabert.infer.embedding.job import BlockEmbedder, EmbedTask, block_shards, read_blocks, read_vectors
from dnabert.infer.embedding.vectors import embed
from dnabert.model.config import HeadConfig
from tests.toy import save_toy_run

CPU = choose_machine("cpu", "float32")
POOLS: tuple[EmbeddingPool, ...] = ("mean", "cls", "max", "token", "base")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> SavedModel:
    return load_model(save_toy_run(tmp_path_factory.mktemp("runs"), HeadConfig()))


def packed(count: int, seed: int = 0) -> PackedCodes:
    rng = random.Random(seed)
    return pack([encode_bases("".join(rng.choices("ACGTN", [9, 9, 9, 9, 1], k=rng.randint(3, 30)))) for _ in range(count)])


def task(saved: SavedModel, pool: EmbeddingPool = "mean", layer: int = -1) -> EmbedTask:
    return EmbedTask(saved.directory, "cpu", "float32", pool, layer)


def keys(saved: SavedModel, sequences: PackedCodes, how: EmbedTask) -> list[str]:
    return [shard.key for shard in block_shards(sequences, 4, how, saved)]


@pytest.mark.parametrize("pool", POOLS)
def test_blocks_give_bit_by_bit_what_one_pass_gives(saved: SavedModel, pool: EmbeddingPool) -> None:
    sequences = packed(530)
    whole = SequenceSet(tuple(map(str, range(530))), sequences)
    wanted = [vectors for _, vectors in embed(saved.model, whole, saved.tokenizer, CPU, pool=pool)]
    worker = BlockEmbedder(task(saved, pool), saved, CPU)
    for size in (256, 700):
        blocks = list(read_blocks(sequences, size))
        assert [len(block) for block in blocks] == ([256, 256, 18] if size == 256 else [512, 18])
        found = [vectors for block in blocks for vectors in read_vectors(worker.work(block), block.lengths, saved.tokenizer, 32, pool)]
        assert len(found) == 530
        assert all(np.array_equal(one, other) for one, other in zip(found, wanted, strict=True))


def test_small_blocks_hold_all_sequences_in_order() -> None:
    sequences = packed(10)
    blocks = list(read_blocks(sequences, 4))
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert [codes.tolist() for block in blocks for codes in block] == [codes.tolist() for codes in sequences]


def test_keys_tell_apart_all_that_vectors_depend_on(saved: SavedModel) -> None:
    sequences, first = packed(10), task(saved)
    heads = saved.model.config.model_copy(update={"num_heads": 8})
    other = load_model(saved.directory)
    other.model.config = heads
    found = [
        keys(saved, sequences, first),
        keys(saved, packed(10, seed=1), first),
        keys(saved, sequences, task(saved, "max")),
        keys(saved, sequences, task(saved, layer=1)),
        keys(saved, sequences, replace(first, dtype="bfloat16")),
        keys(saved, sequences, replace(first, device="cuda")),
        keys(replace(saved, sha256="other"), sequences, first),
        keys(other, sequences, first),
    ]
    assert len({key for each in found for key in each}) == 3 * len(found)
    moved = replace(first, model=Path("elsewhere"))
    assert keys(saved, sequences, task(saved, layer=2)) == keys(saved, sequences, moved) == found[0]


def test_a_task_that_has_travelled_gives_the_same_bytes(saved: SavedModel) -> None:
    how = task(saved, "base", 1)
    (shard,) = block_shards(packed(7), 256, how, saved)
    content = pickle.loads(pickle.dumps(shard.content))
    assert pickle.loads(pickle.dumps(how)).start()(content) == BlockEmbedder(how, saved, CPU).work(shard.content)
