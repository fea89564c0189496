"""Every error this package raises on purpose.

The tree::

    DnabertError
    ├── SequenceError     a DNA sequence that cannot be used
    ├── RegionError       an interval that does not fit its genome
    ├── VariantError      a variant that cannot be scored
    ├── TokenizerError    a k, a token or an id outside the vocabulary
    ├── ConfigError       a setting that is unknown or out of range
    ├── CheckpointError   weights or a run directory that cannot be read or do not fit
    ├── DataFileError     an input file that is missing, empty or malformed
    ├── OutputError       a result that cannot be written (exists already, no space left)
    ├── TrainingError     training that cannot start or go on
    ├── ClusterError      a cluster that cannot be reached, or whose workers are lost
    └── ServeError        a request that cannot be served

A message gives the value, the rule and the way out, on one line, with ``file:line`` where there is one.
"""

__all__ = [
    "CheckpointError",
    "ClusterError",
    "ConfigError",
    "DataFileError",
    "DnabertError",
    "OutputError",
    "RegionError",
    "SequenceError",
    "ServeError",
    "TokenizerError",
    "TrainingError",
    "VariantError",
]


class DnabertError(Exception):
    """Base of all errors raised on purpose; its text is fit to be shown to a user as it is."""


class SequenceError(DnabertError):
    """A DNA sequence that cannot be used: too short, or with letters that are no nucleotides."""


class RegionError(DnabertError):
    """An interval that is malformed or does not fit its genome."""


class VariantError(DnabertError):
    """A variant that cannot be scored."""


class TokenizerError(DnabertError):
    """A k, a token or an id outside the vocabulary."""


class ConfigError(DnabertError):
    """A setting that is unknown or out of range."""


class CheckpointError(DnabertError):
    """Weights or a run directory that cannot be read, or do not fit the model."""


class DataFileError(DnabertError):
    """An input file that is missing, empty or malformed."""


class OutputError(DnabertError):
    """A result that cannot be written."""


class TrainingError(DnabertError):
    """Training that cannot start or go on."""


class ClusterError(DnabertError):
    """A cluster cannot be reached, or its workers are lost."""


class ServeError(DnabertError):
    """A request that cannot be served."""


def requires_extra(package: str, extra: str, purpose: str) -> DnabertError:
    """The error to raise when an optional package is missing: names the pip line that installs it."""
    return DnabertError(f"{purpose} needs the package {package}: install it with  pip install 'dnabert[{extra}]'")
