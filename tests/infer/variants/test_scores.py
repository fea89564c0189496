"""Scores: the recipe's formulas, finite everywhere, one reading of each window, strands and members averaged."""

from collections.abc import Sequence
from math import exp, log2
from pathlib import Path

import numpy as np
import pytest
import torch

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.device import Machine
from dnabert.dna.kmers import kmer_ids
from dnabert.dna.regions import Genome
from dnabert.errors import CheckpointError, ConfigError
from dnabert.infer.predictor import Predictor
from dnabert.infer.variants.alleles import VariantRecord
from dnabert.infer.variants.answers import ModelScorer, token_ids
from dnabert.infer.variants.config import VariantConfig
from dnabert.infer.variants.job import BlockWorker, ScoredAllele, load_scorers, read_result, write_result
from dnabert.infer.variants.reference import ReferenceBases, opposite
from dnabert.infer.variants.windows import Window, WindowPair
from dnabert.infer.variants.zero_shot import ZeroShotScorer
from dnabert.model.config import HeadConfig
from tests.infer.variants.cutting import codes_of
from tests.toy import save_toy_run, toy_config, toy_model

CPU = Machine(torch.device("cpu"), torch.float32)
RNG = np.random.default_rng(3)
CONTIG = "".join(RNG.choice(list("ACGT"), 300))


def _run(folder: Path, task: str = "classify", outputs: int = 2, *, stranded: bool = True, window: int | None = 20, seed: int = 0) -> Path:
    head = HeadConfig(task=task, num_outputs=outputs)  # type: ignore[arg-type]
    run = folder / f"{task}-{outputs}-{stranded}-{window}-{seed}"
    labels = tuple(f"c{number}" for number in range(outputs))
    scale = {"target_mean": (1.0,) * outputs, "target_scale": (2.0,) * outputs} if task == "regress" else {}
    save_model(run, toy_model(head, toy_config(3), seed), ModelInfo(head=head, labels=labels, stranded=stranded, window_bp=window, **scale))
    return run


def _pairs(count: int, length: int = 20) -> list[WindowPair]:
    """SNVs in the middle of random windows."""
    found = []
    for _ in range(count):
        reference = codes_of("".join(RNG.choice(list("ACGT"), length)))
        alternate = bytearray(reference)
        alternate[length // 2] ^= 1
        found.append(WindowPair(Window(0, length), reference, bytes(alternate), length // 2, length // 2, 1, 1))
    return found


def _prob(run: Path, windows: Sequence[bytes]) -> np.ndarray:
    """Probabilities straight from the model, one window at a time."""
    predictor = Predictor(run, CPU)
    model = predictor.members[0].model
    rows = []
    for window in windows:
        ids = [2, *kmer_ids(np.frombuffer(window, np.uint8), 3).tolist(), 3]
        with torch.inference_mode():
            rows.append(torch.softmax(model(torch.tensor([ids])).logits[0].double(), 0).numpy())
    return np.array(rows)


def test_the_formulas_are_the_recipes(tmp_path: Path) -> None:
    run, pairs = _run(tmp_path), _pairs(5)
    scorer = ModelScorer(Predictor(run, CPU), VariantConfig())
    assert scorer.outputs == ("",)
    assert scorer.output_names == ("c1",)
    ref = _prob(run, [pair.reference for pair in pairs])[:, 1]
    alt = _prob(run, [pair.alternate for pair in pairs])[:, 1]
    for score, r, a in zip(scorer.score(pairs), ref, alt, strict=True):
        assert score.reference == pytest.approx((r,), abs=1e-6)
        assert score.alternate == pytest.approx((a,), abs=1e-6)
        assert score.difference == pytest.approx(((a - r) * max(a, r),), abs=1e-6)
        assert score.log_odds == pytest.approx((log2(r / (1 - r)) - log2(a / (1 - a)),), abs=1e-4)
        assert score.total == pytest.approx(abs(a - r), abs=1e-6)


def test_several_classes_have_a_score_each_and_strands_are_averaged(tmp_path: Path) -> None:
    run, pairs = _run(tmp_path, outputs=3, stranded=False), _pairs(3)
    scorer = ModelScorer(Predictor(run, CPU), VariantConfig())
    assert scorer.outputs == ("c0", "c1", "c2")
    assert scorer.strands == ("+",)
    found = scorer.score(pairs)
    for pair, score in zip(pairs, found, strict=True):
        wanted = (_prob(run, [pair.reference]) + _prob(run, [opposite(pair.reference)]))[0] / 2
        assert score.reference == pytest.approx(wanted, abs=1e-6)
        p, q = wanted, (_prob(run, [pair.alternate]) + _prob(run, [opposite(pair.alternate)]))[0] / 2
        assert score.log_odds == pytest.approx(np.log2(p / (1 - p)) - np.log2(q / (1 - q)), abs=1e-4)


def test_log_odds_are_finite_where_probabilities_are_0_and_1(tmp_path: Path) -> None:
    run = _run(tmp_path)
    predictor = Predictor(run, CPU)
    classifier = predictor.members[0].model.classifier
    assert classifier is not None
    with torch.no_grad():
        classifier.weight.mul_(1e4)
    bound = log2((1 - 1e-6) / 1e-6)
    for score in ModelScorer(predictor, VariantConfig()).score(_pairs(8)):
        assert score.log_odds is not None
        assert np.isfinite(score.log_odds).all()
        assert abs(score.log_odds[0]) <= 2 * bound + 1e-9
    # Clipped at its own epsilon, and not at the rounding of a probability to 1.
    with torch.no_grad():
        classifier.weight.zero_()
        assert classifier.bias is not None
        classifier.bias.copy_(torch.tensor([0.0, 30.0]))
    fine = ModelScorer(predictor, VariantConfig(epsilon=1e-300)).answer([_pairs(1)[0].reference])
    assert fine.log_odds is not None
    assert fine.log_odds[0, 1] == pytest.approx(30 * log2(exp(1)), abs=1e-6)


def test_labels_and_values_have_their_own_numbers(tmp_path: Path) -> None:
    pairs = _pairs(2)
    several = ModelScorer(Predictor(_run(tmp_path, "multilabel"), CPU), VariantConfig()).score(pairs)
    model = Predictor(_run(tmp_path / "again", "multilabel"), CPU).members[0].model
    with torch.inference_mode():
        logits = model(torch.from_numpy(token_ids(np.frombuffer(pairs[0].reference, np.uint8)[None], 3))).logits[0]
    assert several[0].reference == pytest.approx(torch.sigmoid(logits).numpy(), abs=1e-6)
    value = ModelScorer(Predictor(_run(tmp_path, "regress", 1), CPU), VariantConfig())
    assert not value.has_odds
    score = value.score(pairs)[0]
    assert score.log_odds is None
    assert score.difference == pytest.approx((score.alternate[0] - score.reference[0],), abs=1e-12)
    assert score.changes == score.difference


def test_shared_windows_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = ModelScorer(Predictor(_run(tmp_path), CPU), VariantConfig())
    sizes: list[int] = []
    whole = scorer.answer
    monkeypatch.setattr(scorer, "answer", lambda windows: (sizes.append(len(windows)), whole(windows))[1])
    pair = _pairs(1)[0]
    others = [
        WindowPair(pair.window, pair.reference, pair.reference[:10] + bytes([code]) + pair.reference[11:], 10, 10, 1, 1)
        for code in range(4)
    ]
    scorer.score([*others, pair])
    assert sizes == [4]  # three mutants, one of them twice, and the reference


def test_ids_of_all_windows_are_those_of_each(tmp_path: Path) -> None:
    codes = RNG.integers(0, 4, (7, 11), dtype=np.uint8)
    for row, found in zip(codes, token_ids(codes, 4), strict=True):
        assert found.tolist() == [2, *kmer_ids(row, 4).tolist(), 3]


def _worker(tmp_path: Path, run: Path, config: VariantConfig, *, candidates: bool = False) -> BlockWorker:
    path = tmp_path / "g.fa"
    if not path.exists():
        path.write_text(f">c\n{CONTIG}\n")
    return BlockWorker(load_scorers([run], CPU, config), ReferenceBases(Genome(path)), None, config, candidates)


def _snv(place: int) -> VariantRecord:
    return VariantRecord("c", place, CONTIG[place], tuple(base for base in "ACGT" if base != CONTIG[place]))


def test_the_window_with_the_largest_change_counts_whatever_shares_its_batch(tmp_path: Path) -> None:
    run = _run(tmp_path)
    records = [_snv(place) for place in range(100, 110)]
    shifts = (0, -4, 5)
    apart = [
        _worker(tmp_path, run, VariantConfig(shifts=(shift,), strand=strand)).score(records)  # type: ignore[arg-type]
        for shift in shifts
        for strand in ("forward", "reverse")
    ]
    together = _worker(tmp_path, run, VariantConfig(shifts=shifts, tokens_per_batch=50)).score(records)
    for number in range(len(records)):
        for allele in range(3):
            options = [found[number][allele][0] for found in apart]
            best = together[number][allele][0]
            assert isinstance(best, ScoredAllele)
            largest = max(each.score.total for each in options if isinstance(each, ScoredAllele))
            assert best.score.total == pytest.approx(largest, abs=1e-6)


def test_results_come_back_from_their_bytes_as_they_were(tmp_path: Path) -> None:
    records = [
        _snv(150),
        VariantRecord("c", 5, "A", ()),
        VariantRecord("z", 5, "A", ("T",)),
        VariantRecord("c", 120, CONTIG[120:122], (CONTIG[120],)),
    ]
    found = _worker(tmp_path, _run(tmp_path), VariantConfig(candidates={"min_change": 0.0, "min_factor": 0.0}), candidates=True).score(
        records
    )
    assert read_result(write_result(found)) == found
    regions = [each[0].region for each in found[0] if isinstance(each[0], ScoredAllele)]
    assert len(regions) == 3
    assert len(set(regions)) <= 2  # they are of the reference window, which the three share; it may be read on either strand


def test_a_high_attention_region_holds_the_variant(tmp_path: Path) -> None:
    config = VariantConfig(candidates={"min_change": 0.0, "mean_factor": 0.5, "min_factor": 0.0})
    found = _worker(tmp_path, _run(tmp_path), config, candidates=True).score([_snv(place) for place in range(100, 130)])
    regions = [(place + 100, each[0].region) for place, row in enumerate(found) for each in row if isinstance(each[0], ScoredAllele)]
    inside = [(place, region) for place, region in regions if region]
    assert inside
    assert all(region.start <= place < region.end and region.ratio > 0.5 for place, region in inside)


@pytest.mark.parametrize(
    ("task", "window", "changes", "error", "message"),
    [
        ("token", 20, {}, ConfigError, "this model answers for every base"),
        ("pair", 20, {}, ConfigError, "this model reads two sequences"),
        ("classify", None, {}, ConfigError, "does not say the length of its training windows"),
        ("classify", 20, {"window_bp": 2}, ConfigError, "window_bp 2 is shorter than k = 3"),
        ("classify", 20, {"window_bp": 600}, ConfigError, "window_bp 600 is longer than the 512 bases"),
        ("classify", 20, {"shifts": (0, -10)}, ConfigError, "-10 moves a window of 20 bases off the variant"),
        ("classify", 20, {"zero_shot": True}, ConfigError, "--zero-shot is for pre-trained models, and this one is fine-tuned"),
        ("masked_lm", 20, {}, CheckpointError, "give --zero-shot to score by its hidden k-mers"),
        ("masked_lm", 20, {"zero_shot": True, "window_bp": 513}, ConfigError, "longer than the 512 bases"),
    ],
)
def test_a_model_that_does_not_fit_is_named_with_the_way_out(
    tmp_path: Path, task: str, window: int | None, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    if task == "masked_lm":
        run = save_toy_run(tmp_path)
    else:
        run = _run(tmp_path, task, window=window)
    with pytest.raises(error, match=message):
        load_scorers([run], CPU, VariantConfig.model_validate(changes))


@pytest.mark.parametrize(
    "changes", [{"shifts": ()}, {"shifts": (1, 1)}, {"anchor": "tss", "shifts": (0, 1)}, {"anchor": "tss", "grid_bp": 2}]
)
def test_settings_that_do_not_go_together_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="shifts"):
        VariantConfig.model_validate(changes)


def _slow_score(model: torch.nn.Module, window: str, place: int, count: int, kmer: int) -> float:
    """Bits of an allele above equally likely bases, straight from the definition: strings and one k-mer at a time."""
    letters = "ATCG"
    kmers = [window[at : at + kmer] for at in range(len(window) - kmer + 1)]
    number = {word: 5 + sum(letters.index(base) * 4 ** (kmer - 1 - at) for at, base in enumerate(word)) for word in set(kmers)}
    hidden = [at for at in range(len(kmers)) if any(place <= base < place + count for base in range(at, at + kmer))]
    if not hidden:
        return 0.0
    ids = [2, *(4 if at in hidden else number[word] for at, word in enumerate(kmers)), 3]
    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0].double()
    bits, covered = 0.0, 0
    for at in hidden:
        options = [""]
        for base in range(at, at + kmer):
            choices = letters if place <= base < place + count else window[base]
            options = [option + choice for option in options for choice in choices]
            covered += place <= base < place + count
        rows = [5 + sum(letters.index(base) * 4 ** (kmer - 1 - index) for index, base in enumerate(word)) for word in options]
        probs = torch.softmax(logits[1 + at][rows], 0)
        bits += log2(float(probs[options.index(kmers[at])]))
    return count * bits / covered + 2 * count


@pytest.mark.parametrize("kmer", [3, 4])
def test_zero_shot_scores_are_those_of_a_slow_computation(tmp_path: Path, kmer: int) -> None:
    run = save_toy_run(tmp_path, kmer=kmer)
    (scorer,) = load_scorers([run], CPU, VariantConfig(zero_shot=True, window_bp=24))
    assert isinstance(scorer, ZeroShotScorer)
    model = toy_model(None, toy_config(kmer))
    window = "".join(RNG.choice(list("ACGT"), 24))
    queries = [(10, 1), (10, 3), (8, 7), (12, 0), (0, 1), (1, 2), (23, 1), (20, 4)]
    found = scorer.allele_scores([(codes_of(window), place, count) for place, count in queries])
    wanted = [_slow_score(model, window, place, count, kmer) for place, count in queries]
    assert found == pytest.approx(wanted, abs=1e-4)


def test_zero_shot_ratio_of_an_snv_is_the_mean_over_its_kmers_and_turns_round_for_indels(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    (scorer,) = load_scorers([run], CPU, VariantConfig(zero_shot=True, window_bp=20))
    (pair,) = _pairs(1)
    score = scorer.score([pair])[0]
    turned = WindowPair(pair.window, pair.alternate, pair.reference, 10, 10, 1, 1)
    assert scorer.score([turned])[0].difference == pytest.approx((-score.difference[0],), abs=1e-9)
    assert score.total == pytest.approx(abs(score.alternate[0] - score.reference[0]))
    longer, shorter = pair.reference, pair.reference[:10] + pair.reference[12:] + bytes([0, 1])
    insertion = WindowPair(pair.window, shorter, longer, 10, 10, 0, 2)
    deletion = WindowPair(pair.window, longer, shorter, 10, 10, 2, 0)
    assert scorer.score([insertion])[0].difference[0] == pytest.approx(-scorer.score([deletion])[0].difference[0], abs=1e-9)
    assert scorer.score([insertion])[0].reference == (0.0,)
