"""Engines beyond one process: the shards of a job over a Ray cluster, or over the ranks of torchrun. They change where, never what."""
