"""Vectors as files: arrays, a table that pandas and R read, or annotated data of the single-cell tools.

``.npz`` and Parquet are written as the sequences come; AnnData is held whole.

Legend: N sequences, R rows (N, or all k-mers or bases), D width.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from dnabert.errors import requires_extra
from dnabert.infer.npz_stream import open_npz
from dnabert.output import open_output, write_bytes

__all__ = ["write_anndata", "write_embedding_arrays", "write_parquet"]

Floats = npt.NDArray[np.float32]
Found = Iterable[tuple[int, Floats]]
_ROW_GROUP = 1024


def write_embedding_arrays(
    path: Path,
    found: Found,
    counts: npt.NDArray[np.int64],
    width: int,
    columns: Mapping[str, tuple[str, ...]],
    facts: Mapping[str, Any],
    force: bool,
    ragged: bool,
) -> None:
    """An ``.npz``: ``embeddings`` float32, ``ids``, ``labels`` where known, ``metadata`` (JSON).

    Args:
        path: Where to.
        found: Number and vectors of each sequence, in order.
        counts: Vectors of each sequence, (N,).
        width: Numbers of a vector, D.
        columns: ``ids`` and, where known, ``labels``, N texts each.
        facts: What ``metadata`` is to hold.
        force: Replace what is there.
        ragged: Vectors of k-mers or bases: ``embeddings`` is (R, D), ``offsets`` (N+1,) says where each sequence begins; else (N, D).

    Raises:
        OutputError: It cannot be written.
    """
    with open_npz(path, force) as archive:
        for name, texts in columns.items():
            archive.add(name, np.array(texts))
        archive.add_facts(facts)
        if ragged:
            archive.add("offsets", np.concatenate(([0], np.cumsum(counts))))
        with archive.rows("embeddings", (int(counts.sum()), width)) as write:
            for _, vectors in found:
                write(vectors)


def write_parquet(path: Path, found: Found, columns: Mapping[str, tuple[str, ...]], facts: Mapping[str, Any], force: bool) -> None:
    """A Parquet table: ``id``, ``label`` where known, ``position`` of a k-mer or base (0-based), and the vector as ``v0``, ``v1``, ...

    Args:
        path: Where to.
        found: Number and vectors of each sequence, in order.
        columns: ``ids`` and, where known, ``labels``, N texts each.
        facts: What the metadata of the file is to hold, under ``dnabert``, in JSON.
        force: Replace what is there.

    Raises:
        OutputError: It cannot be written.
        DnabertError: pyarrow is not installed.
    """
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise requires_extra("pyarrow", "embed", f"{path}: Parquet") from None
    rest, writer = iter(found), None
    with open_output(path, force) as handle:
        while group := list(islice(rest, _ROW_GROUP)):
            sizes = [1 if vectors.ndim == 1 else len(vectors) for _, vectors in group]
            table: dict[str, Any] = {
                name.removesuffix("s"): np.repeat(np.array([texts[index] for index, _ in group], dtype=object), sizes)
                for name, texts in columns.items()
            }
            if group[0][1].ndim == 2:
                table["position"] = np.concatenate([np.arange(size) for size in sizes])
            stacked = np.concatenate([np.atleast_2d(vectors) for _, vectors in group])
            table |= {f"v{number}": stacked[:, number] for number in range(stacked.shape[1])}
            batch = arrow.table(table).replace_schema_metadata({"dnabert": json.dumps(facts)})
            writer = writer or parquet.ParquetWriter(
                cast(Any, handle).buffer, batch.schema, use_dictionary=[name for name in table if name in ("id", "label")]
            )
            writer.write_table(batch)
        if writer is not None:
            writer.close()


def write_anndata(
    path: Path, vectors: Floats, columns: Mapping[str, tuple[str, ...]], maps: Mapping[str, Floats], facts: Mapping[str, Any]
) -> None:
    """An AnnData file: ``X`` (N, D), ``obs`` with id and label, ``obsm`` with maps (``X_umap``, ``X_tsne``, ``X_pca``), ``uns['dnabert']``.

    Args:
        path: Where to.
        vectors: One for each sequence, (N, D).
        columns: ``ids`` and, where known, ``labels``, N texts each.
        maps: Two coordinates for each sequence, by name, (N, 2).
        facts: What ``uns`` is to hold.

    Raises:
        OutputError: It cannot be written.
        DnabertError: anndata is not installed.
    """
    try:
        anndata, pandas = import_module("anndata"), import_module("pandas")
    except ImportError:
        raise requires_extra("anndata", "embed", f"{path}: AnnData") from None
    table = pandas.DataFrame({name.removesuffix("s"): list(texts) for name, texts in columns.items()}, index=list(columns["ids"]))
    if "label" in table:
        table["label"] = table["label"].astype("category")
    names = pandas.DataFrame(index=[f"v{number}" for number in range(vectors.shape[1])])
    data = anndata.AnnData(X=vectors, obs=table, var=names, obsm={f"X_{name}": points for name, points in maps.items()})
    data.uns["dnabert"] = json.dumps(facts)
    with tempfile.TemporaryDirectory(prefix="dnabert-") as folder:
        temporary = Path(folder) / "embeddings.h5ad"
        data.write_h5ad(temporary)
        write_bytes(path, temporary.read_bytes())
