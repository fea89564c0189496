"""What verbs do: one call of each, from files to files."""
