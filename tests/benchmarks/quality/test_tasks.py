"""Which tasks a folder holds, and which rows its splits share."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality.cells.tasks import find_tasks, keep_targets, read_task
from dnabert.errors import ConfigError, DataFileError
from tests.benchmarks.quality.made_tasks import make_rows, make_task, turned, write_split


def test_tasks_without_a_train_table_are_skipped_with_the_reason(data: Path) -> None:
    found = find_tasks(data)
    assert [(task.name, task.group, task.stranded) for task in found.tasks] == [("prom_core_tata", "core", True), ("tf/0", "tf", False)]
    assert found.skipped == {"prom_300_all": "no train table at hand"}


def test_a_task_of_no_known_recipe_is_skipped(data: Path) -> None:
    make_task(data, "virus/covid")
    assert find_tasks(data).skipped["virus/covid"].startswith("no recipe is known for it")


def test_the_beginning_of_a_name_chooses_tasks(data: Path) -> None:
    found = find_tasks(data, ["tf"])
    assert [task.name for task in found.tasks] == ["tf/0"]
    assert found.skipped == {"prom_300_all": "no train table at hand"}  # told, whatever was asked for


def test_a_task_that_is_not_there_is_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match=r"--tasks mouse: no such task in .*; there are prom_300_all, prom_core_tata, tf/0"):
        find_tasks(data, ["mouse"])


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="holds no tables named train, dev or test"):
        find_tasks(tmp_path)


def test_tables_as_dataset_writes_them_are_found(tmp_path: Path) -> None:
    make_task(tmp_path, "splice/worm")
    (tmp_path / "splice/worm/dev.csv").rename(tmp_path / "splice/worm/valid.csv")
    (task,) = find_tasks(tmp_path).tasks
    assert task.files["dev"].name == "valid.csv"


def test_rows_that_splits_share_are_counted_on_both_strands(tmp_path: Path) -> None:
    train = make_rows(6, 1)
    dev = [*make_rows(4, 2), train[0]]
    test = [train[1], (turned(train[2][0]), "0"), dev[0], *make_rows(3, 3)]
    for split, rows in (("train", train), ("dev", dev), ("test", test)):
        write_split(tmp_path / "tf/0" / f"{split}.csv", rows)
    data = read_task(find_tasks(tmp_path).tasks[0])
    assert data.overlap.model_dump() == {
        "dev_in_train": 1,
        "dev_in_train_reversed": 0,
        "test_in_train": 2,
        "test_in_train_reversed": 1,
        "test_in_dev": 1,
        "test_seen": 3,
    }
    assert data.clean.tolist() == [False, False, False, True, True, True]
    assert data.clean_dev.tolist() == [True, True, True, True, False]


def test_a_rehearsal_takes_some_rows(data: Path) -> None:
    found = read_task(find_tasks(data, ["tf"]).tasks[0], rows=20)
    assert (len(found.train), len(found.dev), len(found.test)) == (20, 20, 20)


def test_targets_of_other_rows_are_not_replaced(data: Path, tmp_path: Path) -> None:
    task = find_tasks(data, ["tf"]).tasks[0]
    place = tmp_path / "out"
    keep_targets(read_task(task), place, rehearsal=False)
    keep_targets(read_task(task), place, rehearsal=False)
    assert np.load(place / "targets" / "test.npy").tolist() == [0, 1] * 16
    (place / "targets" / "clean-dev.npy").unlink()  # as an earlier version left it
    keep_targets(read_task(task), place, rehearsal=False)
    assert np.load(place / "targets" / "clean-dev.npy").tolist() == [True] * 32
    with pytest.raises(ConfigError, match=r"belongs to other rows than those of .*; choose another --out"):
        keep_targets(read_task(task, rows=20), place, rehearsal=True)
