"""Neither is any task given away by the composition of its sequences, nor is any hopeless."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dnabert.data.simulate import ALL_MOTIFS, FACTORS, Motif, SimulatedGenome, SimulationConfig, complete, simulate_genome
from tests.data.simulate.reading import stack_codes

Codes = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]
Reader = Callable[[Codes], Features]

MOTIF_OF = {motif.name: motif for motif in ALL_MOTIFS}
SPLICE_HALF_BP = 200


@dataclass(frozen=True)
class Task:
    """Windows of two classes."""

    name: str
    codes: Codes
    is_positive: npt.NDArray[np.bool_]
    is_train: npt.NDArray[np.bool_]
    oracle: Reader


def auroc(task: Task, reader: Reader) -> float:
    """Of a logistic regression fitted to the training contigs, on the contigs held out."""
    features = reader(task.codes)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    model.fit(features[task.is_train], task.is_positive[task.is_train])
    return float(roc_auc_score(task.is_positive[~task.is_train], model.predict_proba(features[~task.is_train])[:, 1]))


def gc_share(codes: Codes) -> Features:
    return np.asarray((codes >= 2).mean(axis=1, keepdims=True))


def kmer_counts(codes: Codes, k: int = 4) -> Features:
    num_kmers = codes.shape[1] - k + 1
    ids = sum(codes[:, i : i + num_kmers].astype(np.int64) * 4 ** (k - 1 - i) for i in range(k))
    return np.stack([np.bincount(row, minlength=4**k) for row in np.asarray(ids)]).astype(np.float64)


# ---- what a reader of the truth would look at


def best_bits(motif: Motif, codes: Codes, first: int, last: int) -> Features:
    """Best score among the instances that begin from ``first`` to ``last``, and the same with nothing below 4 bits."""
    best = motif.scan(codes)[:, max(first, 0) : last + 1].max(axis=1)
    return np.stack([best, np.maximum(best, 4)], axis=1)


def other_strand(codes: Codes) -> Codes:
    return np.ascontiguousarray(codes[:, ::-1] ^ 1)


def promoter_bits(codes: Codes, tss: int) -> Features:
    places = {"TATA-box": (-33, -29), "Inr": (-2, -2), "DPE": (27, 27), "GC-box": (-110, -50), "CCAAT-box": (-95, -70)}
    columns = []
    for name, (first, last) in places.items():
        if tss + last < 0:
            continue
        columns.append(best_bits(MOTIF_OF[name], codes, tss + first, tss + last))
        if name in {"GC-box", "CCAAT-box"}:
            turned, end = other_strand(codes), codes.shape[1] - MOTIF_OF[name].length_bp
            columns[-1] = np.maximum(columns[-1], best_bits(MOTIF_OF[name], turned, end - tss - last, end - tss - first))
    return np.concatenate(columns, axis=1)


def binding_bits(name: str, codes: Codes) -> Features:
    """How far the best motif about the summit, with its partner at its distance, is above what is needed."""
    factor = next(factor for factor in FACTORS if factor.name == name)
    length_bp = factor.motif.length_bp
    first = codes.shape[1] // 2 - length_bp // 2 - 11
    best = []
    for strand in (codes, other_strand(codes)):
        above = factor.motif.scan(strand)[:, first : first + 23] - factor.bound_bits
        if factor.partner is not None:
            partner = factor.partner.scan(strand)
            gaps = [partner[:, first + length_bp + gap_bp :][:, :23] for gap_bp, _ in factor.gap_probs]
            above = np.minimum(above, np.max(gaps, axis=0) - factor.partner_bits)
        best.append(above.max(axis=1))
    return np.max(best, axis=0)[:, None]


def donor_bits(codes: Codes) -> Features:
    half = SPLICE_HALF_BP
    parts = [("donor", -3, -3), ("exon-enhancer", -60, -14), ("intron-enhancer", 8, 50)]
    return np.concatenate([best_bits(MOTIF_OF[name], codes, half + first, half + last) for name, first, last in parts], axis=1)


def acceptor_bits(codes: Codes) -> Features:
    half = SPLICE_HALF_BP
    parts = [("acceptor", -18, -18), ("branch-point", -46, -28), ("exon-enhancer", 6, 50)]
    return np.concatenate([best_bits(MOTIF_OF[name], codes, half + first, half + last) for name, first, last in parts], axis=1)


# ---- tasks


def promoter_task(genome: SimulatedGenome) -> Task:
    sites = [*genome.promoters, *genome.negatives]
    codes = stack_codes(genome, [(site.contig, site.start, site.end, site.strand) for site in sites])
    is_train = np.array([genome.split_of[site.contig] == "train" for site in sites])
    tss = genome.config.upstream_bp
    return Task("promoters", codes, np.array([site.label == 1 for site in sites]), is_train, lambda codes: promoter_bits(codes, tss))


def factor_tasks(genome: SimulatedGenome) -> Iterator[Task]:
    """One against its own negatives, and against all else, for every factor."""
    for name in [factor.name for factor in FACTORS]:
        own = [site for site in genome.binding_sites if name in (site.factor, *site.bound_by)]
        for label, sites in ((name, own), (f"{name} of all", list(genome.binding_sites))):
            summits = [next((peak.summit for peak in site.peaks if peak.factor == name), site.summit) for site in sites]
            codes = stack_codes(genome, [(site.contig, at - 50, at + 51, "+") for site, at in zip(sites, summits, strict=True)])
            is_train = np.array([genome.split_of[site.contig] == "train" for site in sites])
            is_bound = np.array([name in site.bound_by for site in sites])
            yield Task(label, codes, is_bound, is_train, lambda codes, name=name: binding_bits(name, codes))


def splice_tasks(genome: SimulatedGenome) -> Iterator[Task]:
    """Donors and acceptors, each against the windows with neither."""
    for label, oracle in (("donor", donor_bits), ("acceptor", acceptor_bits)):
        windows = [window for window in genome.splice_windows if window.label in (label, "none")]
        codes = stack_codes(genome, [(window.contig, window.start, window.end, window.strand) for window in windows])
        is_train = np.array([genome.split_of[window.contig] == "train" for window in windows])
        yield Task(label, codes, np.array([window.label == label for window in windows]), is_train, oracle)


# ---- tests


@pytest.fixture(scope="module")
def whole() -> SimulatedGenome:
    """What the command line makes."""
    return simulate_genome(complete(), seed=0)


def test_no_task_of_the_complete_genome_is_solved_by_composition_and_all_can_be_solved(whole: SimulatedGenome) -> None:
    tasks = [promoter_task(whole), *factor_tasks(whole), *splice_tasks(whole)]
    assert len(tasks) == 13
    for task in tasks:
        assert auroc(task, gc_share) < 0.65, task.name
        assert auroc(task, task.oracle) > 0.93, task.name


@pytest.mark.parametrize("name", ["promoters", "TF1", "TF4", "donor", "acceptor"])
def test_counting_words_falls_well_short_of_knowing_the_grammar(whole: SimulatedGenome, name: str) -> None:
    task = next(task for task in (promoter_task(whole), *factor_tasks(whole), *splice_tasks(whole)) if task.name == name)
    assert auroc(task, kmer_counts) < auroc(task, task.oracle) - 0.08


@pytest.mark.parametrize(("upstream_bp", "downstream_bp"), [(249, 50), (34, 35)], ids=["prom-300", "prom-core"])
def test_composition_does_not_give_the_promoters_away_but_elements_do(upstream_bp: int, downstream_bp: int) -> None:
    for seed in (0, 1):
        task = promoter_task(simulate_genome(SimulationConfig(upstream_bp=upstream_bp, downstream_bp=downstream_bp), seed))
        assert auroc(task, gc_share) < 0.65
        assert auroc(task, kmer_counts) < 0.8
        assert auroc(task, task.oracle) > 0.9
