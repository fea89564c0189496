"""Every model on every task: `python -m benchmarks.gpu.finetune --models DIR... --tasks DIR --minutes 8 --out DIR`.

A task is a folder with train, dev and test (.csv.gz). Each model, task and seed is one item: fine-tuned with the package's own
``finetune``, the best moment chosen on dev, the test scored once, a line of JSON. What is there already is not done again; an item that
the end of the time meets is dropped, and done by the next call. Small models leave a GPU waiting for the next launch, so that several
processes (`--workers`) share it.
"""

import argparse
import json
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.gpu.deadline import Deadline
from benchmarks.gpu.machine import Device, check_place, describe, home_folder, is_rehearsal
from benchmarks.gpu.tasks import PARTS, Item, find_tasks, items_of, sizes_of
from dnabert.checkpoint import load_model
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.device import Machine, choose_machine
from dnabert.errors import DataFileError, DnabertError
from dnabert.infer.predictor import Predictor
from dnabert.train.finetune import finetune

__all__ = ["line_of", "run_items"]

log = logging.getLogger(__name__)
SEEDS = (42, 43, 44)
RESERVE_S = 15
TINY_ROWS = 24


def line_of(item: Item, machine: Machine, device: Device, rehearsal: bool, work: Path) -> dict[str, Any]:
    """One item, done: its line."""
    begin = time.monotonic()
    sizes = sizes_of(item.model) if item.start_from is None else None
    kmer_bp = sizes_of(item.model).kmer if item.start_from is None else load_model(item.start_from, item.config.head).model.config.kmer
    train, dev, test = (_part(item.folder, part, kmer_bp, rehearsal) for part in PARTS)
    with TemporaryDirectory(dir=work) as folder:
        result = finetune(
            train,
            dev,
            Path(folder) / "run",
            item.config,
            machine,
            start_from=item.start_from,
            sizes=sizes,
            quiet=True,
        )
        predictor = Predictor(result.run, machine)
        figures = {name: predictor.evaluate(data, rounds=0).metrics for name, data in (("dev", dev), ("test", test))}
    return {
        "key": item.key(),
        "rehearsal": rehearsal,
        "model": item.model,
        "task": item.task,
        "seed": item.seed,
        **figures,
        "n_train": len(train),
        "best_step": result.best_step,
        "steps": result.steps,
        "collapsed": result.collapsed,
        "seconds": round(time.monotonic() - begin, 1),
        "config": item.config.model_dump(mode="json"),
        "device": device.model_dump(mode="json"),
    }


def _part(folder: Path, part: str, kmer: int, rehearsal: bool) -> LabelledSet:
    data = read_set(folder / f"{part}.csv.gz", kmer)
    if not rehearsal:
        return data
    assert data.labels is not None
    rows = [row for label in sorted(set(data.labels)) for row in [i for i, own in enumerate(data.labels) if own == label][: TINY_ROWS // 2]]
    labels, where = tuple(data.labels[row] for row in rows), tuple(data.where[row] for row in rows)
    return LabelledSet(data.sequences.take(rows), labels, where, data.source)


def run_items(items: Sequence[Item], lines: Path, deadline: Deadline, machine: Machine, rehearsal: bool, done: set[str]) -> int:
    """Does what is not done, until the time is over; how many items are lacking then.

    Args:
        items: What is wanted.
        lines: Where the lines go, one by one.
        deadline: When to stop.
        machine: Where to compute.
        rehearsal: Whether tables are cut to a few rows.
        done: Keys of items that are there already.
    """
    device, lacking = describe(), 0
    with deadline.enforced():
        for item in items:
            if item.key() in done:
                continue
            if deadline.left_s <= 0:
                lacking += 1
                continue
            try:
                line = line_of(item, machine, device, rehearsal, lines.parent)
            except KeyboardInterrupt:
                if not deadline.is_over:
                    raise
                lacking += 1
                continue
            with lines.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(line) + "\n")
            log.info("%s, %s, seed %d: test mcc %s, %.1f s", item.model, item.task, item.seed, line["test"].get("mcc"), line["seconds"])
    return lacking


def _keys(path: Path, rehearsal: bool) -> set[str]:
    """Keys of the lines of a file.

    Raises:
        DataFileError: A line is none, or of the other kind: rehearsed and real lines are never in one file.
    """
    if not path.exists():
        return set()
    found = set()
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            line = json.loads(text)
            kind, key = line["rehearsal"], line["key"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataFileError(f"{path}:{number}: is no line of a fine-tuning: {error}") from error
        if kind is not rehearsal:
            raise DataFileError(f"{path}:{number}: is {'a rehearsal' if kind else 'real'}, this run is not; choose another --out")
        found.add(key)
    return found


def main(words: list[str] | None = None) -> int:
    words = sys.argv[1:] if words is None else words
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("dnabert").setLevel(logging.WARNING)
    rehearsal = is_rehearsal(options.quick)
    deadline = Deadline(options.minutes, 1 if rehearsal else RESERVE_S)
    try:
        return _run(options, words, deadline, rehearsal)
    except DnabertError as error:
        print(f"finetune: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.finetune", description="Every model on every task.")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help="folders of pre-trained models")
    parser.add_argument("--scratch", nargs="*", default=[], metavar="PRESET-K", help="models from random weights, such as mini-6")
    parser.add_argument("--tasks", type=Path, required=True, help="folder of the tasks")
    parser.add_argument("--only", nargs="*", metavar="TASK", help="some tasks, by name")
    parser.add_argument("--minutes", type=float, required=True, help="all of this command, from now")
    parser.add_argument("--out", type=Path, required=True, help="folder of the lines; what is there is not done again")
    parser.add_argument("--home", type=Path, default=home_folder(), help="where a copy of the lines goes (default: $OUT)")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--published", action="store_true", help="the published recipe of each task's group; else the package's defaults")
    parser.add_argument("--set", action="append", default=[], dest="assignments", metavar="A.B=VALUE", help="a setting of all items")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the GPU (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a rehearsal, as always without a GPU: a few rows, one epoch")
    parser.add_argument("--share", type=int, help=argparse.SUPPRESS)
    return parser


def _run(options: argparse.Namespace, words: list[str], deadline: Deadline, rehearsal: bool) -> int:
    name = "finetune.rehearsal.jsonl" if rehearsal else "finetune.jsonl"
    for place in (options.out, options.home):
        if place is not None:
            check_place(place, rehearsal)
    options.out.mkdir(parents=True, exist_ok=True)
    tasks = {task: folder for task, folder in find_tasks(options.tasks).items() if not options.only or task in options.only}
    tiny = ["epochs=1", "batch_size=8"] if rehearsal else []
    items = items_of(options.models, options.scratch, tasks, options.seeds, options.published, [*options.assignments, *tiny])
    lines = options.out / name
    if options.share is None:
        _gather(lines, rehearsal)  # of a call that was killed
    done = _keys(lines, rehearsal)
    if options.share is not None:
        torch.set_num_threads(1)
        own = lines.with_name(f"{name}.{options.share}")
        todo = [item for item in items if item.key() not in done]
        run_items(todo[options.share :: options.workers], own, deadline, choose_machine(), rehearsal, done)
        return 0
    if options.workers == 1:
        run_items(items, lines, deadline, choose_machine(), rehearsal, done)
    else:
        _share_out(options.workers, words, deadline, lines, rehearsal)
    if options.home is not None and lines.exists():
        options.home.mkdir(parents=True, exist_ok=True)
        shutil.copy(lines, options.home / name)
    there = _keys(lines, rehearsal)
    lacking = sum(item.key() not in there for item in items)
    end = "the same command goes on" if lacking else "complete"
    print(f"{'REHEARSAL, these figures mean nothing: ' if rehearsal else ''}{lines}: {len(items) - lacking} of {len(items)} items; {end}")
    return 0


def _gather(lines: Path, rehearsal: bool) -> None:
    """The lines of all workers' files at the end of the one file; a line that was being written when its worker was killed is left out."""
    for own in sorted(lines.parent.glob(f"{lines.name}.*")):
        whole = [text for text in own.read_text(encoding="utf-8").splitlines(keepends=True) if text.endswith("\n")]
        own.write_text("".join(whole), encoding="utf-8")
        _keys(own, rehearsal)
        with lines.open("a", encoding="utf-8") as handle:
            handle.writelines(whole)
        own.unlink()


def _share_out(workers: int, words: list[str], deadline: Deadline, lines: Path, rehearsal: bool) -> None:
    """As many processes as workers, each with its share of the items and its own file; the files are put together at the end.

    Raises:
        DataFileError: A process failed; what the others did is kept.
    """
    base = [sys.executable, "-m", "benchmarks.gpu.finetune", *words]
    processes = [subprocess.Popen([*base, "--share", str(number)]) for number in range(workers)]
    codes = []
    for process in processes:
        try:
            codes.append(process.wait(timeout=max(deadline.left_s + RESERVE_S, 1)))
        except subprocess.TimeoutExpired:
            process.kill()
            codes.append(process.wait())
    _gather(lines, rehearsal)
    if any(codes):
        raise DataFileError(f"{lines}: {sum(map(bool, codes))} of {workers} processes failed, see above; the lines of the others are kept")


if __name__ == "__main__":
    sys.exit(main())
