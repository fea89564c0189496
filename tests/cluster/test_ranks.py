"""Each rank of a node computes on a GPU of its own."""

import pytest
import torch

from dnabert.cluster.rank_engine import RankEngine


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The GPUs that are chosen, of two."""
    found: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", found.append)
    return found


@pytest.mark.parametrize(("local_rank", "gpu"), [("0", 0), ("1", 1), ("3", 1)])
def test_the_gpu_follows_the_rank_on_the_node_and_not_that_of_the_job(
    monkeypatch: pytest.MonkeyPatch, taken: list[int], local_rank: str, gpu: int
) -> None:
    for name, value in {"RANK": "6", "WORLD_SIZE": "8", "LOCAL_RANK": local_rank}.items():
        monkeypatch.setenv(name, value)
    engine = RankEngine()
    assert taken == [gpu]
    assert (engine.rank, engine.ranks, engine.assembles) == (6, 8, False)


def test_no_gpu_is_chosen_where_there_is_none_or_torchrun_says_no_place(monkeypatch: pytest.MonkeyPatch, taken: list[int]) -> None:
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    RankEngine(0, 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    RankEngine(0, 2)
    assert taken == []
