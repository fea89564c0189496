"""The network beside a model reads the windows that the model reads, and its answers are compared by the model's formulas."""

from collections.abc import Sequence
from math import log2
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from benchmarks.quality.cells.networks import predict_network
from benchmarks.variants.figures import spearman
from benchmarks.variants.networks import NetworkScorer, SavedNetwork, load_network, same_rows
from benchmarks.variants.rows import Evaluation, Row
from benchmarks.variants.scores import Placement, losses, score_by_model, score_by_network
from dnabert.checkpoint import SavedModel
from dnabert.data.sequences import SequenceSet, pack
from dnabert.device import Machine
from dnabert.dna.regions import Genome
from dnabert.errors import CheckpointError, ConfigError
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.alleles import VariantRecord
from dnabert.infer.variants.answers import ModelScorer, PairScore
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.job import BlockWorker, ScoredAllele
from dnabert.infer.variants.reference import ReferenceBases
from dnabert.infer.variants.windows import WindowPair, read_sites
from tests.benchmarks.variants.made_variants import CONTIGS, SITES, SPLICE_CLASSES, make_data, save_network, save_run, substitute

CPU = Machine(torch.device("cpu"), torch.float32)
TWO = ("off", "on")


def _rows(shifts: Sequence[int] = (-5, -1, 0, 4)) -> list[Row]:
    """SNVs, insertions and deletions about the sites, on both contigs."""
    found = []
    for number, (contig, at) in enumerate((contig, site + shift) for contig in CONTIGS for site in SITES for shift in shifts):
        reference, alternate = substitute(contig, at)
        if number % 3 == 1:
            alternate = reference + "GA"
        if number % 3 == 2:
            reference, alternate = CONTIGS[contig][at : at + 3], reference
        found.append(Row((contig, str(at + 1), ".", reference, alternate), 0.0, 0.0))
    return found


def _evaluation(rows: list[Row], kind: str) -> Evaluation:
    return Evaluation("set", rows, spearman, "Spearman", kind)


def _placement(data: Path, kind: str) -> Placement:
    if kind == "splice":
        return Placement(data / "human/lrg_hg38.fa.gz", data / "human/lrg_hg38.gtf.gz", VariantConfig(anchor="splice"))
    return Placement(data / "human/lrg_hg38.fa.gz", None, VariantConfig())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data")


def _worker(placement: Placement, scorer: ModelScorer) -> BlockWorker:
    genome = Genome(placement.genome)
    sites = None if placement.annotation is None else read_sites(placement.annotation, placement.config.anchor, genome.names)
    return BlockWorker([scorer], ReferenceBases(genome), sites, placement.config)


def _records(rows: Sequence[Row]) -> list[VariantRecord]:
    return [VariantRecord(row.line[0], int(row.line[1]) - 1, row.line[3], (row.line[4],)) for row in rows]


@pytest.mark.parametrize(("kind", "stranded"), [("splice", True), ("promoter", True), ("promoter", False)])
def test_the_network_reads_the_windows_that_the_model_reads(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, kind: str, stranded: bool
) -> None:
    read: list[list[WindowPair]] = []
    whole = ModelScorer.score

    def noting(scorer: ModelScorer, pairs: Sequence[WindowPair]) -> list[PairScore]:
        read.append(list(pairs))
        return whole(scorer, pairs)

    monkeypatch.setattr(ModelScorer, "score", noting)
    run, network = save_run(tmp_path, TWO, stranded=stranded), load_network(save_network(tmp_path, TWO, stranded=stranded))
    placement = _placement(data, kind)
    for scorer in (ModelScorer(Predictor(run, CPU), placement.config), NetworkScorer(Predictor(run, CPU), placement.config, network)):
        _worker(placement, scorer).score(_records(_rows()))
    assert read[0] == read[1]
    assert {pair.window.strand for pair in read[0]} == ({"+"} if not stranded else {"+", "-"})
    assert len(read[0]) >= len(_rows())


@pytest.mark.parametrize(("kind", "stranded"), [("splice", True), ("promoter", True), ("promoter", False)])
def test_a_network_that_answers_as_the_model_does_scores_as_the_model_does(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch, kind: str, stranded: bool
) -> None:
    classes = SPLICE_CLASSES if kind == "splice" else TWO
    run, network = save_run(tmp_path, classes, stranded=stranded), load_network(save_network(tmp_path, classes))
    own = score_by_network(_evaluation(_rows(), kind), network, str(run), _placement(data, kind), CPU, tmp_path / "own")

    def of_the_model(scorer: NetworkScorer, member: SavedModel, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        return ModelScorer.logits(scorer, member, codes)

    monkeypatch.setattr(NetworkScorer, "logits", of_the_model)
    same = score_by_network(_evaluation(_rows(), kind), network, str(run), _placement(data, kind), CPU, tmp_path / "same")
    wanted = score_by_model(_evaluation(_rows(), kind), str(run), _placement(data, kind), tmp_path / "model")
    assert same == pytest.approx(wanted, abs=1e-4)
    assert np.isfinite(wanted).all()
    assert own != pytest.approx(wanted, abs=1e-2)


@pytest.mark.parametrize("stranded", [True, False])
def test_scores_are_the_formulas_of_the_networks_probabilities(tmp_path: Path, data: Path, stranded: bool) -> None:
    run, network = save_run(tmp_path, TWO, stranded=stranded), load_network(save_network(tmp_path, TWO))
    contig, at = "c1", 450
    reference, alternate = substitute(contig, at)
    scorer = NetworkScorer(Predictor(run, CPU), VariantConfig(), network)
    ((((found,),),)) = _worker(_placement(data, "promoter"), scorer).score([VariantRecord(contig, at, reference, (alternate,))])
    assert isinstance(found, ScoredAllele)
    window = found.window
    texts = [CONTIGS[contig][window.start : at] + base + CONTIGS[contig][at + 1 : window.end] for base in (reference, alternate)]
    rows = SequenceSet(("ref", "alt"), pack([np.array(["ATCG".index(base) for base in text], np.uint8) for text in texts]))
    forward, backward = (predict_network(network.network, rows, CPU, reverse=reverse)[:, 1].astype(float) for reverse in (False, True))
    read = (forward + backward) / 2 if not stranded else forward if window.strand == "+" else backward
    assert found.score.reference + found.score.alternate == pytest.approx(tuple(read), abs=1e-6)
    ref, alt = read
    assert found.score.difference == pytest.approx(((alt - ref) * max(alt, ref),), abs=1e-6)
    assert found.score.log_odds == pytest.approx((log2(ref / (1 - ref)) - log2(alt / (1 - alt)),), abs=1e-4)


def test_the_loss_is_that_of_the_class_likeliest_with_the_reference() -> None:
    found = losses([(0, 0.2, 5.0), (0, 0.7, -1.0), (2, 0.1, 3.0)], 3)
    assert found[0] == -1.0
    assert np.isnan(found[1])
    assert found[2] == 3.0


def test_a_network_of_other_classes_is_refused(tmp_path: Path) -> None:
    network = load_network(save_network(tmp_path, ("on", "off")))
    with pytest.raises(ConfigError, match=r"\(on, off\) and .*\(classify: off, on\) answer different questions; train the network on"):
        NetworkScorer(Predictor(save_run(tmp_path, TWO), CPU), VariantConfig(), network)


def test_a_folder_without_a_network_says_how_to_train_one(tmp_path: Path) -> None:
    folder = save_network(tmp_path, TWO)
    assert isinstance(load_network(folder), SavedNetwork)
    (folder / "network.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"holds no convolutional network .*; train one with python -m benchmarks.variants.train"):
        load_network(folder)
    with pytest.raises(CheckpointError, match="holds no convolutional network"):
        load_network(tmp_path / "nothing")


def test_the_rows_of_two_runs_are_compared_by_content(tmp_path: Path) -> None:
    runs = [
        save_run(tmp_path, TWO, seed=seed, inputs=inputs)
        for seed, inputs in enumerate(
            ({"a.csv (content)": "1", "b.csv (content)": "2"}, {"x/b (content)": "2", "x/a (content)": "1"}, {"a (content)": "1"})
        )
    ]
    assert same_rows(runs[0], runs[1]) is True
    assert same_rows(runs[0], runs[2]) is False
    assert same_rows(runs[0], save_run(tmp_path, TWO, seed=9)) is None
