"""What ``dnabert embed`` writes beside the vectors: maps, neighbours, contexts of k-mers, and the k-mers themselves."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnabert.checkpoint import SavedModel
from dnabert.data.labelled import LabelledSet
from dnabert.device import Machine
from dnabert.infer.embedding.analysis import (
    Contexts,
    Projection,
    cluster_vectors,
    find_contexts,
    kmer_vectors,
    label_groups,
    nearest,
    project,
)
from dnabert.infer.embedding.config import EmbedConfig
from dnabert.infer.embedding.vectors import check_layer
from dnabert.output import open_output, provenance_lines
from dnabert.plot.embedding_map import Panel, contexts_figure, embedding_map_figure, value_map_figure
from dnabert.plot.export import save_figure

__all__ = ["BesideFiles", "beside", "endings_beside", "facts_of"]

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]


def beside(out: Path, ending: str) -> Path:
    """The name of a file beside the vectors: that of theirs with another ending."""
    return out.with_name(f"{out.stem}.{ending}")


def endings_beside(config: EmbedConfig) -> list[str]:
    """Endings of the files that are asked for."""
    endings = ["neighbours.tsv"] * (config.neighbours > 0) + ["contexts.tsv", "contexts.png"] * bool(config.kmer_contexts)
    return endings + ["kmers.tsv", "kmers.png"] * config.kmer_map


def facts_of(saved: SavedModel, config: EmbedConfig) -> dict[str, str]:
    """What all files say of the vectors."""
    return {
        "model_sha256": saved.sha256,
        "trained_on": saved.info.trained_on,
        "pool": config.pool,
        "layer": str(check_layer(saved.model, config.layer)),
    }


@dataclass(frozen=True)
class BesideFiles:
    """What is made of the vectors of one model, as files and figures.

    Attributes:
        saved: The model.
        machine: Where to compute.
        config: What is asked for.
        command: The command line.
        out: Where the vectors are.
        force: Replace what is there.
    """

    saved: SavedModel
    machine: Machine
    config: EmbedConfig
    command: str
    out: Path
    force: bool

    def _head(self) -> str:
        return provenance_lines(self.command, **facts_of(self.saved, self.config))

    def map(self, data: LabelledSet, projection: Projection, plot: Path) -> None:
        """The map of the sequences, in the colours of their labels."""
        groups, names = (None, ()) if data.labels is None else label_groups(data.labels)
        save_figure(embedding_map_figure(projection.points, groups, names, projection.axes), plot)

    def neighbours(self, data: LabelledSet, vectors: Floats) -> None:
        """The nearest neighbours of each sequence, if they are asked for."""
        if not self.config.neighbours or len(data) < 2:
            return
        numbers, similarities = nearest(vectors, self.config.neighbours)
        with open_output(beside(self.out, "neighbours.tsv"), self.force) as handle:
            handle.write(self._head())
            handle.write("id\trank\tneighbour\tcosine" + ("\tlabel\tneighbour_label" if data.labels else "") + "\n")
            for row, name in enumerate(data.sequences.ids):
                for rank, (other, value) in enumerate(zip(numbers[row].tolist(), similarities[row].tolist(), strict=True), start=1):
                    labels = f"\t{data.labels[row]}\t{data.labels[other]}" if data.labels else ""
                    handle.write(f"{name}\t{rank}\t{data.sequences.ids[other]}\t{value:.6g}{labels}\n")

    def contexts(self, data: LabelledSet) -> None:
        """The clusters of contexts of the k-mers that were asked for."""
        config, saved = self.config, self.saved
        if not config.kmer_contexts:
            return
        panels, axes, found = [], [], list[tuple[Contexts, npt.NDArray[np.int64], Floats]]()
        for kmer in config.kmer_contexts:
            contexts = find_contexts(
                saved.model,
                data.sequences,
                saved.tokenizer,
                self.machine,
                kmer,
                layer=config.layer,
                most=config.max_contexts,
                context_bp=config.context_bp,
                seed=config.seed,
            )
            clusters, silhouettes = cluster_vectors(contexts.vectors, config.max_clusters, config.seed)
            found.append((contexts, clusters, silhouettes))
            projection = project(contexts.vectors, config.map or "pca", config.seed)
            names = [f"cluster {number} (n = {count:,})" for number, count in enumerate(np.bincount(clusters).tolist())]
            title = f"{contexts.kmer}, mean silhouette {silhouettes.mean():.2f}"
            panels.append(Panel(title, projection.points, clusters, names))
            axes.append(projection.axes)
            log.info(
                "%s: %d of %d occurrences, %d clusters, mean silhouette %.2f",
                contexts.kmer,
                len(clusters),
                contexts.num_found,
                len(names),
                silhouettes.mean(),
            )
        self._write_contexts(found)
        save_figure(contexts_figure(panels, axes), beside(self.out, "contexts.png"))

    def _write_contexts(self, found: list[tuple[Contexts, npt.NDArray[np.int64], Floats]]) -> None:
        with open_output(beside(self.out, "contexts.tsv"), self.force) as handle:
            handle.write(self._head())
            handle.write("kmer\tid\tposition\tcontext\tcluster\tsilhouette\n")
            for contexts, clusters, silhouettes in found:
                rows = zip(contexts.ids, contexts.positions, contexts.letters, clusters, silhouettes, strict=True)
                for name, position, letters, cluster, silhouette in rows:
                    handle.write(f"{contexts.kmer}\t{name}\t{position}\t{letters}\t{cluster}\t{silhouette:.4f}\n")

    def kmers(self) -> None:
        """The map of the k-mers by themselves, if it is asked for."""
        config = self.config
        if not config.kmer_map:
            return
        names, vectors, shares = kmer_vectors(self.saved.model)
        projection = project(vectors, config.map or "pca", config.seed)
        with open_output(beside(self.out, "kmers.tsv"), self.force) as handle:
            handle.write(self._head())
            handle.write("kmer\tgc_share\tx\ty\n")
            for name, share, (x, y) in zip(names, shares.tolist(), projection.points.tolist(), strict=True):
                handle.write(f"{name}\t{share:.4f}\t{x:.6g}\t{y:.6g}\n")
        figure = value_map_figure(projection.points, shares, "Share of G and C in the k-mer", names, projection.axes)
        save_figure(figure, beside(self.out, "kmers.png"))
