"""`python -m benchmarks.quality.organisms --model MODEL ...`: models of the human genome on mouse binding sites and foreign splice sites.

Splice sets of worm, fly and cress are built by ``dnabert dataset splice`` from 1 % of each genome; what is at hand of yeast has no
annotation, and is left out. Runs what is missing (``--minutes 0``: nothing), then writes docs/results/organisms.md.
"""

import argparse
import logging
import subprocess
import sys
from pathlib import Path

from benchmarks.quality.cells.limit import TimeIsUp
from benchmarks.quality.cells.lock import CellIsBusyError
from benchmarks.quality.cells.tasks import FOREIGN, Found, find_tasks
from benchmarks.quality.gue import RECIPES
from benchmarks.quality.options import add_run_flags, command_of, run_all, run_command, runner_of
from benchmarks.quality.table import document, write_document
from dnabert.errors import ConfigError, DataFileError

__all__ = ["SETS", "build_sets", "main"]

MODELS = ("random:mini:6", "cnn")
GENOMES = Path("../shared/data/other_genomes")
SETS = {"celegans": "korflab_1pct_ce270", "fly": "korflab_1pct_dm6", "cress": "korflab_1pct_at10"}
"""Name of a set, and of its genome and annotation."""

_SKIPPED = {"yeast": "its genome is at hand, an annotation is not: neither splice sites nor promoters can be placed"}
_NOTES = """- **Sets.** Mouse: GUE. Splice sites (donor, acceptor, neither; 400 bp): `dnabert dataset splice` on 1 % of each genome, contigs
  drawn for train, dev and test; rows of one contig are in one split. They are small: look at the bootstrap intervals.
"""

log = logging.getLogger(__name__)


def build_sets(genomes: Path, out: Path) -> Found:
    """The splice sets in ``out``, built where they are missing.

    Args:
        genomes: Folder with the genomes and annotations.
        out: A folder for each set.

    Raises:
        DataFileError: A set cannot be built.
    """
    skipped = dict(_SKIPPED)
    for name, stem in SETS.items():
        place = out / "splice" / name
        fasta, annotation = genomes / f"{stem}.fa.gz", genomes / f"{stem}.gff3.gz"
        if not (fasta.is_file() and annotation.is_file()):
            skipped[f"splice/{name}"] = f"{fasta.name} or {annotation.name} is not in {genomes}"
        elif not (place / "train.tsv").is_file():
            log.info("%s: is built", place)
            words = ["dataset", "splice", str(annotation), "--genome", str(fasta), "--out", str(place), "--quiet"]
            words += ["--set", "splits.valid_fraction=0.15", "--set", "splits.test_fraction=0.2"]
            ended = subprocess.run([sys.executable, "-m", "dnabert", *words], capture_output=True, text=True)
            if ended.returncode:
                raise DataFileError(f"{place}: cannot be built: {ended.stderr.strip().splitlines()[-1]}")
    built = find_tasks(out) if any((out / "splice" / name / "train.tsv").is_file() for name in SETS) else Found((), {})
    return Found(built.tasks, built.skipped | skipped)


def _is_told_of(task: str) -> bool:
    return task.startswith("mouse") or task in FOREIGN


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.organisms", description="Models on other organisms.")
    add_run_flags(parser, "runs/organisms", MODELS)
    parser.add_argument("--genomes", type=Path, default=GENOMES, help="genomes and annotations (default: %(default)s)")
    parser.add_argument("--sets", type=Path, help="folder of the splice sets, built where they are missing (default: sets in --out)")
    parser.add_argument("--recipe", choices=tuple(RECIPES), default="tuned", help="(default: %(default)s)")
    parser.add_argument("--document", type=Path, default=Path("docs/results/organisms.md"), help="(default: %(default)s)")
    parser.add_argument("--notes", type=Path, help="Markdown that stands at the end as it is")
    options = parser.parse_args()

    def work() -> None:
        ended = None if options.minutes == 0 else _run(options)
        text = document("Other organisms", command_of("organisms"), options.out, _is_told_of, _NOTES)
        write_document(options.document, text, options.notes)
        if ended is not None:
            raise ended

    return run_command(work)


def _run(options: argparse.Namespace) -> TimeIsUp | CellIsBusyError | None:
    """Runs what is missing, sets included; gives back why some of it was left."""
    mouse = find_tasks(options.data, ["mouse"])
    splice = build_sets(options.genomes, options.sets or options.out / "sets")
    known = [*mouse.tasks, *splice.tasks]
    for text in options.tasks:
        if not any(task.name.startswith(text) for task in known):
            raise ConfigError(f"--tasks {text}: no such task; there are {', '.join(task.name for task in known)}")
    skipped = {name: why for name, why in mouse.skipped.items() if name.startswith("mouse")} | splice.skipped
    wanted = [task for task in known if not options.tasks or task.name.startswith(tuple(options.tasks))]
    try:
        with runner_of(options, command_of("organisms")) as runner:
            run_all(runner, options, Found(tuple(wanted), skipped), RECIPES[options.recipe])
    except (TimeIsUp, CellIsBusyError) as error:
        return error
    return None


if __name__ == "__main__":
    sys.exit(main())
