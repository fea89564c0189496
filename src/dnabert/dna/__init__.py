"""DNA without a model: base codes, k-mers, and the readers of FASTA, 2bit, BED, peaks, GTF, GFF3, VCF and bigWig. Never imports torch."""
