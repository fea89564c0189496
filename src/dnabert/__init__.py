"""DNABERT: pre-train, fine-tune and apply BERT models of DNA over overlapping k-mers.

The package is organised in floors; a module imports only from lower ones (see ``CONTRIBUTING.md``).
Nothing heavy is imported here, so that ``dnabert --help`` answers at once.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
