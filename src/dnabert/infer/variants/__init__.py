"""Variants of a VCF scored by a model: alleles, windows, scores, files."""
