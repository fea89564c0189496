"""Scores of real variants beside what was measured of them: `python -m benchmarks.variants`; what it does stands in __main__.py."""
