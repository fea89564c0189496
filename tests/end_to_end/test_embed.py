"""`dnabert embed`: the same vectors in every format, and what is made of them."""

import csv
import json
import os
import threading
from pathlib import Path

import anndata
import numpy as np
import pyarrow.parquet as pq
import pytest

from dnabert.checkpoint import load_model
from dnabert.cli.main import run as command
from dnabert.data.labelled import read_set
from dnabert.device import choose_machine
from dnabert.infer.embedding.vectors import embed
from dnabert.model.config import HeadConfig
from tests.toy import save_toy_run

WHOLE = "ACGTTGCAAGCT" * 3


def _rows_of_table(count: int) -> str:
    return "id,sequence,label\n" + "".join(f"s{n},{WHOLE[n % 12 : n % 12 + 8 + n % 3]},{'ab'[n % 2]}\n" for n in range(count))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_run(tmp_path_factory.mktemp("runs"), HeadConfig())


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(_rows_of_table(12))
    return path


def _embed(source: Path, model: Path, out: Path, *words: str) -> int:
    common = ["--device", "cpu", "--dtype", "float32", "--quiet"]
    return command(["embed", str(source), "--model", str(model), "--out", str(out), *common, *words])


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((line for line in path.read_text().splitlines() if not line.startswith("#")), delimiter="\t"))


def test_all_formats_hold_the_same_vectors(tmp_path: Path, table: Path, model: Path) -> None:
    for ending in ("npz", "parquet"):
        assert _embed(table, model, tmp_path / f"v.{ending}", "--layer", "1") == 0
    assert _embed(table, model, tmp_path / "v.h5ad", "--layer", "1", "--map", "pca") == 0
    saved = load_model(model)
    data = read_set(table, 3)
    stream = embed(saved.model, data.sequences, saved.tokenizer, choose_machine("cpu", "float32"), pool="mean", layer=1)
    wanted = np.stack([vector for _, vector in stream])
    with np.load(tmp_path / "v.npz") as stored:
        assert stored["embeddings"] == pytest.approx(wanted, abs=1e-6)
        assert stored["ids"].tolist() == list(data.sequences.ids)
        assert stored["labels"].tolist() == list(data.labels or ())
        facts = json.loads(str(stored["metadata"]))
    assert (facts["model_sha256"], facts["layer"], facts["pool"]) == (saved.sha256, "1", "mean")
    parquet = pq.read_table(tmp_path / "v.parquet")
    assert parquet.column_names[:3] == ["id", "label", "v0"]
    assert np.stack([parquet[f"v{n}"].to_numpy() for n in range(32)], axis=1) == pytest.approx(wanted, abs=1e-6)
    assert json.loads(parquet.schema.metadata[b"dnabert"])["model_sha256"] == saved.sha256
    annotated = anndata.read_h5ad(tmp_path / "v.h5ad")
    assert pytest.approx(wanted, abs=1e-6) == annotated.X
    assert annotated.obs["label"].tolist() == list(data.labels or ())
    assert annotated.obsm["X_pca"].shape == (12, 2)


def test_vectors_of_bases_and_kmers_stand_one_after_the_other(tmp_path: Path, table: Path, model: Path) -> None:
    lengths = [8 + n % 3 for n in range(12)]
    for pool, sizes in (("base", lengths), ("token", [length - 2 for length in lengths])):
        assert _embed(table, model, tmp_path / f"{pool}.npz", "--pool", pool) == 0
        with np.load(tmp_path / f"{pool}.npz") as stored:
            assert np.diff(stored["offsets"]).tolist() == sizes
            assert stored["embeddings"].shape == (sum(sizes), 32)
            vectors = stored["embeddings"]
        assert _embed(table, model, tmp_path / f"{pool}.parquet", "--pool", pool) == 0
        parquet = pq.read_table(tmp_path / f"{pool}.parquet")
        assert parquet["position"].to_pylist()[: sizes[0] + 1] == [*range(sizes[0]), 0]
        assert parquet["v3"].to_numpy() == pytest.approx(vectors[:, 3], abs=1e-6)


def test_neighbours_contexts_and_maps_stand_beside_the_vectors(tmp_path: Path, table: Path, model: Path) -> None:
    table.write_text(_rows_of_table(24))
    words = ["--map", "pca", "--plot", str(tmp_path / "map.svg"), "--neighbours", "2", "--kmer-contexts", "GCA", "--set", "kmer_map=true"]
    assert _embed(table, model, tmp_path / "v.npz", *words) == 0
    assert "a (n = 12)" in (tmp_path / "map.svg").read_text()
    neighbours = _rows(tmp_path / "v.neighbours.tsv")
    assert [(row["id"], row["rank"]) for row in neighbours[:3]] == [("s0", "1"), ("s0", "2"), ("s1", "1")]
    assert {row["label"] for row in neighbours} == {"a", "b"}
    assert all(row["id"] != row["neighbour"] for row in neighbours)
    contexts = _rows(tmp_path / "v.contexts.tsv")
    assert len(contexts) >= 10
    assert all(row["kmer"] == "GCA" and "GCA" in row["context"] for row in contexts)
    assert all(-1 <= float(row["silhouette"]) <= 1 for row in contexts)
    assert len(_rows(tmp_path / "v.kmers.tsv")) == 64
    assert (tmp_path / "v.contexts.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "v.kmers.png").exists()


@pytest.mark.parametrize(
    ("out", "words", "message"),
    [
        ("v.csv", [], "v.csv: vectors are written as .npz, .parquet, .h5ad; end the name so"),
        (
            "v.h5ad",
            ["--pool", "token"],
            "pool token gives many vectors for a sequence, and an .h5ad file needs one: use pool mean, cls or max",
        ),
        ("v.npz", ["--plot", "m.png"], "--plot draws a map: say which with --map umap, tsne or pca"),
        ("v.npz", ["--map", "pca"], "--map pca: the map goes to --plot F.png or into an .h5ad file; give one of them"),
        ("v.npz", ["--map", "pca", "--plot", "m.gif"], "m.gif: a figure is written as .png, .svg, .pdf; end the name so"),
        ("v.npz", ["--layer", "7"], "layer 7: the model has the layers 0 (before the first block) to 2"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, table: Path, model: Path, out: str, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _embed(table, model, tmp_path / out, *words) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / out).exists()


def test_ensembles_have_no_vectors(tmp_path: Path, table: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "both").mkdir()
    (tmp_path / "both" / "ensemble.json").write_text('{"members": []}')
    assert _embed(table, tmp_path / "both", tmp_path / "v.npz") == 1
    assert "is an ensemble, and vectors of different models cannot be averaged; name one of its members" in capsys.readouterr().err


def test_sequences_beyond_the_window_are_told_of(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "long.fa").write_text(">long\n" + "ACGTA" * 120 + "\n")
    assert _embed(tmp_path / "long.fa", model, tmp_path / "v.npz", "--pool", "base") == 0
    assert "1 of 1 sequences are longer than 512 bases; what is beyond is not read" in capsys.readouterr().err
    assert np.load(tmp_path / "v.npz")["embeddings"].shape == (512, 32)


def test_sequences_from_a_pipe_are_all_read(tmp_path: Path, table: Path, model: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=lambda: pipe.write_text(table.read_text()))
    writing.start()
    assert _embed(pipe, model, tmp_path / "piped.npz") == 0
    writing.join()
    assert _embed(table, model, tmp_path / "v.npz") == 0
    with np.load(tmp_path / "piped.npz") as piped, np.load(tmp_path / "v.npz") as stored:
        assert piped["ids"].tolist() == stored["ids"].tolist()
        assert (piped["embeddings"] == stored["embeddings"]).all()
        assert "labels" not in piped


def test_the_size_of_shards_changes_nothing(tmp_path: Path, table: Path, model: Path) -> None:
    table.write_text(_rows_of_table(600))
    for name, size in (("small", 256), ("large", 1000)):
        assert _embed(table, model, tmp_path / f"{name}.npz", "--set", f"shard_sequences={size}") == 0
    with np.load(tmp_path / "small.npz") as small, np.load(tmp_path / "large.npz") as large:
        assert (small["embeddings"] == large["embeddings"]).all()
        assert small["embeddings"].shape == (600, 32)


def test_what_a_run_left_is_gone_on_with_or_thrown_away(
    tmp_path: Path, table: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, parts, words = tmp_path / "v.npz", tmp_path / "v.npz.parts", ["--set", "shard_sequences=4"]
    assert _embed(table, model, out, "--kmer-contexts", "TTT", *words) == 1
    assert "kmer_contexts TTT: occurs 0 times" in capsys.readouterr().err
    vectors = np.load(out)["embeddings"]
    out.unlink()
    assert _embed(table, model, out, *words) == 1
    assert "v.npz.parts: left by a run that did not end: go on with it with --resume, or start anew with --force" in capsys.readouterr().err
    common = ["--model", str(model), "--out", str(out), "--device", "cpu", "--dtype", "float32"]
    assert command(["embed", str(table), *common, *words, "--resume"]) == 0
    assert "3 of 3 pieces are there already" in capsys.readouterr().err
    assert (np.load(out)["embeddings"] == vectors).all()
    assert not parts.exists()
    parts.mkdir()
    (parts / "old.part").touch()
    assert _embed(table, model, out, *words, "--force") == 0
    assert not parts.exists()


def test_ranks_want_a_file_and_a_common_folder(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _embed(Path("-"), model, tmp_path / "v.npz", "--engine", "ranks", "--resume") == 1
    assert "--engine ranks: each rank reads the input, and - can be read only once; give a file" in capsys.readouterr().err
    assert _embed(Path("in.csv"), model, tmp_path / "v.npz", "--engine", "ranks") == 1
    assert "give --resume too" in capsys.readouterr().err
