"""``dnabert predict``."""

import logging

from dnabert.cli.options import Ambiguous, Force, Genome, InputFile, Out, Quiet, command_line
from dnabert.cli.tables import write_predictions
from dnabert.data.labelled import read_set
from dnabert.device import DeviceName, DtypeName, choose_machine
from dnabert.infer.predictor import Predictor, StrandMode
from dnabert.output import check_free
from dnabert.registry import resolve_model

log = logging.getLogger(__name__)


def predict(
    input_: InputFile,
    /,
    *,
    model: str,
    out: Out,
    strand: StrandMode = "auto",
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    device: DeviceName = "auto",
    dtype: DtypeName = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a TSV of id and probability of every class (regression: value), in input order.

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence', BED with --genome, or - for stdin.
        model: Run directory, ensemble, packaged name or hub id.
        strand: both averages a sequence and its reverse complement; auto does so for models trained without regard to strand.
    """
    if str(out) != "-":
        check_free(out, force)
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    pair = predictor.info.head.task == "pair"
    data = read_set(input_, predictor.kmer, genome=genome, ambiguous=ambiguous, labels=False, pair=pair)
    predictions = predictor.predict(data.sequences, strand)
    write_predictions(out, data, predictions, predictor, command_line(), force)
    log.info("%d sequences, %d ambiguous bases, %d skipped", len(data), data.num_ambiguous, data.num_skipped)
