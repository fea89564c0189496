"""The steps of the DNABERT-viz procedure, one after the other."""
