"""``dnabert evaluate``."""

import json
import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from dnabert.choices import StrandMode
from dnabert.cli.options import Ambiguous, Device, Dtype, Force, Genome, InputFile, OutTable, Quiet, command_line

log = logging.getLogger(__name__)


def evaluate(
    data: InputFile,
    /,
    *,
    model: str,
    out: OutTable = Path("-"),
    strand: StrandMode = "auto",
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    rounds: Annotated[int, Parameter(validator=Number(gte=0))] = 1000,
    device: Device = "auto",
    dtype: Dtype = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write the figures of a model on labelled sequences as JSON: metrics, bootstrap 95 % intervals, calibration.

    Args:
        data: Labelled sequences, as for finetune.
        model: Run directory, ensemble, packaged name or hub id.
        strand: both averages a sequence and its reverse complement; auto does so for models trained without regard to strand.
        rounds: Bootstrap resamplings.
    """
    from dnabert.data.labelled import read_set
    from dnabert.device import choose_machine
    from dnabert.infer.predictor import Predictor
    from dnabert.output import check_free, check_not_inputs, open_output, provenance
    from dnabert.registry import resolve_model

    if str(out) != "-":
        check_not_inputs([out], {"DATA": data, "--genome": genome})
        check_free(out, force)
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    pair = predictor.info.head.task == "pair"
    labelled = read_set(data, predictor.kmer, genome=genome, ambiguous=ambiguous, pair=pair)
    result = predictor.evaluate(labelled, strand, rounds)
    content = {
        "model": {"sha256": predictor.sha256, "members": len(predictor.members), "task": predictor.info.head.task},
        "metrics": result.metrics,
        "intervals_95": result.intervals,
        "calibration": result.calibration,
        "provenance": provenance(command_line(), labelled.inputs()),
    }
    with open_output(out, force) as handle:
        handle.write(json.dumps(content, indent=2) + "\n")
