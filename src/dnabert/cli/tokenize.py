"""``dnabert tokenize``."""

import logging

from dnabert.cli.options import Ambiguous, Force, InputFile, OutTable, Quiet, command_line

log = logging.getLogger(__name__)


def tokenize(
    input_: InputFile,
    /,
    *,
    kmer: int = 6,
    out: OutTable,
    max_tokens: int | None = None,
    ambiguous: Ambiguous = "unk",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a TSV of id and space-separated token ids, with [CLS] and [SEP].

    Args:
        input_: FASTA, CSV or TSV with a column 'sequence' (pairs: 'sequence1' and 'sequence2'), or - for stdin.
        kmer: Length of a k-mer, 1 to 8.
        max_tokens: Cut sequences after so many k-mers; without it nothing is cut.
    """
    import numpy as np

    from dnabert.data.labelled import read_set
    from dnabert.output import check_not_inputs, open_output, provenance_lines
    from dnabert.tokenizer import KmerTokenizer

    check_not_inputs([out], {"INPUT": input_})
    tokenizer = KmerTokenizer(kmer, np.iinfo(np.int64).max if max_tokens is None else max_tokens)
    data = read_set(input_, kmer, ambiguous=ambiguous, labels=False, pair=None)
    cut = 0
    with open_output(out, force) as handle:
        handle.write(provenance_lines(command_line(), kmer=str(kmer)))
        handle.write("id\ttokens\n")
        seconds = data.sequences.second or [None] * len(data)
        for name, first, second in zip(data.sequences.ids, data.sequences.first, seconds, strict=True):
            encoding = tokenizer.encode(first, second)
            cut += encoding.num_truncated_bases > 0
            handle.write(f"{name}\t{' '.join(map(str, encoding.ids.tolist()))}\n")
    log.info(
        "%d sequences, %s bases, %s ambiguous; %d skipped, %d cut",
        len(data),
        f"{len(data.sequences.first.codes):,}",
        f"{data.num_ambiguous:,}",
        data.num_skipped,
        cut,
    )
