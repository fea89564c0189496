"""The convolutional baselines learn a motif, on both strands where the task has none, and the same every time."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.quality.cells.contestants import NetworkKind
from benchmarks.quality.cells.networks import Network, NetworkConfig, Trained, predict_network, train_network
from benchmarks.quality.cells.tasks import TaskData, find_tasks, read_task
from dnabert.data.labelled import read_set
from dnabert.device import Machine
from dnabert.metrics import classification_metrics
from dnabert.train.config import OptimConfig
from tests.benchmarks.quality.made_tasks import make_task, turned

CPU = Machine(torch.device("cpu"), torch.float32)


def small(kind: NetworkKind = "cnn", epochs: int = 8, stranded: bool = True) -> NetworkConfig:
    optim = OptimConfig(lr=5e-3)
    return NetworkConfig(kind=kind, filters=16, width=9, optim=optim, epochs=epochs, batch_size=32, stranded=stranded, seed=1)


def train(data: TaskData, config: NetworkConfig) -> tuple[Network, Trained]:
    return train_network(data.train, data.targets(data.train), data.dev, data.targets(data.dev), 2, config, CPU)


def read(folder: Path, name: str) -> TaskData:
    make_task(folder, name, count=200)
    return read_task(find_tasks(folder).tasks[0])


@pytest.mark.parametrize("kind", ["cnn", "cnn-lstm"])
def test_a_network_learns_a_motif(tmp_path: Path, kind: NetworkKind) -> None:
    data = read(tmp_path, "prom_core_tata")
    network, ended = train(data, small(kind))
    mcc = classification_metrics(data.targets(data.test), predict_network(network, data.test.sequences, CPU))["mcc"]
    assert mcc is not None
    assert mcc > 0.6
    assert max(ended.curve) == ended.curve[ended.best_step // 7 - 1]  # 200 rows: 7 steps an epoch
    assert ended.steps <= 8 * 7


def test_training_is_the_same_every_time(tmp_path: Path) -> None:
    data = read(tmp_path, "tf/0")
    first, second = (train(data, small(epochs=2, stranded=False))[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_reading_the_other_strand_is_reading_the_reverse_complement(tmp_path: Path) -> None:
    network = Network(small(), 2).eval()
    rows = ["ACGTTTGACCA", "GGTAC"]
    for name, texts in (("plain", rows), ("turned", [turned(text) for text in rows])):
        (tmp_path / f"{name}.csv").write_text("sequence,label\n" + "".join(f"{text},0\n" for text in texts))
    plain, other = (read_set(tmp_path / f"{name}.csv", 1).sequences for name in ("plain", "turned"))
    assert np.array_equal(predict_network(network, plain, CPU, reverse=True), predict_network(network, other, CPU))
    assert not np.array_equal(predict_network(network, plain, CPU), predict_network(network, other, CPU))


def test_a_last_batch_of_one_row_is_left_out(tmp_path: Path) -> None:
    make_task(tmp_path, "prom_core_tata", count=66)
    table = tmp_path / "prom_core_tata/train.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:66]))  # 65 rows: 32, 32 and 1
    _, ended = train(read_task(find_tasks(tmp_path).tasks[0]), small(epochs=1))
    assert ended.steps == 2
