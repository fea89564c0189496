"""The command line: one file per verb, each turns flags into one call and its result into files."""
