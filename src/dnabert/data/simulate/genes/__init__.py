"""Genes with introns, and the windows around their splice sites."""
