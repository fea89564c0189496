"""Motifs that fine-tuned models read, beside JASPAR: `python -m benchmarks.motifs`, table in docs/results/motifs.md.

1. Planted: sites drawn from the matrices of ten JASPAR factors, one in each positive, on either strand, at a random place in random
   sequences of 101 bases; negatives are dinucleotide shuffles of the positives. Where the sites are is known, so scores of bases are
   judged by it, too.
2. Real: ENCODE ChIP-seq of DeepBind (positives of its training file, their dinucleotide shuffles, its test file), and the TF sets of GUE.

Each set is fine-tuned (`--model`, else random weights), or a run that is there is taken (`--runs`), and searched from attention and from
attribution. One set at a time; what is done is kept under --work and not done again. `--rehearse` runs one small set of each kind.
The data are in DNABERT_DATA, else ../shared/data; what is not there is skipped with a reason.
"""
