"""Vectors of sequences, k-mers and bases, what is made of them, and the files they go to."""
