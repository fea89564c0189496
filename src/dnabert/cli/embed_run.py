"""What ``dnabert embed`` does: vectors into a file, and what is made of them beside it."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnabert import __version__
from dnabert.checkpoint import SavedModel, load_model
from dnabert.choices import DeviceName, DtypeName
from dnabert.cli.progress import watched
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.rows.parse import read_rows
from dnabert.device import Machine, choose_machine
from dnabert.errors import CheckpointError, ConfigError, OutputError
from dnabert.infer.embedding.analysis import Contexts, cluster_vectors, find_contexts, kmer_vectors, label_groups, nearest, project
from dnabert.infer.embedding.config import EmbedConfig
from dnabert.infer.embedding.files import write_anndata, write_embedding_arrays, write_parquet
from dnabert.infer.embedding.vectors import check_layer, embed, rows_of_sequences
from dnabert.infer.predictor import ENSEMBLE_FILE
from dnabert.output import check_free, open_output, provenance_lines
from dnabert.plot.embedding_map import Panel, contexts_figure, embedding_map_figure, value_map_figure
from dnabert.plot.export import FIGURE_ENDINGS, save_figure
from dnabert.registry import resolve_model

__all__ = ["run_embedding"]

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Found = Iterable[tuple[int, Floats]]
_FORMATS = (".npz", ".parquet", ".h5ad")


def run_embedding(
    source: str,
    model: str,
    out: Path,
    plot: Path | None,
    config: EmbedConfig,
    *,
    genome: Path | None,
    device: DeviceName,
    dtype: DtypeName,
    command: str,
    force: bool,
    quiet: bool,
) -> None:
    """Read sequences, write their vectors, and the map, neighbours and contexts that were asked for.

    Args:
        source: The input.
        model: The model, as the user names it.
        out: Where the vectors go; other files take its name.
        plot: Where the map goes, or None.
        config: Which vectors, and what is made of them.
        genome: Genome of a BED input.
        device: Where to compute.
        dtype: Number type.
        command: The command line.
        force: Replace what is there.
        quiet: No progress bar.

    Raises:
        DnabertError: The input, the model, a setting or a place cannot be used.
    """
    logging.getLogger("openTSNE").setLevel(logging.WARNING)  # it speaks of its own settings
    _check_places(out, plot, config, force)
    directory = resolve_model(model)
    if (directory / ENSEMBLE_FILE).is_file():
        raise CheckpointError(f"{directory}: is an ensemble, and vectors of different models cannot be averaged; name one of its members")
    work = _Work(load_model(directory), choose_machine(device, dtype), config, command, out, force)
    check_layer(work.saved.model, config.layer)
    data = _read(source, work.saved.model.config.kmer, genome)
    work.check(data)
    log.info("%d sequences, %s", len(data), "with labels" if data.labels else "without labels")
    vectors = work.write(data, quiet)
    if vectors is not None:
        work.describe(data, vectors, plot)
    work.contexts(data)
    if config.kmer_map:
        work.kmers()


def _check_places(out: Path, plot: Path | None, config: EmbedConfig, force: bool) -> None:
    if out.suffix not in _FORMATS:
        raise OutputError(f"{out}: vectors are written as {', '.join(_FORMATS)}; end the name so")
    ragged = config.pool in ("token", "base")
    if ragged and (out.suffix == ".h5ad" or config.map or config.neighbours):
        what = "an .h5ad file" if out.suffix == ".h5ad" else "a map" if config.map else "a table of neighbours"
        raise ConfigError(f"pool {config.pool} gives many vectors for a sequence, and {what} needs one: use pool mean, cls or max")
    if plot is not None and config.map is None:
        raise ConfigError("--plot draws a map: say which with --map umap, tsne or pca")
    if config.map is not None and plot is None and out.suffix != ".h5ad":
        raise ConfigError(f"--map {config.map}: the map goes to --plot F.png or into an .h5ad file; give one of them")
    if plot is not None and plot.suffix.lower() not in FIGURE_ENDINGS:
        raise OutputError(f"{plot}: a figure is written as {', '.join(FIGURE_ENDINGS)}; end the name so")
    endings = ["neighbours.tsv"] * (config.neighbours > 0) + ["contexts.tsv", "contexts.png"] * bool(config.kmer_contexts)
    endings += ["kmers.tsv", "kmers.png"] * config.kmer_map
    for path in (out, *([plot] if plot else []), *(_beside(out, ending) for ending in endings)):
        check_free(path, force)


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(f"{out.stem}.{ending}")


def _read(source: str, kmer: int, genome: Path | None) -> LabelledSet:
    """Sequences, with labels if the first has one; stdin, which is read once only, without."""
    labelled = source != "-" and bool(next(iter(read_rows(source, genome))).label)
    return read_set(source, kmer, genome=genome, labels=labelled)


class _Work:
    """Vectors of one model, as files and figures."""

    def __init__(self, saved: SavedModel, machine: Machine, config: EmbedConfig, command: str, out: Path, force: bool) -> None:
        self.saved, self.machine, self.config, self.command, self.out, self.force = saved, machine, config, command, out, force

    def check(self, data: LabelledSet) -> None:
        """A word on sequences that are cut."""
        room = self.saved.tokenizer.max_tokens + self.saved.tokenizer.kmer - 1
        num_cut = int((data.sequences.first.lengths > room).sum())
        if num_cut:
            log.warning("%d of %d sequences are longer than %d bases; what is beyond is not read", num_cut, len(data), room)

    @property
    def facts(self) -> dict[str, str]:
        config = self.config
        return {
            "model_sha256": self.saved.sha256,
            "trained_on": self.saved.info.trained_on,
            "pool": config.pool,
            "layer": str(check_layer(self.saved.model, config.layer)),
        }

    def write(self, data: LabelledSet, quiet: bool) -> Floats | None:
        """Writes the vectors; those that are needed further, one for each sequence, come back."""
        config, saved = self.config, self.saved
        stream: Found = embed(saved.model, data.sequences, saved.tokenizer, self.machine, pool=config.pool, layer=config.layer)
        stream = watched(stream, "sequences", len(data), quiet=quiet)
        kept: list[Floats] | None = [] if config.map or config.neighbours or self.out.suffix == ".h5ad" else None
        found = _keeping(stream, kept)
        facts: dict[str, Any] = {"dnabert": __version__, "command": self.command, **self.facts, "input": data.source}
        columns = {"ids": data.sequences.ids, **({"labels": data.labels} if data.labels is not None else {})}
        if self.out.suffix == ".npz":
            counts = rows_of_sequences(data.sequences.first.lengths, saved.tokenizer, config.pool)
            ragged = config.pool in ("token", "base")
            write_embedding_arrays(self.out, found, counts, saved.model.config.hidden_size, columns, facts, self.force, ragged)
        elif self.out.suffix == ".parquet":
            write_parquet(self.out, found, columns, facts, self.force)
        else:
            vectors = np.stack([vector for _, vector in found])
            maps: dict[str, Floats] = {config.map: project(vectors, config.map, config.seed).points} if config.map else {}
            write_anndata(self.out, vectors, columns, maps, facts)
        return np.stack(kept) if kept else None

    def describe(self, data: LabelledSet, vectors: Floats, plot: Path | None) -> None:
        """The map and the neighbours that were asked for."""
        config = self.config
        if config.map and plot is not None:
            projection = project(vectors, config.map, config.seed)
            groups, names = (None, ()) if data.labels is None else label_groups(data.labels)
            save_figure(embedding_map_figure(projection.points, groups, names, projection.axes), plot)
        if config.neighbours and len(data) > 1:
            numbers, similarities = nearest(vectors, config.neighbours)
            with open_output(_beside(self.out, "neighbours.tsv"), self.force) as handle:
                handle.write(provenance_lines(self.command, **self.facts))
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
        save_figure(contexts_figure(panels, axes), _beside(self.out, "contexts.png"))

    def _write_contexts(self, found: list[tuple[Contexts, npt.NDArray[np.int64], Floats]]) -> None:
        with open_output(_beside(self.out, "contexts.tsv"), self.force) as handle:
            handle.write(provenance_lines(self.command, **self.facts))
            handle.write("kmer\tid\tposition\tcontext\tcluster\tsilhouette\n")
            for contexts, clusters, silhouettes in found:
                rows = zip(contexts.ids, contexts.positions, contexts.letters, clusters, silhouettes, strict=True)
                for name, position, letters, cluster, silhouette in rows:
                    handle.write(f"{contexts.kmer}\t{name}\t{position}\t{letters}\t{cluster}\t{silhouette:.4f}\n")

    def kmers(self) -> None:
        """The map of the k-mers by themselves."""
        config = self.config
        names, vectors, shares = kmer_vectors(self.saved.model)
        projection = project(vectors, config.map or "pca", config.seed)
        with open_output(_beside(self.out, "kmers.tsv"), self.force) as handle:
            handle.write(provenance_lines(self.command, **self.facts))
            handle.write("kmer\tgc_share\tx\ty\n")
            for name, share, (x, y) in zip(names, shares.tolist(), projection.points.tolist(), strict=True):
                handle.write(f"{name}\t{share:.4f}\t{x:.6g}\t{y:.6g}\n")
        figure = value_map_figure(projection.points, shares, "Share of G and C in the k-mer", names, projection.axes)
        save_figure(figure, _beside(self.out, "kmers.png"))


def _keeping(found: Found, kept: list[Floats] | None) -> Iterator[tuple[int, Floats]]:
    for index, vectors in found:
        if kept is not None:
            kept.append(vectors)
        yield index, vectors
