r"""A data set as files: a table for each split, its regions, and the records of how it was made and what may leak.

The tables are TSV with ``#`` lines before the header; ``dnabert finetune`` reads them, and so does
``pandas.read_csv(path, sep="\t", comment="#", keep_default_na=False)``. What would end a field, or begin a comment or a quotation, is
written as in a URL (``%23`` for ``#``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splits import SPLITS
from dnabert.data.finish.dataset import FinishedDataset
from dnabert.data.finish.leakage import leakage_record
from dnabert.dna.sequence import decode_bases
from dnabert.output import provenance, provenance_lines, sha256_of_file, write_json

__all__ = ["TABLE_COLUMNS", "Origin", "write_dataset"]

TABLE_COLUMNS = {
    "id": "unique name of the row",
    "sequence": "its bases, read on its strand",
    "label": "its class; names joined by ; where it may have several, one letter for each base where bases are labelled",
    "contig": "contig of the genome",
    "start": "first base, 0-based, on the forward strand",
    "end": "one past the last base",
    "strand": "+, - or . (read on the forward strand)",
    "source": "what it was made from or by; of a shuffle or substitution, the coordinates are those of what it was made from",
    "category": "a finer class that is no label; may be empty",
    "split": "train, valid or test",
}
"""Columns of a table and what they hold."""

_COORDINATES = "0-based, half-open, forward strand; the sequence is read on the strand"
_ROWS = 4096
_MAX_NAMED = 5
_ESCAPES = str.maketrans({letter: f"%{ord(letter):02X}" for letter in '\t\n\r"#'})


@dataclass(frozen=True)
class Origin:
    """What a data set was made with.

    Attributes:
        command: The command line.
        seed: The seed.
        config: The settings.
        genome: SHA-256 by genome file.
        assembly: Name of the assembly; None if it is not known.
        annotations: SHA-256 by annotation file: start sites, transcripts, peaks, splits.
    """

    command: str
    seed: int
    config: BaseModel
    genome: Mapping[str, str]
    assembly: str | None
    annotations: Mapping[str, str]

    def heading(self, **facts: str) -> str:
        """The ``#`` lines that open a file."""
        return provenance_lines(
            self.command,
            **facts,
            seed=str(self.seed),
            genome=_file_list(self.genome),
            assembly=self.assembly or "unknown",
            annotation=_file_list(self.annotations),
            coordinates=_COORDINATES,
        )


def _file_list(files: Mapping[str, str]) -> str:
    named = [f"{Path(path).name} (SHA-256 {digest})" for path, digest in islice(files.items(), _MAX_NAMED)]
    more = len(files) - len(named)
    return ", ".join(named) + (f", and {more} more, see dataset.json" if more else "")


def write_dataset(directory: Path, dataset: FinishedDataset, origin: Origin) -> None:
    """Write ``train.tsv``, ``valid.tsv``, ``test.tsv``, ``regions.bed``, ``leakage.json`` and ``dataset.json``.

    The same data set and origin give the same bytes.

    Args:
        directory: An empty one; take that of :func:`dnabert.output.new_directory`, so that it appears whole.
        dataset: The data set.
        origin: What it was made with.
    """
    names = []
    for split in SPLITS:
        rows = dataset.rows(split)
        names.append(f"{split}.tsv")
        _write_lines(
            directory / names[-1],
            origin.heading(data_set=dataset.name, task=dataset.task, split=split, rows=str(len(rows))),
            _table_lines(rows),
        )
    names.append("regions.bed")
    _write_lines(directory / names[-1], origin.heading(data_set=dataset.name, name="id of the row"), _bed_lines(dataset.examples))
    write_json(directory / "leakage.json", leakage_record(dataset.leakage))
    files = {name: sha256_of_file(directory / name) for name in (*names, "leakage.json")}
    write_json(directory / "dataset.json", _record(dataset, origin, files))


def _write_lines(path: Path, heading: str, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        handle.write(heading)
        handle.writelines(lines)


def _table_lines(rows: Sequence[Example]) -> Iterator[str]:
    yield "\t".join(TABLE_COLUMNS) + "\n"
    for first in range(0, len(rows), _ROWS):
        block = rows[first : first + _ROWS]
        letters = decode_bases(np.concatenate([example.codes for example in block]))
        place = 0
        for example in block:
            region, end = example.region, place + len(example.codes)
            fields = (
                _field(region.name),
                letters[place:end],
                _field(example.label),
                _field(region.contig),
                str(region.start),
                str(region.end),
                region.strand,
                _field(example.source),
                _field(example.category),
                example.split,
            )
            yield "\t".join(fields) + "\n"
            place = end


def _bed_lines(rows: Sequence[Example]) -> Iterator[str]:
    """BED6, sorted as ``sort -k1,1 -k2,2n -k3,3n`` does in the C locale."""
    for example in sorted(rows, key=lambda example: (example.region.contig, example.region.start, example.region.end, example.region.name)):
        region = example.region
        yield f"{_field(region.contig)}\t{region.start}\t{region.end}\t{_field(region.name)}\t0\t{region.strand}\n"


def _field(text: str) -> str:
    return text.translate(_ESCAPES)


def _record(dataset: FinishedDataset, origin: Origin, files: Mapping[str, str]) -> dict[str, Any]:
    leakage = dataset.leakage
    return {
        "name": dataset.name,
        "task": dataset.task,
        "training_flags": list(dataset.training_flags),
        **provenance(origin.command, {**origin.genome, **origin.annotations}, origin.seed),
        "config": origin.config.model_dump(mode="json"),
        "genome": {"files": dict(origin.genome), "assembly": origin.assembly},
        "annotations": dict(origin.annotations),
        "coordinates": _COORDINATES,
        "columns": TABLE_COLUMNS,
        "counts": dict(dataset.counts),
        "rows": dict(leakage.num_rows),
        "classes": {split: dict(counts) for split, counts in leakage.classes.items()},
        "facts": dict(dataset.facts),
        "files": dict(files),
    }
