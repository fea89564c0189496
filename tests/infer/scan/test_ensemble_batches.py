"""Members of an ensemble read windows in batches of one size, whatever their k: scores do not depend on how a scan is cut into shards."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from dnabert.device import choose_machine
from dnabert.forward import TOKENS_PER_BATCH
from dnabert.infer.ensemble import make_ensemble
from dnabert.infer.predictor import Predictor
from dnabert.infer.scan.work import batch_rows
from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from tests.infer.scan.made import save_run, scan, track_values, write_genome

CPU = choose_machine("cpu", "float32")
WINDOW, STRIDE = 40, 7


@pytest.fixture
def ensemble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Members that would take 2, 3 and 3 windows at once."""
    monkeypatch.setitem(TOKENS_PER_BATCH, "cpu", 120)
    write_genome(tmp_path)
    head = HeadConfig(task="classify")
    make_ensemble([save_run(tmp_path, head, kmer) for kmer in (2, 6, 3)], tmp_path / "all")
    return tmp_path / "all"


def test_all_members_take_the_batches_of_the_one_that_takes_the_fewest(ensemble: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = Predictor(ensemble, CPU).members
    alone = [batch_rows([member], WINDOW, "cpu") for member in members]
    assert alone == [2, 3, 3]
    assert batch_rows(members, WINDOW, "cpu") == 2
    sizes: dict[int, set[int]] = defaultdict(set)
    whole = Dnabert.forward

    def noting(model: Dnabert, ids: Tensor, *rest: object, **more: object) -> object:
        sizes[model.config.kmer].add(len(ids))
        return whole(model, ids, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Dnabert, "forward", noting)
    scan(ensemble.parent, ensemble, window_bp=WINDOW, stride_bp=STRIDE, shard_windows=11)
    assert sizes == {member.model.config.kmer: {2} for member in members}


def test_an_ensemble_scores_the_same_whatever_the_size_of_a_shard(ensemble: Path) -> None:
    found = [
        scan(ensemble.parent, ensemble, f"of{size}", window_bp=WINDOW, stride_bp=STRIDE, strand="both", shard_windows=size)
        for size in (1, 5, 1000)
    ]
    small, odd, large = (track_values(one.tracks[0], "one", range(331)) for one in found)
    assert np.isfinite(small).any()
    np.testing.assert_array_equal(small, large)
    np.testing.assert_array_equal(odd, large)
