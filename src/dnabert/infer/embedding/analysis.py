"""What vectors say: maps in two dimensions, nearest neighbours, and the meanings of a k-mer by its contexts.

Legend: N vectors, D width, C clusters.

Source: McInnes et al. 2018 (UMAP); van der Maaten and Hinton 2008, Poličar et al. 2024 (t-SNE, openTSNE); Rousseeuw 1987 (silhouette).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import NearestNeighbors

from dnabert.data.sequences import SequenceSet
from dnabert.device import Machine
from dnabert.dna.kmers import NUM_SPECIAL
from dnabert.dna.sequence import decode_bases, encode_bases
from dnabert.errors import ConfigError, requires_extra
from dnabert.infer.embedding.choices import EmbeddingMap
from dnabert.infer.embedding.vectors import embed
from dnabert.model.heads import Dnabert
from dnabert.tokenizer import KmerTokenizer

__all__ = ["Contexts", "Projection", "cluster_vectors", "find_contexts", "kmer_vectors", "label_groups", "nearest", "project"]

Floats = npt.NDArray[np.float32]
MIN_CONTEXTS = 10
"""Fewer occurrences of a k-mer are not clustered."""
_MAX_GROUPS = 8
"""More colours cannot be told apart."""


@dataclass(frozen=True)
class Projection:
    """Vectors in two dimensions.

    Attributes:
        points: Coordinates, (N, 2).
        axes: What the two axes are called.
    """

    points: Floats
    axes: tuple[str, str]


@dataclass(frozen=True)
class Contexts:
    """Occurrences of a k-mer.

    Attributes:
        kmer: Its letters.
        ids: Sequence of each.
        positions: First base of each in its sequence, 0-based, (N,).
        letters: The k-mer with the bases around it; it alone in capitals.
        vectors: Vectors of its token, (N, D).
        num_found: Occurrences in all, of which these are a random choice.
    """

    kmer: str
    ids: tuple[str, ...]
    positions: npt.NDArray[np.int64]
    letters: tuple[str, ...]
    vectors: Floats
    num_found: int


def project(vectors: Floats, method: EmbeddingMap, seed: int) -> Projection:
    """Two coordinates for each vector.

    Args:
        vectors: (N, D), N at least 3.
        method: pca is linear and exact; umap and tsne keep neighbourhoods, their distances mean little.
        seed: Source of randomness.

    Raises:
        ConfigError: There are fewer than 3 vectors.
        DnabertError: umap-learn or openTSNE is not installed.
    """
    if len(vectors) < 3:
        raise ConfigError(f"a map needs at least 3 sequences, and there are {len(vectors)}")
    if method == "pca":
        pca = PCA(2, svd_solver="full").fit(vectors)
        first, second = (f"PC {number + 1} ({share:.1%} of the variance)" for number, share in enumerate(pca.explained_variance_ratio_))
        return Projection(pca.transform(vectors).astype(np.float32), (first, second))
    neighbours = min(15, len(vectors) - 1)
    if method == "umap":
        try:
            umap = import_module("umap")
        except ImportError:
            raise requires_extra("umap-learn", "embed", "a UMAP map") from None
        reducer = umap.UMAP(n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1)
        return Projection(np.asarray(reducer.fit_transform(vectors), np.float32), ("UMAP 1", "UMAP 2"))
    try:
        tsne = import_module("openTSNE").TSNE
    except ImportError:
        raise requires_extra("openTSNE", "embed", "a t-SNE map") from None
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    found = tsne(perplexity=perplexity, metric="cosine", random_state=seed, n_jobs=1).fit(vectors.astype(np.float64))
    return Projection(np.asarray(found, np.float32), ("t-SNE 1", "t-SNE 2"))


def nearest(vectors: Floats, count: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Numbers and cosine similarities (-1 to 1) of the nearest neighbours of each vector, but itself, nearest first, 2 x (N, count)."""
    count = min(count, len(vectors) - 1)
    search = NearestNeighbors(n_neighbors=count, metric="cosine").fit(vectors)
    distances, numbers = search.kneighbors()
    return numbers.astype(np.int64), (1 - distances).astype(np.float32)


def cluster_vectors(vectors: Floats, max_clusters: int, seed: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Clusters by direction (k-means of vectors of length 1); their number is the one with the highest mean silhouette.

    Args:
        vectors: (N, D), N at least 3.
        max_clusters: Most clusters that are tried; 2 is the fewest.
        seed: Source of randomness.

    Returns:
        Cluster of each, the largest is 0, (N,); its silhouette, -1 to 1, (N,). All in cluster 0 with silhouette 0 where all are equal.
    """
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    best: tuple[float, npt.NDArray[np.int64], Floats] | None = None
    distinct = len(np.unique(unit, axis=0))
    for count in range(2, min(max_clusters, distinct - 1, len(vectors) - 1) + 1):
        clusters = KMeans(count, n_init=5, random_state=seed).fit_predict(unit)
        silhouettes = silhouette_samples(unit, clusters)
        if best is None or silhouettes.mean() > best[0]:
            best = float(silhouettes.mean()), clusters, silhouettes
    if best is None:
        return np.zeros(len(vectors), np.int64), np.zeros(len(vectors), np.float32)
    order = np.argsort(-np.bincount(best[1]), kind="stable")
    return np.argsort(order)[best[1]].astype(np.int64), best[2].astype(np.float32)


def find_contexts(
    model: Dnabert,
    sequences: SequenceSet,
    tokenizer: KmerTokenizer,
    machine: Machine,
    kmer: str,
    *,
    layer: int,
    most: int,
    context_bp: int,
    seed: int,
) -> Contexts:
    """Vectors of one k-mer wherever it occurs (as given, not reverse-complemented).

    Args:
        model: Any model.
        sequences: Where to look.
        tokenizer: The model's.
        machine: Where to compute.
        kmer: Its letters.
        layer: As :func:`embed`.
        most: Occurrences that are kept, a random choice of all.
        context_bp: Bases on each side that are shown.
        seed: Source of randomness.

    Raises:
        ConfigError: It is no k-mer of this model, or occurs too rarely.
    """
    text = kmer.strip().upper()
    if len(text) != tokenizer.kmer or set(text) - set("ACGT"):
        raise ConfigError(f"kmer_contexts {kmer}: is no k-mer of this model; give {tokenizer.kmer} letters of A, C, G, T")
    token = int(tokenizer.kmer_ids(encode_bases(text))[0])
    places = list(_occurrences(sequences, tokenizer, token))
    if len(places) < MIN_CONTEXTS:
        raise ConfigError(
            f"kmer_contexts {text}: occurs {len(places)} times, and {MIN_CONTEXTS} are needed; give more sequences or another k-mer"
        )
    kept = places
    if len(places) > most:
        chosen = np.random.default_rng(seed).choice(len(places), most, replace=False)
        kept = [places[number] for number in np.sort(chosen).tolist()]
    indices = sorted({index for index, _ in kept})
    at = _grouped(kept)
    read = embed(model, sequences.take(indices), tokenizer, machine, pool="token", layer=layer)
    vectors = [values[at[indices[number]]] for number, values in read]
    return Contexts(
        text,
        tuple(sequences.ids[index] for index, _ in kept),
        np.array([position for _, position in kept], np.int64),
        tuple(_letters(decode_bases(sequences.first[index]), position, len(text), context_bp) for index, position in kept),
        np.concatenate(vectors),
        len(places),
    )


def _grouped(places: list[tuple[int, int]]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for index, position in places:
        grouped.setdefault(index, []).append(position)
    return grouped


def _occurrences(sequences: SequenceSet, tokenizer: KmerTokenizer, token: int) -> Iterator[tuple[int, int]]:
    for index, codes in enumerate(sequences.first):
        ids = tokenizer.kmer_ids(codes)[: tokenizer.max_tokens]
        for position in np.flatnonzero(ids == token).tolist():
            yield index, position


def _letters(sequence: str, position: int, size: int, context_bp: int) -> str:
    end = position + size
    before, after = sequence[max(0, position - context_bp) : position], sequence[end : end + context_bp]
    return before.lower() + sequence[position:end] + after.lower()


def kmer_vectors(model: Dnabert) -> tuple[list[str], Floats, Floats]:
    """All k-mers, their vectors without context (4**k, D), and their share of G and C, 0-1."""
    kmers = KmerTokenizer(model.config.kmer).vocabulary()[NUM_SPECIAL:]
    vectors: Floats = model.encoder.embeddings.word.weight.detach()[NUM_SPECIAL:].float().cpu().numpy()
    shares = np.array([(kmer.count("G") + kmer.count("C")) / len(kmer) for kmer in kmers], np.float32)
    return kmers, vectors, shares


def label_groups(texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Number of each sequence's group, (N,), and the names with counts; the rarest beyond eight labels are one group."""
    names, numbers, counts = np.unique(np.array(texts), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    kept = order if len(names) <= _MAX_GROUPS else order[: _MAX_GROUPS - 1]
    kept = np.sort(kept)
    place = np.full(len(names), len(kept))
    place[kept] = np.arange(len(kept))
    shown = [f"{names[number]} (n = {counts[number]:,})" for number in kept.tolist()]
    if len(kept) < len(names):
        shown.append(f"{len(names) - len(kept)} other labels (n = {int(counts.sum() - counts[kept].sum()):,})")
    return place[numbers], tuple(shown)
