"""Tiny models, random in every parameter (biases and scales too, so that a swapped name shows)."""

from pathlib import Path

import torch

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.model.config import HeadConfig, ModelConfig
from dnabert.model.heads import Dnabert


def toy_config(kmer: int = 3, num_layers: int = 2, max_positions: int = 512) -> ModelConfig:
    """2 layers of width 32 with 4 heads."""
    return ModelConfig(kmer=kmer, num_layers=num_layers, hidden_size=32, num_heads=4, intermediate_size=64, max_positions=max_positions)


def toy_model(head: HeadConfig | None = None, config: ModelConfig | None = None, seed: int = 0) -> Dnabert:
    """A model in evaluation mode; equal arguments give equal weights."""
    model = Dnabert(config or toy_config(), head)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.2, generator=generator)
            if name.endswith("norm.weight"):
                parameter.add_(1)
    return model.eval()


def save_toy_run(folder: Path, head: HeadConfig | None = None, labels: tuple[str, ...] = (), kmer: int = 3, seed: int = 0) -> Path:
    """A run directory in ``folder`` with a toy model; without ``labels`` the outputs are named 0, 1, ..."""
    head = head or HeadConfig()
    if head.task != "masked_lm" and not labels:
        labels = tuple(str(number) for number in range(head.num_outputs))
    run = folder / f"run-{head.task}-{kmer}mer-{seed}"
    save_model(run, toy_model(head, toy_config(kmer), seed), ModelInfo(head=head, labels=labels))
    return run
