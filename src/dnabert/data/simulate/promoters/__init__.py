"""Promoters, what only looks like one, and windows that are nothing of the kind."""
