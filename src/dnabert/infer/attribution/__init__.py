"""Contributions of bases: mutagenesis and gradients, and the files they go to."""
