"""Attention scores: what they are, how they are computed over a set, and the files they go to."""
