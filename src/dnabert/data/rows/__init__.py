"""Rows of a file: the one parser that training and ``dnabert dataset check`` share."""
