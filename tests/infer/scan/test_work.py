"""A scan says of windows what predict says of them, cut out."""

from pathlib import Path

import numpy as np
import pytest

from dnabert.device import choose_machine
from dnabert.dna.sequence import Codes, reverse_complement
from dnabert.errors import ConfigError
from dnabert.forward import TOKENS_PER_BATCH, predict_set, predict_whole
from dnabert.infer.predictor import Predictor
from dnabert.infer.scan.config import BackgroundConfig, RuleConfig, ScanConfig, choose_windows, preset
from dnabert.infer.scan.plan import Drawn
from dnabert.infer.scan.work import Scanner, ScanTask, read_scores
from dnabert.model.config import HeadConfig
from tests.infer.scan.made import save_run, scan, sequence_set, track_values, write_genome

CPU = choose_machine("cpu", "float32")
HEADS = {
    "classify": HeadConfig(task="classify"),
    "mean": HeadConfig(task="classify", pooling="mean", num_outputs=3),
    "regress": HeadConfig(task="regress", num_outputs=1),
    "multilabel": HeadConfig(task="multilabel", num_outputs=2),
    "chunks": HeadConfig(task="classify", chunk_pooling="lstm"),
    "whole chunks": HeadConfig(task="classify", chunk_pooling="attention"),
}
WINDOW, STRIDE = 40, 7


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a few windows, so that there are many, and small shards."""
    monkeypatch.setitem(TOKENS_PER_BATCH, "cpu", 85)


def _windows(codes: Codes, window: int = WINDOW) -> list[Codes]:
    return [codes[start : start + window] for start in range(0, len(codes) - window + 1, STRIDE)]


@pytest.mark.parametrize("name", HEADS)
def test_a_scan_equals_predict_on_the_windows(tmp_path: Path, name: str) -> None:
    head = HEADS[name]
    contigs = write_genome(tmp_path)
    positions = {"chunks": 20, "whole chunks": 21}.get(name, 512)
    info = {"target_mean": (3.0,), "target_scale": (2.0,)} if head.task == "regress" else {}
    run = save_run(tmp_path, head, max_positions=positions, **info)
    found = scan(tmp_path, run, window_bp=WINDOW, stride_bp=STRIDE, strand="separate", classes=("c0",), threshold=0.5, shard_windows=11)
    predictor = Predictor(run, CPU)
    cut = {contig: _windows(codes) for contig, codes in contigs.items()}
    everything = [window for windows in cut.values() for window in windows]
    for path, turn in zip(found.tracks, (lambda codes: codes, reverse_complement), strict=True):
        values = predictor.predict(sequence_set([turn(window) for window in everything]), "forward").values[:, 0].tolist()
        for contig, windows in cut.items():
            wanted = [values.pop(0) for _ in windows]
            places = STRIDE * np.arange(len(windows)) + (WINDOW - STRIDE) // 2
            unknown = np.array([bool((window > 3).any()) for window in windows], dtype=bool)
            for offset in (0, STRIDE - 1):  # a value holds for the stride in the middle of its window
                there = track_values(path, contig, places + offset)
                expected = np.where(unknown, np.nan, wanted)
                if head.task == "classify":
                    np.testing.assert_array_equal(there, expected)  # to the last bit
                else:  # the last rows of an array are rounded in another way than those before
                    np.testing.assert_allclose(there, expected, rtol=2e-6)
    assert found.num_scored + found.num_unknown == len(everything)
    assert found.num_unknown == 7


def test_both_strands_and_an_ensemble_are_averaged_as_predict_does(tmp_path: Path) -> None:
    from dnabert.infer.ensemble import make_ensemble

    contigs = write_genome(tmp_path, None)
    head = HeadConfig(task="classify")
    make_ensemble([save_run(tmp_path, head, kmer, stranded=False) for kmer in (2, 3, 4)], tmp_path / "all")
    found = scan(tmp_path, tmp_path / "all", window_bp=WINDOW, stride_bp=STRIDE)
    windows = _windows(contigs["one"])
    wanted = Predictor(tmp_path / "all", CPU).predict(sequence_set(windows)).values[:, 1]
    (path,) = found.tracks
    there = track_values(path, "one", STRIDE * np.arange(len(windows)) + (WINDOW - STRIDE) // 2)
    np.testing.assert_allclose(there, wanted, atol=2e-6)


@pytest.mark.parametrize("level", ["base", "kmer"])
def test_a_token_model_says_of_a_contig_what_predict_says_of_it(tmp_path: Path, level: str) -> None:
    contigs = write_genome(tmp_path, None, {"one": 331, "two": 160, "tiny": 4, "three": 22})
    run = save_run(tmp_path, HeadConfig.model_validate({"task": "token", "token_level": level}), max_positions=22)
    tracks = [
        scan(tmp_path, run, name, window_bp=22, stride_bp=10, strand="both", shard_windows=size).tracks[0]
        for name, size in (("small", 1), ("odd", 3), ("large", 1000))
    ]
    predictor = Predictor(run, CPU)
    wanted = predictor.predict(sequence_set(list(contigs.values())), "both")
    for row, (contig, codes) in enumerate(contigs.items()):
        expected = np.full(len(codes), np.nan)
        expected[: len(wanted.of(row))] = wanted.of(row)[:, 1]
        for track in tracks:
            np.testing.assert_allclose(track_values(track, contig, range(len(codes))), expected, atol=2e-6)


def test_windows_of_a_token_model_with_n_say_nothing(tmp_path: Path) -> None:
    contigs = write_genome(tmp_path, range(150, 152))
    run = save_run(tmp_path, HeadConfig(task="token"), max_positions=22)
    (track,) = scan(tmp_path, run, window_bp=22, stride_bp=10, strand="forward").tracks
    there = track_values(track, "one", range(331))
    assert np.isnan(there).nonzero()[0].tolist() == list(range(142, 160))  # windows from 120 to 142, and from 160 on
    predictor = Predictor(run, CPU)
    alone = predictor.predict(sequence_set([contigs["one"][:142], contigs["one"][160:]]), "forward")
    np.testing.assert_allclose(there[:110], alone.of(0)[:110, 1], atol=2e-6)
    np.testing.assert_allclose(there[160:300], alone.of(1)[:140, 1], atol=2e-6)


def test_the_rule_of_prom_scan_reads_shared_windows(tmp_path: Path) -> None:
    write_genome(tmp_path)
    run = save_run(tmp_path, HeadConfig(task="classify"))
    rule = RuleConfig(kind="second", evaluation_bp=81)
    chosen = {"window_bp": WINDOW, "stride_bp": STRIDE, "strand": "forward"}
    (plain,) = scan(tmp_path, run, "plain", **chosen).tracks
    (track,) = scan(tmp_path, run, "rule", rule=rule, shard_windows=4, **chosen).tracks
    group, evaluation = (81 - WINDOW) // STRIDE + 1, WINDOW + 5 * STRIDE
    assert group == 6
    for contig, length in (("one", 331), ("two", 160)):
        count = (length - WINDOW) // STRIDE + 1
        single = track_values(plain, contig, STRIDE * np.arange(count) + (WINDOW - STRIDE) // 2)
        wanted = []
        for start in range(count - group + 1):
            one = single[start : start + group]
            wanted.append(np.nan if np.isnan(one).any() else np.sort(one)[-2])
        there = track_values(track, contig, STRIDE * np.arange(len(wanted)) + (evaluation - STRIDE) // 2)
        np.testing.assert_array_equal(there, wanted)
    assert preset("prom-scan").rule == RuleConfig(kind="max", evaluation_bp=1001)
    members = [Predictor(run, CPU).members[0]]
    assert choose_windows(preset("prom-scan").model_copy(update={"window_bp": 500}), members).group == 11


def test_the_background_is_what_the_model_says_of_shuffles(tmp_path: Path) -> None:
    pytest.importorskip("tangermeme")
    from dnabert.data.datasets.shuffle import shuffle_dinucleotides
    from dnabert.dna.regions import Genome

    contigs = write_genome(tmp_path)
    run = save_run(tmp_path, HeadConfig(task="classify"))
    windows = choose_windows(ScanConfig(window_bp=WINDOW, stride_bp=STRIDE), Predictor(run, CPU).members)
    task = ScanTask(run, tmp_path / "genome.fa", "cpu", "float32", windows, "none", ("+",), (1,))
    places = (("one", 95), ("one", 0), ("two", 14), ("two", 21))
    with Genome(tmp_path / "genome.fa") as genome:
        found = read_scores(Scanner(task, Predictor(run, CPU), genome).work(Drawn(places, wanted=2, shuffles=3, seed=5)))
    clean = np.stack([contigs["one"][:40], contigs["two"][14:54]])
    shuffled = shuffle_dinucleotides(clean, np.arange(2), 5, 3).codes.reshape(6, -1)
    wanted = Predictor(run, CPU).predict(sequence_set(list(shuffled)), "forward").values[:, 1]
    np.testing.assert_array_equal(found, wanted[None, :, None])


@pytest.mark.parametrize(
    ("head", "settings", "message"),
    [
        ("classify", {"window_bp": 2}, "--window 2: is shorter than a 3-mer of the model; take 3 or more"),
        ("classify", {"window_bp": 513}, "--window 513: the model reads 512 bases at most"),
        ("pair", {}, "reads two sequences; use a model fine-tuned with --task classify"),
        ("token", {"window_bp": 40, "stride_bp": 41}, "--stride 41: a token model answers for every base"),
        ("token", {"rule": RuleConfig(kind="max")}, "rule.kind max: sums up windows"),
        (
            "classify",
            {"window_bp": 40, "rule": RuleConfig(kind="max", evaluation_bp=30)},
            "rule.evaluation_bp 30: is shorter than a window",
        ),
        ("classify", {"window_bp": 40, "classes": ("x",)}, "--class x: the model knows no such class; it has c0, c1"),
        ("mean", {"window_bp": 40}, "the model has 3 outputs; say which class to scan for with --class, once for each: c0, c1, c2"),
        ("regress", {"window_bp": 40}, "say from which one on there is a call:  --threshold"),
        ("classify", {"window_bp": 40, "max_q": 0.1}, "max_q asks for q, which is told from the background"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path: Path, head: str, settings: dict[str, object], message: str) -> None:
    write_genome(tmp_path)
    heads = {**HEADS, "pair": HeadConfig(task="pair"), "token": HeadConfig(task="token")}
    run = save_run(tmp_path, heads[head])
    with pytest.raises(ConfigError) as caught:
        scan(tmp_path, run, **settings)
    assert message in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_the_window_is_what_the_model_was_trained_on(tmp_path: Path) -> None:
    members = Predictor(save_run(tmp_path, HeadConfig(task="classify"), window_bp=60), CPU).members
    assert (choose_windows(ScanConfig(), members).window_bp, choose_windows(ScanConfig(), members).stride_bp) == (60, 10)
    token = Predictor(save_run(tmp_path, HeadConfig(task="token")), CPU).members
    assert (choose_windows(ScanConfig(), token).window_bp, choose_windows(ScanConfig(), token).stride_bp) == (512, 256)


def test_background_and_calls_agree(tmp_path: Path) -> None:
    pytest.importorskip("tangermeme")
    write_genome(tmp_path)
    run = save_run(tmp_path, HeadConfig(task="classify"))
    chosen = {"window_bp": WINDOW, "stride_bp": STRIDE, "strand": "separate", "threshold": 0.0, "merge_bp": 0}
    found = scan(tmp_path, run, background=BackgroundConfig(windows=10, shuffles=2), **chosen)
    lines = [line.split("\t") for line in found.calls.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == found.num_calls == 2 * found.num_scored  # each window is a call, on either strand
    assert all(1 / 21 <= float(line[9]) <= float(line[10]) <= 1 for line in lines)
    assert [(line[0], int(line[1])) for line in lines] == sorted((line[0], int(line[1])) for line in lines)
    kept = scan(tmp_path, run, "kept", max_q=0.9, background=BackgroundConfig(windows=10, shuffles=2), **chosen)
    assert kept.num_calls == sum(float(line[10]) <= 0.9 for line in lines)


def test_predict_whole_leaves_other_tasks_as_they_were() -> None:
    from dnabert.data.batch import EncodedSet
    from dnabert.tokenizer import KmerTokenizer
    from tests.toy import toy_model

    head = HeadConfig(task="classify")
    codes = [np.random.default_rng(0).integers(0, 4, size=length).astype(np.uint8) for length in (30, 50)]
    data = EncodedSet(sequence_set(codes), KmerTokenizer(3, 20), head)
    found, wanted = predict_whole(toy_model(head), data, CPU), predict_set(toy_model(head), data, CPU)
    np.testing.assert_array_equal(found.values, wanted.values)
