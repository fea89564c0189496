"""Readers of what comes with a genome: GTF and GFF3, peaks, bigWig tracks, VCF; and the check of their offsets against its bases."""
