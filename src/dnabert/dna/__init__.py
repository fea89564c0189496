"""DNA without a model: base codes, k-mers, and the readers of FASTA, 2bit and BED. Never imports torch."""
