"""The report on a model: how good it is, what it reads, how it was trained, where it comes from."""
