"""Motifs out of per-base scores: the DNABERT-viz procedure, position weight matrices, MEME files, comparison with a database."""
