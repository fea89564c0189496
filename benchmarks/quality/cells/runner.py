"""Runs cells: each in a folder of its own, resumable, and nothing is read from the test rows before settings and moment are fixed."""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError
from safetensors.torch import save

from benchmarks.quality.cells.contestants import Contestant
from benchmarks.quality.cells.limit import TimeIsUp
from benchmarks.quality.cells.lock import only_worker
from benchmarks.quality.cells.networks import NetworkConfig, train_network
from benchmarks.quality.cells.recipes import Point, RecipeName, points
from benchmarks.quality.cells.records import RESULT, Record, commit, machine_facts, read_record
from benchmarks.quality.cells.scoring import NETWORK_WEIGHTS, Probs, figures_of, keep_predictions
from benchmarks.quality.cells.tasks import TaskData, keep_targets
from dnabert.bootstrap import bootstrap_intervals
from dnabert.data.labelled import LabelledSet, inputs_of
from dnabert.device import Machine, seed_of
from dnabert.errors import ConfigError
from dnabert.output import check_free, provenance, start_run, write_bytes, write_json
from dnabert.train.config import FinetuneConfig
from dnabert.train.finetune import finetune
from dnabert.train.loop import STATE_FILE

__all__ = ["Cell", "Runner", "folder_of_task", "training_rows"]

log = logging.getLogger(__name__)

_WEIGHTS = ("model.safetensors", NETWORK_WEIGHTS)
_MIN_STEPS = 300
"""Steps of a run at least: with few labels its rows are repeated until there are so many."""


def folder_of_task(out: Path, task: str) -> Path:
    """The folder of a task's cells."""
    return out / task.replace("/", "-")


@dataclass(frozen=True)
class Cell:
    """What is to be run.

    Attributes:
        data: The rows of the task.
        contestant: What is trained.
        recipe: How.
        seed: All randomness comes from it.
        share: Share of the training labels, 0-1.
    """

    data: TaskData
    contestant: Contestant
    recipe: RecipeName
    seed: int
    share: float = 1.0


class Runner:
    """Runs cells into a folder.

    Args:
        out: The folder of results.
        machine: Where to compute.
        command: The command line, for the record.
        tuning_seed: The seed with which the points of a grid are compared.
        is_over: Whether no more cell may begin.
        most_points: Of a grid, the first so many points; None is all.
        rehearsal: One epoch, two points of a grid.
        force: Run anew what is there.
        keep_weights: Keep the weights of scored cells, too.
    """

    def __init__(
        self,
        out: Path,
        machine: Machine,
        command: str,
        tuning_seed: int,
        is_over: Callable[[], bool] = lambda: False,
        *,
        most_points: int | None = None,
        rehearsal: bool = False,
        force: bool = False,
        keep_weights: bool = False,
    ) -> None:
        self.out = out
        self.machine = machine
        self.command = command
        self.tuning_seed = tuning_seed
        self.is_over = is_over
        self.most_points = most_points
        self.rehearsal = rehearsal
        self.force = force
        self.keep_weights = keep_weights
        self._made: set[Path] = set()

    def run(self, cell: Cell) -> Record:
        """The finished record of a cell: its point chosen on dev, trained, its test rows scored once.

        Raises:
            TimeIsUp: No more cell may begin.
            ConfigError: What is there was made of other settings, rows or weights.
            CellIsBusyError: Another process works on it, or on a point of its grid.
        """
        keep_targets(cell.data, folder_of_task(self.out, cell.data.task.name), self.rehearsal)
        point = self._choose(cell)
        folder = self._folder(cell, point)
        with only_worker(folder):
            record = self._trained(cell, point)
            if record.test is None:
                if not any((folder / name).is_file() for name in _WEIGHTS):  # of a point that an earlier grid did not choose
                    record = self._train(cell, point, folder)
                record = self._scored(cell, folder, record)
                strand = f" ({record.strand})" if record.strand == "both" else ""
                log.info("%s: dev MCC %.2f, test MCC %.2f%s", folder, 100 * record.dev_mcc(), 100 * record.test_mcc(), strand)
            if not self.keep_weights:
                _drop_weights(folder)
        return record

    def _choose(self, cell: Cell) -> Point:
        """The point that is best on dev, without the rows that train holds, with the tuning seed and all labels.

        All seeds and shares take it.
        """
        tuning = Cell(cell.data, cell.contestant, cell.recipe, self.tuning_seed)
        candidates = self._points(tuning)
        if len(candidates) == 1:
            return self._points(cell)[0]
        scores = {}
        for point in candidates:
            with only_worker(self._folder(tuning, point)):
                scores[point.name] = self._trained(tuning, point).dev_mcc(clean=True)
        best = max(scores, key=lambda name: scores[name])  # the first of equals
        for point in candidates:
            if point.name != best:
                with only_worker(self._folder(tuning, point)):
                    _drop_weights(self._folder(tuning, point))
        return next(point for point in self._points(cell) if point.name == best)

    def _points(self, cell: Cell) -> list[Point]:
        num_rows = len(training_rows(cell, self._epochs(cell)))
        return points(cell.data.task, cell.contestant, cell.recipe, num_rows, cell.seed, most=self.most_points, rehearsal=self.rehearsal)

    def _epochs(self, cell: Cell) -> int:
        """Fewest epochs of a run on all labels, from which the repeats of few labels follow."""
        sample = points(
            cell.data.task, cell.contestant, cell.recipe, len(cell.data.train), cell.seed, most=self.most_points, rehearsal=self.rehearsal
        )
        return min(point.config.epochs for point in sample)

    def _folder(self, cell: Cell, point: Point) -> Path:
        share = "" if cell.share == 1 else f"-{100 * cell.share:g}percent"
        names = (cell.contestant.slug, f"{cell.recipe}{share}", point.name, f"seed-{cell.seed}")
        return folder_of_task(self.out, cell.data.task.name).joinpath(*names)

    def _trained(self, cell: Cell, point: Point) -> Record:
        """The record of a cell at a point: read if it is there, else trained; its test rows are left alone."""
        folder = self._folder(cell, point)
        anew = self.force and folder not in self._made
        if (folder / RESULT).is_file() and not anew:
            record = read_record(folder / RESULT)
            self._check_same(cell, point, record, folder)
            if record.dev_clean is None:  # of an earlier version
                probs: Probs = {strand: np.load(folder / f"dev-{strand}.npy") for strand in record.dev}
                clean = figures_of(cell.data.targets(cell.data.dev), probs, cell.data.clean_dev)
                record = record.model_copy(update={"dev_clean": clean})
                write_json(folder / RESULT, record.model_dump(mode="json"))
            return record
        return self._train(cell, point, folder)

    def _check_same(self, cell: Cell, point: Point, record: Record, folder: Path) -> None:
        """Refuse a record that this command would not make."""
        contestant = cell.contestant
        facts = {
            "settings": (_as_now(record.config, point.config), point.config.model_dump(mode="json")),
            "kind of model": (record.kind, contestant.kind),
            "sizes": (record.sizes, None if contestant.sizes is None else contestant.sizes.model_dump(mode="json")),
            "weights": (record.model_sha256, contestant.sha256),
            "rows": (record.digests, cell.data.digests),
            "number type": (record.machine["dtype"], machine_facts(self.machine)["dtype"]),
            "rehearsal": (record.rehearsal, self.rehearsal),
        }
        others = [name for name, (kept, wanted) in facts.items() if kept != wanted]
        if others:
            raise ConfigError(
                f"{folder}: was made with other {', '.join(others)} than this command has; choose another --out, or give --force"
            )

    def _train(self, cell: Cell, point: Point, folder: Path) -> Record:
        if self.is_over():
            raise TimeIsUp
        if self.force and folder not in self._made and folder.exists():
            check_free(folder, force=True)
            shutil.rmtree(folder)
        self._made.add(folder)
        log.info("%s: begins", folder)
        data, contestant = cell.data, cell.contestant
        rows = training_rows(cell, self._epochs(cell))
        train = data.train if cell.share == 1 and len(rows) == len(data.train) else data.train.take(rows)
        begin = time.perf_counter()
        if isinstance(point.config, NetworkConfig):
            steps, best_step, collapsed = self._train_network(data, train, point.config, folder)
        else:
            result = finetune(
                train,
                data.dev,
                folder,
                point.config,
                self.machine,
                start_from=contestant.directory,
                sizes=contestant.sizes if contestant.directory is None else None,
                resume=True,
                command=self.command,
                quiet=True,
            )
            (folder / STATE_FILE).unlink(missing_ok=True)
            steps, best_step, collapsed = result.steps, result.best_step, result.collapsed
        probs = keep_predictions(folder, data, data.dev, "dev", self.machine)
        facts = provenance(self.command, {}, cell.seed)
        record = Record(
            task=data.task.name,
            contestant=contestant.name,
            kind=contestant.kind,
            sizes=None if contestant.sizes is None else contestant.sizes.model_dump(mode="json"),
            recipe=cell.recipe,
            point=point.name,
            seed=cell.seed,
            share=cell.share,
            num_labels=len(np.unique(rows)),
            num_rows=len(rows),
            rehearsal=self.rehearsal,
            config=point.config.model_dump(mode="json"),
            model_sha256=contestant.sha256,
            digests=data.digests,
            steps=steps,
            best_step=best_step,
            collapsed=collapsed,
            dev=figures_of(data.targets(data.dev), probs),
            dev_clean=figures_of(data.targets(data.dev), probs, data.clean_dev),
            overlap=data.overlap,
            train_s=time.perf_counter() - begin,
            command=self.command,
            commit=commit(),
            versions={"dnabert": str(facts["dnabert"]), **facts["versions"]},
            machine=machine_facts(self.machine),
        )
        write_json(folder / RESULT, record.model_dump(mode="json"))
        return record

    def _train_network(self, data: TaskData, train: LabelledSet, config: NetworkConfig, folder: Path) -> tuple[int, int, bool]:
        facts = {
            **provenance(self.command, inputs_of([train, data.dev]), config.seed),
            "config": config.model_dump(mode="json"),
            "classes": list(data.classes),
            "n_train": len(train),
            "n_valid": len(data.dev),
        }
        start_run(folder, facts, force=True)
        targets = data.targets(train), data.targets(data.dev)
        network, ended = train_network(train, targets[0], data.dev, targets[1], len(data.classes), config, self.machine)
        write_json(folder / "metrics.json", ended.model_dump(mode="json"))
        write_bytes(folder / NETWORK_WEIGHTS, save(network.state_dict()))
        return ended.steps, ended.best_step, max(ended.curve) == 0

    def _scored(self, cell: Cell, folder: Path, record: Record) -> Record:
        """The record with the figures of the test rows, which are read here and nowhere else."""
        begin = time.perf_counter()
        probs = keep_predictions(folder, cell.data, cell.data.test, "test", self.machine)
        targets = cell.data.targets(cell.data.test)
        changes = {
            "test": figures_of(targets, probs),
            "test_clean": figures_of(targets, probs, cell.data.clean),
            "test_interval": {strand: bootstrap_intervals("classify", targets, values)["mcc"] for strand, values in probs.items()},
            "test_s": time.perf_counter() - begin,
        }
        record = record.model_copy(update=changes)
        write_json(folder / RESULT, record.model_dump(mode="json"))
        return record


def _as_now(kept: dict[str, Any], config: FinetuneConfig | NetworkConfig) -> dict[str, Any]:
    """Kept settings with those that an earlier version had not, which are at their defaults."""
    try:
        return type(config).model_validate(kept).model_dump(mode="json")
    except ValidationError:
        return kept


def training_rows(cell: Cell, epochs: int) -> npt.NDArray[np.int64]:
    """Rows of one epoch: the first ones of each class, in a random order of the seed, so that a larger share holds the smaller one.

    They are repeated until a run has steps enough, but for the recipe that sees to that itself.
    """
    targets = cell.data.targets(cell.data.train)
    if cell.share == 1:
        return np.arange(len(targets))
    rng = np.random.default_rng(seed_of(cell.seed, "share"))
    chosen = []
    for number in range(len(cell.data.classes)):
        rows = rng.permutation(np.flatnonzero(targets == number))
        chosen.append(rows[: max(1, round(cell.share * len(rows)))])
    rows = np.sort(np.concatenate(chosen))
    if cell.recipe == "few":
        return rows
    steps = epochs * max(1, len(rows) // 32)
    full = epochs * max(1, len(targets) // 32)
    return np.tile(rows, max(1, -(-min(_MIN_STEPS, full) // steps)))


def _drop_weights(folder: Path) -> None:
    """Leave the record, the settings, the curves and the predictions."""
    kept = ("run.json", RESULT, "metrics.jsonl", "metrics.json", "config.json")
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in kept and path.suffix != ".npy":
            path.unlink()
