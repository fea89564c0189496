"""What ``dnabert report`` does: a model asked about labelled sequences, and all it tells on one page."""
