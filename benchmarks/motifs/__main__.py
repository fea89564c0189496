"""`python -m benchmarks.motifs`."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

import benchmarks.motifs
from benchmarks.motifs.document import document
from benchmarks.motifs.search import records, run_task
from benchmarks.motifs.sets import ENCODE, GUE, PLANTED, TWO_MODULES, Sizes, Task
from dnabert.motif.compare import jaspar_database
from dnabert.output import write_text

DOCUMENT = Path(__file__).parents[2] / "docs" / "results" / "motifs.md"
TINY = Sizes(60, 20, 1, 40, 5, ("attention", "gradient"), ("min_factor=0", "max_q=0.5", "min_len_bp=4"))


def all_tasks() -> list[Task]:
    """All sets, the planted first."""
    tasks = [Task(f"planted-{factor.replace('::', '-')}", "planted", factor) for factor in PLANTED]
    tasks.append(Task("planted-two-modules", "two modules", TWO_MODULES))
    return tasks + [Task(f"encode-{factor}", "ENCODE", factor) for factor in ENCODE] + [Task(f"gue-tf-{name}", "GUE") for name in GUE]


def main() -> int:
    usual = Sizes()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.motifs", description=benchmarks.motifs.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="pre-trained model to start from; without it, random weights of mini")
    parser.add_argument("--runs", type=Path, help="folder of fine-tuned runs, named as the sets are (gue-tf-0, ...), taken as they are")
    parser.add_argument("--work", type=Path, default=Path("runs/motifs"), help="where runs and searches are kept (default: %(default)s)")
    parser.add_argument("--out", type=Path, help=f"the table; without it {DOCUMENT}, or with --rehearse motifs.md in --work")
    parser.add_argument("--notes", type=Path, help="Markdown that goes into the page")
    parser.add_argument("--only", nargs="+", default=[], metavar="SET", help="sets to do now, or how they begin: planted, encode, gue")
    parser.add_argument("--train", type=int, default=usual.train, help="positives to train on (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=usual.epochs, help="(default: %(default)s)")
    parser.add_argument("--searched", type=int, default=usual.searched, help="positives that are searched (default: %(default)s)")
    parser.add_argument(
        "--judged", type=int, default=usual.judged, help="planted sequences whose bases are judged; 0: none (default: %(default)s)"
    )
    parser.add_argument("--methods", nargs="+", default=usual.methods, help="(default: attention gradient)")
    parser.add_argument("--rehearse", action="store_true", help="one tiny set of each kind")
    options = parser.parse_args()
    chosen = Sizes(
        train=options.train,
        epochs=options.epochs,
        searched=options.searched,
        judged=options.judged,
        methods=tuple(options.methods),
    )
    sizes = TINY if options.rehearse else chosen
    work = options.work / ("rehearsal" if options.rehearse else "full")
    tasks = [task for task in all_tasks() if not options.only or task.key.startswith(tuple(options.only))]
    if options.rehearse:
        tasks = list({task.kind: task for task in reversed(tasks)}.values())[::-1]
    database = jaspar_database()
    out = options.out or (work / "motifs.md" if options.rehearse else DOCUMENT)
    command = shlex.join(["python", "-m", "benchmarks.motifs", *sys.argv[1:]])
    notes = options.notes.read_text() if options.notes else ""
    skipped: dict[str, dict[str, Any]] = {}
    for task in tasks:
        result = run_task(task, work, sizes, options.model, options.runs, database)
        if "skipped" in result:
            skipped[task.key] = result
        out.parent.mkdir(parents=True, exist_ok=True)
        write_text(out, document(records(work, all_tasks(), skipped), command, notes))
    print(out.read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
