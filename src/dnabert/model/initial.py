"""Embeddings of a fresh model that already say what k-mers share and how far tokens are apart.

Random vectors tell a model neither: that ACGTAC and CGTACG have five bases in common must be learned for each of the 4**k words, and
that token 17 is beside token 18 for each of the positions. Masked-token training then stays for a thousand steps or more at the loss of
the k-mers' frequencies before attention finds the neighbours that give a hidden k-mer away. Vectors that are sums over bases, and
sinusoids as positions, only change where training begins: the weights have the same names and shapes and are trained like all others.

Legend: V vocabulary, P positions, D width.

Source: positions: Vaswani et al. 2017, section 3.5; sums over bases: ours, measured in ``docs/results/pretraining.md``.
"""

import torch

from dnabert.model.heads import Dnabert

__all__ = ["compose_embeddings"]

_LONGEST_PERIOD = 10_000.0


@torch.no_grad()
def compose_embeddings(model: Dnabert) -> None:
    """Set the vectors of k-mers (V, D) and of positions (P, D) of a fresh model, all with the standard deviation of its other weights.

    Args:
        model: A model on the CPU. The random vectors of bases are drawn from torch's generator.
    """
    config, embeddings = model.config, model.encoder.embeddings
    kmers = torch.arange(4**config.kmer)
    total = torch.zeros(len(kmers), config.hidden_size)
    for place in range(config.kmer):
        code = (kmers >> (2 * (config.kmer - 1 - place))) & 3
        total += torch.randn(4, config.hidden_size)[code]
    embeddings.word.weight[-len(kmers) :] = total * (config.initializer_range / config.kmer**0.5)
    half = -(-config.hidden_size // 2)
    rate = _LONGEST_PERIOD ** (-torch.arange(half) / half)  # radians for a token
    angle = torch.arange(config.max_positions)[:, None] * rate  # (P, D/2)
    waves = torch.cat((angle.sin(), angle.cos()), dim=1)[:, : config.hidden_size]
    embeddings.position.weight.copy_(waves * (config.initializer_range * 2**0.5))
