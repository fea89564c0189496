"""The words between which a user chooses, as types; no imports, so that ``--help`` can list them at once."""

from typing import Literal

__all__ = [
    "AmbiguityPolicy",
    "ChunkPooling",
    "DeviceName",
    "DtypeName",
    "EngineName",
    "FinetuneTask",
    "FrozenPart",
    "HeadStart",
    "InitialEmbeddings",
    "MaskingKind",
    "MatrixOptimizer",
    "Pooling",
    "PresetName",
    "PromoterKind",
    "PromoterNegatives",
    "SpliceLevel",
    "StoredDtype",
    "StrandMode",
    "SummitRule",
    "Task",
    "TfbsMode",
    "TfbsNegatives",
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

EngineName = Literal["local", "ray", "ranks"]
"""Where the shards of a long job are worked on: this process, a Ray cluster, or the ranks of torchrun."""

FrozenPart = Literal["none", "embeddings", "encoder"]
"""What fine-tuning leaves as it was: nothing, the embeddings (k-mers, positions, token types, their normalisation), or all but the head."""

HeadStart = Literal["random", "probe"]
"""Where the last layer of a head begins: random numbers (or that of a model for these labels), or a linear fit on the encoder's vectors."""

InitialEmbeddings = Literal["composed", "random"]
"""Where a model without a pre-trained one begins: k-mer vectors as sums over bases and positions as sinusoids, or random numbers."""

MatrixOptimizer = Literal["adamw", "muon"]
"""What trains the matrices of the blocks."""

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

StoredDtype = Literal["float32", "bfloat16"]
"""Number type of weights in a file."""

PromoterKind = Literal["core", "300", "scan"]
"""Windows about a transcription start site: 70 bases, 300 bases, or 10 kb cut into windows of 1001 bases."""

PromoterNegatives = Literal["matched", "tata", "substitution", "paper"]
"""What is no promoter: genomic windows alike in G+C and repeats; genomic windows with a TATA box; promoters with 12 of 20 parts made
random; the last two, by the class of the promoter, as in 2021."""

TfbsMode = Literal["auto", "binary", "multilabel", "separate"]
"""Several peak files: one set with several labels, or one set for each; ``auto`` is binary for one file, multilabel for more."""

TfbsNegatives = Literal["matched", "shuffle"]
"""What is not bound: genomic windows off the peaks, alike in G+C and repeats; or dinucleotide shuffles of the bound ones."""

SummitRule = Literal["required", "center"]
"""A peak without a summit stops the work, or its centre is taken."""

SpliceLevel = Literal["sequence", "token"]
"""One label for a window, or one for each of its bases."""
