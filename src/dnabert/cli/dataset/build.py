"""What all builders of data sets do: read the genome, build, take duplicates out, write, report."""

import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from dnabert.cli.options import command_line
from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.splice import Scorer
from dnabert.data.finish.dataset import FinishedDataset, finish_dataset
from dnabert.data.finish.duplicates import DatasetTask
from dnabert.data.finish.tables import Origin, write_dataset
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.data.sequences import SequenceSet, pack
from dnabert.dna.assembly import name_assembly
from dnabert.dna.sequence import Codes
from dnabert.errors import CheckpointError, DataFileError
from dnabert.infer.shortcuts import kmer_only_auroc
from dnabert.output import new_directory, sha256_of_file
from dnabert.report.dataset import write_dataset_report

if TYPE_CHECKING:  # torch is imported when a model is asked, not before
    from dnabert.infer.predictor import Predictor

__all__ = ["Source", "build_set", "open_store", "scorer_of", "splice_model"]

log = logging.getLogger(__name__)

_NONE = "none"


@dataclass(frozen=True)
class Source:
    """What a data set is built from.

    Attributes:
        store: The genome.
        assembly: Name of its assembly, as far as it is known.
        annotations: The other files that are read, for the record; None for one that is not given.
        models: SHA-256 of the models that were asked, by run directory.
    """

    store: GenomeStore
    assembly: str | None
    annotations: Sequence[Path | None]
    models: Mapping[str, str] = field(default_factory=dict)


def open_store(genome: Path, assembly: str | None, annotations: Sequence[Path]) -> tuple[GenomeStore, str | None]:
    """The genome, and the name of its assembly as far as it is known.

    Args:
        genome: FASTA or 2bit file.
        assembly: What the user calls it, which goes on record; a warning says if the lengths of the contigs tell another name.
        annotations: The files that will be read beside it.

    Raises:
        DataFileError: One of the files is a pipe: they are read more than once, and their SHA-256 goes on record.
    """
    for path in (genome, *annotations):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise DataFileError(f"{path}: is a pipe, and the file is read more than once; save it under a name first")
    store = build_genome([genome])
    known = name_assembly(store.lengths)
    if assembly is not None and known is not None and assembly.lower() != known.lower():
        log.warning("%s: is called %s; by the lengths of its contigs it is %s", genome, assembly, known)
    return store, assembly or known


def build_set(
    draft: Draft,
    config: BaseModel,
    source: Source,
    out: Path,
    *,
    task: DatasetTask = "classify",
    drop_near_duplicates: float | None,
    seed: int,
    force: bool,
) -> None:
    """Take the duplicates out of a draft and write it, whole, to ``out``.

    Args:
        draft: What a builder made.
        config: Its settings, for the record.
        source: What it was made from.
        out: The new directory.
        task: What the labels are.
        drop_near_duplicates: Share of a row of validation or test that a training row may hold, 0-1; None keeps all.
        seed: The seed.
        force: Replace what is at ``out``.

    Raises:
        DataFileError: No row is left in a split.
        OutputError: The place is taken or cannot be written.
    """
    finished = finish_dataset(draft, task, drop_near_duplicates)
    finished = finished.with_kmer_auroc(kmer_only_auroc(finished))
    digests = {str(path): sha256_of_file(path) for path in source.annotations if path is not None}
    digests.update(source.models)
    with new_directory(out, force) as directory:
        write_dataset(directory, finished, Origin(command_line(), seed, config, source.store.files, source.assembly, digests))
        write_dataset_report(directory / "report.html", directory)
    for text, number in finished.counts.items():
        if number:
            log.info("%s: %d", text, number)
    log.info("%s: report.html there says what was built and what could leak", out)
    log.info("train on it with:  %s", _training_command(finished, out))


def _training_command(finished: FinishedDataset, out: Path) -> str:
    """The command that fine-tunes on a data set; its tables name the task, but a reader shall see it where it is not the usual one."""
    tables = [f"--{split} {shlex.quote(str(out / split) + '.tsv')}" for split, rows in finished.leakage.num_rows.items() if rows]
    task = [] if finished.task == "classify" else [f"--task {finished.task}"]
    return " ".join(["dnabert finetune", *tables, *task, *finished.training_flags])


def splice_model(run: Path) -> "Predictor":
    """A fine-tuned model that tells splice sites from what is none.

    Raises:
        CheckpointError: The run is no classifier with a class ``none``.
    """
    from dnabert.device import choose_machine
    from dnabert.infer.predictor import Predictor

    predictor = Predictor(run, choose_machine())
    if predictor.info.head.task != "classify" or _NONE not in predictor.info.labels:
        raise CheckpointError(
            f"{run}: --hard-negatives needs a model with a class {_NONE!r}, as fine-tuned on the output of  dnabert dataset splice;"
            f" this one tells {', '.join(predictor.info.labels)}"
        )
    return predictor


def scorer_of(predictor: "Predictor") -> Scorer:
    """What a model says of windows: the probability that they are no site, 0-1."""
    column = list(predictor.info.labels).index(_NONE)

    def score(windows: list[Codes]) -> npt.NDArray[np.float32]:
        named = SequenceSet(tuple(f"window{number}" for number in range(len(windows))), pack(windows))
        probs: npt.NDArray[np.float32] = predictor.predict(named).values[:, column]
        return probs

    return score
