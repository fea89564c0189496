"""The published recipes are those of the script; the tuned ones follow the task's strand."""

from pathlib import Path

import pytest

from benchmarks.quality.cells.contestants import Contestant, read_contestant
from benchmarks.quality.cells.networks import NetworkConfig
from benchmarks.quality.cells.recipes import points, published_config
from benchmarks.quality.cells.tasks import Group, Task
from dnabert.errors import CheckpointError, ConfigError
from dnabert.model.config import mini
from dnabert.train.config import FinetuneConfig


@pytest.mark.parametrize(
    ("name", "group", "num_rows", "epochs", "warmup_steps", "evaluations"),
    [  # evaluations an epoch: steps of an epoch over 200 or 400, as in the script
        ("prom_core_tata", "core", 4904, 10, 50, 1),
        ("prom_300_tata", "300", 4904, 10, 50, 1),
        ("prom_core_notata", "core", 42452, 4, 50, 3),
        ("tf/0", "tf", 32378, 3, 30, 5),
        ("mouse/0", "mouse", 6478, 5, 30, 1),
        ("mouse/4", "mouse", 15064, 2, 30, 2),
        ("splice/reconstructed", "splice", 36496, 5, 50, 6),
    ],
)
def test_a_published_recipe_is_that_of_the_script(
    name: str, group: Group, num_rows: int, epochs: int, warmup_steps: int, evaluations: int
) -> None:
    config = published_config(Task(name, group, {}), num_rows, 7)
    steps = epochs * -(-num_rows // 32)
    assert (config.epochs, config.batch_size, config.optim.lr, config.optim.weight_decay) == (epochs, 32, 3e-5, 0.01)
    assert round(config.optim.warmup * steps) == warmup_steps
    assert config.evaluations_per_epoch == evaluations
    assert (config.select_by, config.patience, config.head.pooling, config.seed) == ("loss", 0, "cls", 7)
    assert config.stranded == (group not in ("tf", "mouse"))


def test_a_tuned_grid_has_rates_and_poolings_and_is_chosen_by_mcc() -> None:
    found = points(Task("mouse/0", "mouse", {}), Contestant("x", "scratch", sizes=mini()), "tuned", 6478, 1)
    assert [point.name for point in found] == ["lr1-mean", "lr1-max", "lr2-mean", "lr0.5-mean", "lr1-cls"]
    for point in found:
        assert isinstance(point.config, FinetuneConfig)
        assert (point.config.stranded, point.config.select_by, point.config.seed) == (False, "mcc", 1)


def test_a_network_has_one_published_point_and_a_grid_of_rates() -> None:
    task, network = Task("tf/0", "tf", {}), Contestant("cnn-lstm", "cnn-lstm")
    assert [point.name for point in points(task, network, "published", 100, 1)] == ["lr0.001"]
    tuned = points(task, network, "tuned", 100, 1)
    assert [point.name for point in tuned] == ["lr0.001", "lr0.003", "lr0.0003"]
    assert isinstance(tuned[0].config, NetworkConfig)
    assert (tuned[0].config.kind, tuned[0].config.stranded) == ("cnn-lstm", False)


def test_few_labels_have_one_point_of_their_own_recipe() -> None:
    (point,) = points(Task("mouse/0", "mouse", {}), Contestant("x", "scratch", sizes=mini()), "few", 49, 7)
    assert isinstance(point.config, FinetuneConfig)
    assert (point.config.frozen, point.config.head_start, point.config.min_steps) == ("embeddings", "probe", 200)
    assert (point.config.stranded, point.config.select_by, point.config.seed) == (False, "mcc", 7)
    (short,) = points(Task("mouse/0", "mouse", {}), Contestant("x", "scratch", sizes=mini()), "few", 49, 7, rehearsal=True)
    assert isinstance(short.config, FinetuneConfig)
    assert (short.config.epochs, short.config.min_steps) == (1, 0)
    with pytest.raises(ConfigError, match="cnn: recipe few is for DNABERT models"):
        points(Task("mouse/0", "mouse", {}), Contestant("cnn", "cnn"), "few", 49, 7)


def test_a_rehearsal_has_one_epoch_and_two_points() -> None:
    found = points(Task("tf/0", "tf", {}), Contestant("x", "scratch", sizes=mini()), "tuned", 100, 1, rehearsal=True)
    assert [(point.name, point.config.epochs) for point in found] == [("lr1-mean", 1), ("lr1-max", 1)]


def test_contestants_are_read_from_words(model: Path) -> None:
    assert read_contestant("cnn").kind == "cnn"
    assert read_contestant("net=cnn-lstm") == Contestant("net", "cnn-lstm")
    random = read_contestant("random:mini:4")
    assert (random.kind, random.directory, random.sizes, random.slug) == ("scratch", None, mini(4), "random-mini-4")
    ours = read_contestant(f"ours={model}")
    assert (ours.name, ours.kind, ours.directory, len(ours.sha256)) == ("ours", "pretrained", model, 64)
    assert read_contestant(f"fresh=random:{model}").sizes == ours.sizes


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("=cnn", ConfigError, r"--model =cnn: is no \[NAME=\]MODEL"),
        ("random:mini", ConfigError, "random:mini: has no k; the form is random:mini:6"),
        ("nothing-there", CheckpointError, "nothing-there: no such model"),
    ],
)
def test_words_that_are_no_contestant_are_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_contestant(text)


def test_a_grid_may_be_cut_to_its_first_points() -> None:
    contestant = Contestant("x", "scratch", sizes=mini())
    whole = points(Task("tf/0", "tf", {}), contestant, "tuned", 100, 1)
    assert points(Task("tf/0", "tf", {}), contestant, "tuned", 100, 1, most=2) == whole[:2]
    assert len(whole) > 2
