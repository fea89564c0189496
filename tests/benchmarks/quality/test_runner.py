"""Cells: chosen on dev, scored once on test, resumable, and of the labels that were asked for."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.quality.cells.contestants import read_contestant
from benchmarks.quality.cells.limit import TimeIsUp, time_limit
from benchmarks.quality.cells.lock import CellIsBusyError, only_worker
from benchmarks.quality.cells.records import RESULT, read_record, read_records, read_truth
from benchmarks.quality.cells.runner import Cell, Runner, training_rows
from benchmarks.quality.cells.tasks import TaskData, find_tasks, read_task
from dnabert.device import Machine
from dnabert.errors import ConfigError, DataFileError
from dnabert.metrics import classification_metrics
from tests.benchmarks.quality.made_tasks import turned

CPU = Machine(torch.device("cpu"), torch.float32)


def runner(out: Path, **settings: bool) -> Runner:
    return Runner(out, CPU, "python -m test", 1, rehearsal=True, **settings)


def read(data: Path, name: str) -> TaskData:
    return read_task(find_tasks(data, [name]).tasks[0])


@pytest.mark.parametrize("what", ["toy", "random:toy", "cnn"])
def test_a_cell_leaves_its_record_and_probabilities_and_no_weights(data: Path, model: Path, tmp_path: Path, what: str) -> None:
    task, contestant = read(data, "tf"), read_contestant("x=" + what.replace("toy", str(model)))
    record = runner(tmp_path / "out").run(Cell(task, contestant, "published", 1))
    point = "published" if what != "cnn" else "lr0.001"
    folder = tmp_path / "out" / "tf-0" / "x" / "published" / point / "seed-1"
    assert (record.task, record.contestant, record.point, record.seed, record.strand) == ("tf/0", "x", point, 1, "both")
    assert read_record(folder / RESULT) == record
    probs = np.load(folder / "test-both.npy")
    targets = np.array([0, 1] * 16)
    assert record.test is not None
    assert record.test["both"] == classification_metrics(targets, probs)
    assert record.test_clean is not None
    assert record.test_clean["forward"]["n"] == 30
    assert {path.name for path in folder.iterdir()} >= {"run.json", "dev-forward.npy", "dev-both.npy", "test-forward.npy"}
    assert not list(folder.glob("*.safetensors"))
    assert json.loads((folder / "run.json").read_text())["seed"] == 1


def test_a_stranded_task_is_read_on_one_strand(data: Path, tmp_path: Path) -> None:
    record = runner(tmp_path / "out").run(Cell(read(data, "prom"), read_contestant("cnn"), "published", 1))
    assert (record.strand, list(record.dev)) == ("forward", ["forward"])


def test_both_strands_are_the_mean_of_a_sequence_and_its_reverse_complement(data: Path, model: Path, tmp_path: Path) -> None:
    table = data / "tf/0/test.csv"
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    table.write_text("sequence,label\n" + "".join(f"{sequence},{label}\n{turned(sequence)},{label}\n" for sequence, label in rows))
    runner(tmp_path / "out").run(Cell(read(data, "tf"), read_contestant(f"x={model}"), "published", 1))
    folder = tmp_path / "out/tf-0/x/published/published/seed-1"
    forward, both = np.load(folder / "test-forward.npy"), np.load(folder / "test-both.npy")
    np.testing.assert_allclose(both[::2], (forward[::2] + forward[1::2]) / 2, atol=1e-6)


def test_all_seeds_take_the_point_that_is_best_on_dev_and_the_others_never_see_the_test(data: Path, tmp_path: Path) -> None:
    out, task, contestant = tmp_path / "out", read(data, "prom"), read_contestant("cnn")
    place = out / "prom_core_tata/cnn/tuned"
    chosen = runner(out).run(Cell(task, contestant, "tuned", 1)).point
    (other,) = {"lr0.001", "lr0.003"} - {chosen}
    scores = {name: read_record(place / name / "seed-1" / RESULT).dev_mcc() for name in ("lr0.001", "lr0.003")}
    assert chosen == max(scores, key=lambda name: scores[name])
    assert read_record(place / other / "seed-1" / RESULT).test is None
    assert not list((place / other).rglob("test-*.npy"))
    _set_dev_mcc(place / other / "seed-1" / RESULT, 0.99)  # now the other one is the best
    assert [runner(out).run(Cell(task, contestant, "tuned", seed)).point for seed in (2, 1)] == [other, other]
    assert read_record(place / other / "seed-1" / RESULT).test is not None


def _set_dev_mcc(path: Path, value: float) -> None:
    content = json.loads(path.read_text())
    content["dev_clean"]["forward"]["mcc"] = value
    path.write_text(json.dumps(content))


def test_test_labels_change_nothing_but_test_figures(data: Path, tmp_path: Path) -> None:
    first = runner(tmp_path / "first").run(Cell(read(data, "tf"), read_contestant("cnn"), "tuned", 1))
    table = data / "tf/0/test.csv"
    table.write_text(table.read_text().replace(",0\n", ",x\n").replace(",1\n", ",0\n").replace(",x\n", ",1\n"))
    second = runner(tmp_path / "second").run(Cell(read(data, "tf"), read_contestant("cnn"), "tuned", 1))
    assert (first.point, first.best_step, first.dev) == (second.point, second.best_step, second.dev)
    probs = [np.load(next((tmp_path / name).rglob("test-both.npy"))) for name in ("first", "second")]
    assert np.array_equal(*probs)
    assert first.test_mcc() == pytest.approx(-second.test_mcc())


def test_what_is_there_is_not_run_again_but_by_force(data: Path, tmp_path: Path) -> None:
    cell = Cell(read(data, "tf"), read_contestant("cnn"), "tuned", 1)
    record = runner(tmp_path / "out").run(cell)
    assert runner(tmp_path / "out").run(cell) == record
    again = runner(tmp_path / "out", force=True).run(cell)
    assert again.train_s != record.train_s
    assert again.dev == record.dev


def test_a_run_that_was_stopped_goes_on(data: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.quality.cells import runner as module

    def stop(*_: object) -> object:
        raise KeyboardInterrupt

    cell = Cell(read(data, "prom"), read_contestant(f"x={model}"), "published", 1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "keep_predictions", stop)
        with pytest.raises(KeyboardInterrupt):
            runner(tmp_path / "out").run(cell)
    assert not list((tmp_path / "out").rglob(RESULT))
    record = runner(tmp_path / "out").run(cell)
    assert record == read_record(next((tmp_path / "out").rglob(RESULT)))


def test_results_of_other_settings_are_not_taken_for_ours(data: Path, tmp_path: Path) -> None:
    cell = Cell(read(data, "tf"), read_contestant("cnn"), "published", 1)
    runner(tmp_path / "out").run(cell)
    path = next((tmp_path / "out").rglob(RESULT))
    content = json.loads(path.read_text())
    content["config"]["filters"] = 1
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="was made with other settings than this command has; choose another --out"):
        runner(tmp_path / "out").run(cell)


def test_results_of_a_version_that_had_fewer_settings_are_ours(data: Path, model: Path, tmp_path: Path) -> None:
    cell = Cell(read(data, "prom"), read_contestant(f"x={model}"), "published", 1)
    record = runner(tmp_path / "out").run(cell)
    path = next((tmp_path / "out").rglob(RESULT))
    content = json.loads(path.read_text())
    del content["config"]["frozen"], content["config"]["optim"]["matrices"]
    path.write_text(json.dumps(content))
    assert runner(tmp_path / "out").run(cell).test == record.test
    content["config"]["frozen"] = "encoder"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match="was made with other settings"):
        runner(tmp_path / "out").run(cell)


def test_results_of_another_k_or_number_type_are_not_taken_for_ours(data: Path, tmp_path: Path) -> None:
    task, out = read(data, "prom"), tmp_path / "out"
    runner(out).run(Cell(task, read_contestant("cnn"), "published", 1))
    path = next(out.rglob(RESULT))
    content = json.loads(path.read_text())
    wanted = [
        ({"sizes": {"kmer": 6}}, "sizes"),
        ({"kind": "scratch"}, "kind of model"),
        ({"machine": {**content["machine"], "dtype": "bfloat16"}}, "number type"),
    ]
    for change, name in wanted:
        path.write_text(json.dumps({**content, **change}))
        with pytest.raises(ConfigError, match=f"was made with other {name} than this command has"):
            runner(out).run(Cell(task, read_contestant("cnn"), "published", 1))


def test_a_cell_that_another_process_works_on_is_left_to_it(data: Path, tmp_path: Path) -> None:
    out, cell = tmp_path / "out", Cell(read(data, "prom"), read_contestant("cnn"), "published", 1)
    folder = out / "prom_core_tata/cnn/published/lr0.001/seed-1"
    with only_worker(folder), pytest.raises(CellIsBusyError, match="seed-1: another process works on it"):
        runner(out).run(cell)
    assert not list(out.rglob(RESULT))
    assert runner(out).run(cell).test is not None
    assert not list(out.rglob(".*.lock"))


def test_records_of_an_earlier_version_get_their_figures_without_the_rows_that_train_holds(data: Path, tmp_path: Path) -> None:
    table, train = data / "prom_core_tata/dev.csv", (data / "prom_core_tata/train.csv").read_text().splitlines()
    table.write_text(table.read_text() + "".join(f"{line}\n" for line in train[1:5]))
    out, cell = tmp_path / "out", Cell(read(data, "prom"), read_contestant("cnn"), "published", 1)
    record = runner(out).run(cell)
    assert record.dev_clean is not None
    assert (record.dev["forward"]["n"], record.dev_clean["forward"]["n"]) == (36, 32)
    path = next(out.rglob(RESULT))
    path.write_text(json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != "dev_clean"}))
    assert read_record(path).dev_clean is None
    assert runner(out).run(cell) == record
    assert read_record(path) == record


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    (tmp_path / RESULT).write_text("{}")
    with pytest.raises(DataFileError, match=r"result\.json: is no result of this benchmark: .*; remove its folder"):
        list(read_records(tmp_path))


def test_nothing_begins_when_the_time_is_up(data: Path, tmp_path: Path) -> None:
    with time_limit(0) as is_over, pytest.raises(TimeIsUp):
        Runner(tmp_path / "out", CPU, "", 1, is_over, rehearsal=True).run(Cell(read(data, "tf"), read_contestant("cnn"), "published", 1))


def test_training_in_progress_ends_with_the_time() -> None:
    def work() -> None:
        with time_limit(1e-4):
            while True:
                pass

    with pytest.raises(TimeIsUp):
        work()


def test_a_larger_share_of_labels_holds_the_smaller_one_and_every_class(data: Path) -> None:
    task = read(data, "prom")
    held: set[int] = set()
    for share in (0.01, 0.1, 0.3, 1.0):
        rows = training_rows(Cell(task, read_contestant("cnn"), "tuned", 1, share), epochs=10)
        different = set(rows.tolist())
        assert held <= different
        assert set(task.targets(task.train)[rows].tolist()) == {0, 1}
        assert len(different) == max(2, 2 * round(32 * share))
        held = different
    other = training_rows(Cell(task, read_contestant("cnn"), "tuned", 2, 0.1), epochs=10)
    assert set(other.tolist()) != set(training_rows(Cell(task, read_contestant("cnn"), "tuned", 1, 0.1), epochs=10).tolist())


def test_few_rows_are_repeated_for_as_many_steps_as_all_have_at_most(data: Path) -> None:
    task = read(data, "prom")
    rows = training_rows(Cell(task, read_contestant("cnn"), "tuned", 1, 0.1), epochs=10)
    assert len(set(rows.tolist())) == 6
    assert len(rows) == 6 * 2  # all 64 rows have 2 steps of 32 an epoch
    assert len(training_rows(Cell(task, read_contestant("random:mini:6"), "few", 1, 0.1), epochs=10)) == 6  # min_steps sees to it


def test_what_is_true_is_kept_beside_the_cells(data: Path, tmp_path: Path) -> None:
    runner(tmp_path / "out").run(Cell(read(data, "tf"), read_contestant("cnn"), "published", 1))
    truth = read_truth(tmp_path / "out")["tf/0"]
    assert truth.targets("test").tolist() == [0, 1] * 16
    assert truth.clean.sum() == 30
