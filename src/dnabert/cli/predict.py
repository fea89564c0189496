"""``dnabert predict``."""

import logging

from dnabert.choices import StrandMode
from dnabert.cli.options import Ambiguous, Device, Dtype, Force, Genome, InputFile, OutTable, Quiet, command_line

log = logging.getLogger(__name__)


def predict(
    input_: InputFile,
    /,
    *,
    model: str,
    out: OutTable,
    strand: StrandMode = "auto",
    genome: Genome = None,
    ambiguous: Ambiguous = "unk",
    device: Device = "auto",
    dtype: Dtype = "auto",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a TSV of id and probability of every class (regression: value), in input order.

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence', BED with --genome, or - for stdin.
        model: Run directory, ensemble, packaged name or hub id.
        strand: both averages a sequence and its reverse complement; auto does so for models trained without regard to strand.
    """
    from dnabert.cli.results import write_predictions
    from dnabert.data.labelled import read_set
    from dnabert.device import choose_machine
    from dnabert.infer.predictor import Predictor
    from dnabert.output import check_free, check_not_inputs
    from dnabert.registry import resolve_model

    if str(out) != "-":
        check_not_inputs([out], {"INPUT": input_, "--genome": genome})
        check_free(out, force)
    predictor = Predictor(resolve_model(model), choose_machine(device, dtype))
    pair = predictor.info.head.task == "pair"
    data = read_set(input_, predictor.kmer, genome=genome, ambiguous=ambiguous, labels=False, pair=pair)
    predictions = predictor.predict(data.sequences, strand)
    write_predictions(out, data, predictions, predictor, command_line(), force)
    log.info("%d sequences, %d ambiguous bases, %d skipped", len(data), data.num_ambiguous, data.num_skipped)
