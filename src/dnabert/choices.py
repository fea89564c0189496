"""The words between which a user chooses, as types; no imports, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = [
    "AmbiguityPolicy",
    "ChunkPooling",
    "DeviceName",
    "DtypeName",
    "FinetuneTask",
    "MaskingKind",
    "Pooling",
    "PresetName",
    "StrandMode",
    "Task",
    "TokenLevel",
]

FinetuneTask = Literal["classify", "multilabel", "regress", "token", "pair"]
"""classify and pair: one of several classes; multilabel: any of several; regress: real values; token: a class for every k-mer or base."""

Task = Literal["masked_lm", "classify", "multilabel", "regress", "token", "pair"]
"""What a model predicts: a fine-tuning task, or the hidden k-mers of pre-training."""

Pooling = Literal["cls", "mean", "max"]
"""Vector of a window: cls is tanh(Linear([CLS])) as published; mean and max are over its k-mers."""

ChunkPooling = Literal["mean", "max", "lstm", "attention"]
"""Vector of a long sequence from those of its windows."""

TokenLevel = Literal["kmer", "base"]
"""What a token model predicts for."""

MaskingKind = Literal["span", "legacy"]
"""span: leak-free; legacy: exactly as published."""

PresetName = Literal["mini", "small", "base"]
"""Named sizes of a model."""

AmbiguityPolicy = Literal["unk", "skip", "error"]
"""What to do with N and other IUPAC letters: ``unk`` makes every k-mer over them [UNK], ``skip`` leaves the record out and counts it,
``error`` stops at the first one."""

StrandMode = Literal["auto", "forward", "both"]
"""Which strands to read: ``both`` averages them, ``auto`` does so for models trained without regard to strand."""

DeviceName = Literal["auto", "cpu", "cuda"]
"""Where to compute; ``auto`` takes the GPU when there is one."""

DtypeName = Literal["auto", "float32", "bfloat16"]
"""Number type of the matrix products; ``auto`` takes bfloat16 where the hardware has it."""
