"""``dnabert dataset check``."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from dnabert.choices import FinetuneTask
from dnabert.cli.options import Force, Genome, InputFile, Quiet, command_line

__all__ = ["check"]


def check(
    train: InputFile,
    valid: Annotated[str | None, Parameter(name="VALID", allow_leading_hyphen=True)] = None,
    test: Annotated[str | None, Parameter(name="TEST", allow_leading_hyphen=True)] = None,
    /,
    *,
    kmer: int = 6,
    task: FinetuneTask | None = None,
    genome: Genome = None,
    max_tokens: Annotated[int, Parameter(validator=Number(gte=3))] = 512,
    json: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Say all that is wrong with labelled files, with line numbers, and what would be trained on.

    Ends with exit code 1 if fine-tuning would stop, with 0 if there are warnings only.

    Args:
        train: Training set, or the only file: CSV or TSV (sequence,label; pairs: sequence1,sequence2,label), FASTA with label=... in the
            header, BED with --genome, or - for stdin.
        valid: Validation set; what it shares with the training set is reported.
        test: Test set; the same.
        kmer: Length of a k-mer, 1 to 8.
        task: What the labels are; without it, guessed from them.
        max_tokens: Most tokens of the model, [CLS] and [SEP] included.
        json: Write the report as JSON too; - writes it to stdout instead of the text.
    """
    from dnabert.cli.dataset.check_report import number_of, report_lines, write_report
    from dnabert.data.check import check_files
    from dnabert.errors import DataFileError
    from dnabert.output import check_free, check_not_inputs

    if json is not None and str(json) != "-":
        check_not_inputs([json], {"TRAIN": train, "VALID": valid, "TEST": test, "--genome": genome})
        check_free(json, force)
    files = [name for name in (train, valid, test) if name is not None]
    report = check_files(files, kmer, task=task, genome=genome, max_tokens=max_tokens)
    if json is not None:
        write_report(report, json, files, command_line(), force)
    if str(json) != "-":
        sys.stdout.write("".join(f"{line}\n" for line in report_lines(report)))
        sys.stdout.flush()
    if report.num_problems:
        first = next(problem.message for file in report.files for problem in file.problems)
        raise DataFileError(f"{number_of(report.num_problems, 'problem')} would stop training, the first of them: {first}")
