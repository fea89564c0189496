"""Gains of ensembles, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.cells.records import KeptRun, Record, Truth
from benchmarks.quality.cells.tasks import Overlap, TargetFacts
from benchmarks.quality.ensembles import ensembles_of

RIGHT = np.array([0, 0, 1, 1])


@pytest.fixture
def truth(tmp_path: Path) -> Truth:
    place = tmp_path / "targets"
    place.mkdir()
    np.save(place / "dev.npy", RIGHT)
    np.save(place / "test.npy", RIGHT)
    np.save(place / "clean.npy", np.array([True, True, True, False]))
    overlap = Overlap(dev_in_train=0, dev_in_train_reversed=0, test_in_train=1, test_in_train_reversed=0, test_in_dev=0, test_seen=1)
    sizes = {"train": 4, "dev": 4, "test": 4}
    facts = TargetFacts(task="t", digests={}, num_rows=sizes, classes=("0", "1"), overlap=overlap, rehearsal=False)
    (place / "run.json").write_text(facts.model_dump_json())
    return Truth(tmp_path)


def member(
    folder: Path, name: str, kmer: int, seed: int, ones: list[float], dev: float, point: str = "p", kind: str = "pretrained"
) -> KeptRun:
    """A run that gives these probabilities of class 1."""
    place = folder / f"{name}-{point}-{seed}"
    place.mkdir()
    np.save(place / "test-forward.npy", np.stack([1 - np.array(ones), np.array(ones)], axis=1).astype(np.float32))
    record = Record.model_construct(
        task="t", contestant=name, kind=kind, recipe="tuned", seed=seed, sizes={"kmer": kmer, "num_layers": 4},
        dev={"forward": {"mcc": dev}}, dev_clean=None, share=1.0, point=point,
    )  # fmt: skip
    return KeptRun(place, record)


def test_an_ensemble_of_seeds_gains_on_its_members(truth: Truth, tmp_path: Path) -> None:
    members = [
        member(tmp_path, "a", 6, 1, [0.1, 0.6, 0.9, 0.9], dev=0.5),  # 3 of 4: MCC 1/sqrt(3)
        member(tmp_path, "a", 6, 2, [0.1, 0.1, 0.9, 0.4], dev=0.9),  # 3 of 4
    ]
    (found,) = ensembles_of(members, {"t": truth})
    assert (found.name, found.size) == ("seeds of a, tuned", 2)
    assert found.members == pytest.approx(100 / 3**0.5)
    assert found.best_member == pytest.approx(100 / 3**0.5)
    assert found.together.value == 100
    assert found.gain == pytest.approx(100 - 100 / 3**0.5)
    assert found.clean == 100
    assert found.on_best is not None
    low, high = found.on_best  # the ensemble has all right, the best on dev one of four wrong: never below, and equal in some resamplings
    assert low == 0 < high


def test_an_ensemble_over_k_is_made_seed_by_seed_and_of_all(truth: Truth, tmp_path: Path) -> None:
    members = [
        member(tmp_path, "k3", 3, 1, [0.1, 0.6, 0.9, 0.9], dev=0.9),
        member(tmp_path, "k6", 6, 1, [0.1, 0.1, 0.9, 0.4], dev=0.5),
        member(tmp_path, "k3", 3, 2, [0.9, 0.9, 0.1, 0.1], dev=0.9),  # all wrong
        member(tmp_path, "k6", 6, 2, [0.8, 0.8, 0.2, 0.2], dev=0.5),
        member(tmp_path, "k6", 6, 3, [0.1, 0.1, 0.9, 0.9], dev=0.5),  # no k3 of this seed: only among the seeds of k6
    ]
    found = {ensemble.name: ensemble for ensemble in ensembles_of(members, {"t": truth})}
    over_k = found["k = 3, 6 (pretrained, tuned)"]
    assert (over_k.size, over_k.together.values) == (2, pytest.approx((100.0, -100.0)))
    assert found["k = 3, 6 (pretrained, tuned) and seeds"].size == 4
    assert found["seeds of k6, tuned"].size == 3


def test_models_that_differ_in_more_than_k_are_not_averaged_over_k(truth: Truth, tmp_path: Path) -> None:
    members = [member(tmp_path, "k3", 3, 1, [0.1, 0.6, 0.9, 0.9], 0.5), member(tmp_path, "k6", 6, 1, [0.1, 0.6, 0.9, 0.9], 0.5)]
    assert members[1].record.sizes is not None
    members[1].record.sizes["num_layers"] = 6
    assert ensembles_of(members, {"t": truth}) == []


def test_of_several_points_of_a_grid_the_best_on_dev_alone_is_averaged(truth: Truth, tmp_path: Path) -> None:
    members = [
        member(tmp_path, "a", 6, 1, [0.9, 0.9, 0.1, 0.1], dev=0.1, point="worse"),
        member(tmp_path, "a", 6, 1, [0.1, 0.6, 0.9, 0.9], dev=0.9),
        member(tmp_path, "a", 6, 2, [0.1, 0.1, 0.9, 0.4], dev=0.9),
    ]
    (found,) = ensembles_of(members, {"t": truth})
    assert (found.size, found.together.value) == (2, 100)
    assert [run.folder.name for run in found.runs] == ["a-p-1", "a-p-2"]


def test_a_model_and_a_network_are_averaged_seed_by_seed_and_all_together(truth: Truth, tmp_path: Path) -> None:
    members = [
        member(tmp_path, "a", 6, 1, [0.1, 0.6, 0.9, 0.9], dev=0.5),
        member(tmp_path, "cnn", 6, 1, [0.1, 0.1, 0.9, 0.4], dev=0.9, kind="cnn"),
        member(tmp_path, "a", 6, 2, [0.9, 0.9, 0.1, 0.1], dev=0.9),  # all wrong
        member(tmp_path, "cnn", 6, 2, [0.8, 0.8, 0.2, 0.2], dev=0.5, kind="cnn"),
        member(tmp_path, "cnn", 6, 3, [0.1, 0.1, 0.9, 0.9], dev=0.5, kind="cnn"),  # the model has no such seed
        member(tmp_path, "fresh", 6, 1, [0.1, 0.1, 0.9, 0.9], dev=0.5, kind="scratch"),
        member(tmp_path, "lstm", 6, 2, [0.1, 0.1, 0.9, 0.9], dev=0.5, kind="cnn-lstm"),
    ]
    found = {ensemble.name: ensemble for ensemble in ensembles_of(members, {"t": truth})}
    pairs = {"a and cnn (tuned)", "a and cnn (tuned) and seeds", "fresh and cnn (tuned)", "a and lstm (tuned)"}
    assert set(found) == {"seeds of a, tuned", "seeds of cnn, tuned", *pairs}
    pair, all_of_them = found["a and cnn (tuned)"], found["a and cnn (tuned) and seeds"]
    assert (pair.size, pair.together.values) == (2, pytest.approx((100.0, -100.0)))
    assert pair.members == pytest.approx((2 * 100 / 3**0.5 - 200) / 4)
    # means of the four: 0.475, 0.6, 0.525, 0.4
    assert (all_of_them.size, all_of_them.together.value) == (4, pytest.approx(0))


def test_no_model_or_no_network_of_a_seed_is_no_ensemble(truth: Truth, tmp_path: Path) -> None:
    ones = [0.1, 0.1, 0.9, 0.9]
    members = [member(tmp_path, "a", 6, 1, ones, 0.5), member(tmp_path, "cnn", 6, 2, ones, 0.5, kind="cnn")]
    assert ensembles_of(members, {"t": truth}) == []
