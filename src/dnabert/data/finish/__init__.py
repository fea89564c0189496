"""From a draft to a data set: duplicates out, leakage measured, files written."""
