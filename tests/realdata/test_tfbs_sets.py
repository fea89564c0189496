"""Binding sites on real genomes: windows compared with those that others published; skipped with a reason without the data folder."""

import gzip
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import roc_auc_score

from dnabert.data.datasets.draft import Draft
from dnabert.data.datasets.example import Example
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.datasets.tfbs import TfbsConfig, build_tfbs
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.sequence import Codes, decode_bases, encode_bases

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
WORD_BP = 12

pytestmark = pytest.mark.realdata


def _data(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds {name}")
    return path


def test_windows_on_published_peaks_of_hg19_are_the_published_bases(tmp_path: Path) -> None:
    store = build_genome([_data("human/chr1_hg19.fa.gz")], tmp_path / "cache")
    # The headers are 1-based and inclusive; all of chr1 is in the test files, and 19 records in its first 9.88 Mb.
    published: dict[str, list[str]] = {}
    for name, file in (("bound", "test"), ("unbound", "neg.test")):
        with gzip.open(_data(f"tfbs/lsgkm_NFE2_GM12878/{file}.fa.gz"), "rt") as handle:
            records = re.findall(r">chr1:(\d+)-(\d+)\s+([ACGTacgt]+)", handle.read())
        here = [(int(start) - 1, int(end), text.upper()) for start, end, text in records if int(end) <= store.lengths["chr1"]]
        published[f"{name}.bed"] = [text for *_, text in here]
        (tmp_path / f"{name}.bed").write_text("".join(f"chr1\t{start}\t{end}\n" for start, end, _ in here))
    (tmp_path / "split.bed").write_text("chr1\t0\t9876492\ttrain\n")
    config = TfbsConfig(
        summit="center", window_bp=81, merge_bp=1, negatives_per_positive=0, splits=SplitConfig(file=tmp_path / "split.bed")
    )
    draft = build_tfbs(store, [tmp_path / name for name in published], config, 0)
    agreeing: Counter[str] = Counter()
    for row in draft.examples:
        _, file, line = row.source.split(":")
        text = published[file][int(line) - 1]
        agreeing[file] += decode_bases(row.codes) == text[len(text) // 2 - 40 : len(text) // 2 + 41]
    assert agreeing == {"bound.bed": 4, "unbound.bed": 15}


def _words(codes: Codes) -> npt.NDArray[np.int64]:
    """Base-4 number of each 12-mer."""
    words = codes.astype(np.int64)
    for size in (1, 2):
        words = (words[:-size] << (2 * size)) | words[size:]  # 2, then 4 bases
    return (words[:-8] << 16) | (words[4:-4] << 8) | words[8:]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> GenomeStore:
    return build_genome([_data("human/lrg_hg38.fa.gz")], tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def peaks(store: GenomeStore, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """narrowPeak files of the ENCODE peaks of DeepBind whose 101 bases occur once in the mini genome, the strongest first."""
    factors = {path.name.rpartition("_")[0]: path for path in _data("tfbs/deepbind_encode").glob("*_AC.seq.gz")}
    wanted: dict[bytes, list[tuple[str, int]]] = {}
    for name, path in factors.items():
        with gzip.open(path, "rt") as handle:
            next(handle)
            for rank, line in enumerate(handle):
                text = line.split()[2]
                if "N" not in text:
                    wanted.setdefault(encode_bases(text).tobytes(), []).append((name, rank))
    is_first = np.zeros(1 << 2 * WORD_BP, dtype=np.bool_)
    is_first[[int(_words(np.frombuffer(key[:WORD_BP], np.uint8))[0]) for key in wanted]] = True
    found: dict[bytes, list[tuple[str, int]]] = {}
    for contig in store.contigs:
        codes = np.asarray(store.codes[contig.start : contig.start + contig.length])
        for place in np.flatnonzero(is_first[_words(codes)[: len(codes) - 100]]).tolist():
            key = codes[place : place + 101].tobytes()
            if key in wanted:
                found.setdefault(key, []).append((contig.name, place))
    lines: dict[str, list[str]] = {name: [] for name in factors}
    for key, places in found.items():
        if len(places) == 1:
            contig, start = places[0]
            for name, rank in wanted[key]:
                lines[name].append(f"{contig}\t{start}\t{start + 101}\t{rank}\t0\t.\t{1e6 - rank}\t-1\t-1\t50\n")
    folder = tmp_path_factory.mktemp("peaks")
    for name, rows in lines.items():
        (folder / f"{name}.narrowPeak").write_text("".join(rows))
    return sorted(folder.iterdir())


def _build(store: GenomeStore, paths: list[Path], **settings: object) -> Draft:
    splits = SplitConfig(file=_data("human/lrg_hg38.contigs.tsv"))
    return build_tfbs(store, paths, TfbsConfig.model_validate({**settings, "splits": splits}), 42)


def _published(path: Path) -> set[str]:
    lines = gzip.decompress(_data(f"tfbs/deepbind_encode/{path.stem}_AC.seq.gz").read_bytes()).decode().splitlines()
    return {line.split()[2] for line in lines}


def _gc(row: Example) -> float:
    return float(np.isin(row.codes, (2, 3)).mean())


def test_windows_on_encode_peaks_are_those_of_deepbind(store: GenomeStore, peaks: list[Path]) -> None:
    draft = _build(store, peaks, merge_bp=1, negatives_per_positive=0)
    bound = draft.examples
    published = [_published(path) for path in peaks]
    # 2,433 peaks, two of them of two factors on the same base; windows of other factors that reach the summit add labels.
    assert (draft.counts["peaks read"], len(bound)) == (2433, 2432)
    for row in bound:
        names = {path.stem for path, texts in zip(peaks, published, strict=True) if decode_bases(row.codes) in texts}
        assert names
        assert names <= set(row.label.split(";"))
    assert sum(";" in row.label for row in bound) > 150
    # Merged, no two windows are nearer than 50 bases.
    merged = [store.position(row.region) for row in _build(store, peaks, negatives_per_positive=0).examples]
    assert 2000 < len(merged) < len(bound)
    assert min(np.diff(merged)) >= 50


@pytest.mark.parametrize("negatives", ["matched", "shuffle"])
def test_gc_does_not_tell_bound_from_unbound_but_the_motif_does(store: GenomeStore, peaks: list[Path], negatives: str) -> None:
    (usf1,) = (path for path in peaks if path.stem.startswith("USF1"))
    draft = _build(store, [usf1], negatives=negatives)
    labels = [int(row.label) for row in draft.examples]
    assert 0.48 < roc_auc_score(labels, [_gc(row) for row in draft.examples]) < 0.52
    has_box = [any(box in decode_bases(row.codes)[30:71] for box in ("CACGTG", "CACATG", "CATGTG")) for row in draft.examples]
    bound, unbound = (np.mean([box for box, label in zip(has_box, labels, strict=True) if label == wanted]) for wanted in (1, 0))
    assert bound > 0.5
    assert unbound < 0.1
