"""What the benchmark of promoter scans counts as right."""

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.prom_scan import Figures, Scan, Tally, calls_of, evaluation_of, figures_of, interval, is_done, tallies_of, tally, window_of
from dnabert.dna.regions import Region
from dnabert.infer.scan.config import preset
from dnabert.output import sha256_of_file
from dnabert.registry import resolve_model

EVALUATION_BP, STRIDE_BP = 1001, 50
SCAN = Scan(300, STRIDE_BP, EVALUATION_BP)


def track_with_peaks(length_bp: int, peaks: list[int]) -> tuple[np.ndarray, np.ndarray]:
    starts = np.arange(0, length_bp - EVALUATION_BP, STRIDE_BP)
    values = np.zeros(len(starts), np.float32)
    for peak in peaks:
        values[np.abs(starts + EVALUATION_BP // 2 - peak) <= 350] = 0.9
    return starts, values


def test_calls_and_sites_may_share_a_partner() -> None:
    assert tally([1000, 1200, 9000], [1400, 5000]) == Tally(calls=3, right=2, sites=2, found=1)
    assert tally([], [1400]) == Tally(sites=1)
    assert tally([7], []) == Tally(calls=1)


def test_figures_are_of_sums_over_contigs_and_zero_without_calls() -> None:
    found = figures_of([Tally(3, 2, 2, 1), Tally(1, 0, 2, 0)])
    assert (found.precision, found.recall) == (0.5, 0.25)
    assert found.f1 == pytest.approx(1 / 3)
    assert figures_of([Tally(sites=4)]) == Figures(0.0, 0.0, 0.0)


def test_the_summit_of_a_peak_is_its_middle_and_thresholds_count() -> None:
    starts, values = track_with_peaks(20_000, [4000, 12_000])
    calls = calls_of({"c": (starts, values)}, 0.5, SCAN)
    assert np.abs(np.array(calls["c"]) - [4000, 12_000]).max() <= STRIDE_BP
    assert calls_of({"c": (starts, values)}, 0.95, SCAN) == {"c": []}


def test_a_stranded_model_must_call_the_strand_and_one_without_strand_need_not() -> None:
    peaks, nothing = track_with_peaks(20_000, [4000]), track_with_peaks(20_000, [])
    sites = [Region("c", 4100, 4101, "t", "-"), Region("c", 30_000, 30_001, "beyond", "+"), Region("d", 4100, 4101, "other", "+")]
    stranded = tallies_of({"+": {"c": peaks}, "-": {"c": nothing}}, {"c": 20_000}, sites, 0.5, SCAN)
    assert stranded == [Tally(calls=1, right=0, sites=1, found=0)]
    blind = tallies_of({".": {"c": peaks}}, {"c": 20_000}, sites, 0.5, SCAN)
    assert blind == [Tally(calls=1, right=1, sites=1, found=1)]


def test_an_interval_holds_the_figure_of_contigs_that_are_alike() -> None:
    low, high = interval([Tally(4, 2, 4, 2)] * 5, seed=1)
    assert low == high == 0.5


def test_windows_are_told_by_the_head_of_the_calls(tmp_path: Path) -> None:
    bed = tmp_path / "calls.bed"
    bed.write_text(
        "# dnabert 0.1.0\n# scan: windows of 300 bases every 50, max of 15 windows within 1001 bases, strand + and -, threshold 0.5\n"
    )
    assert (window_of(bed), evaluation_of(bed)) == (300, 1001)
    bed.write_text("# scan: windows of 300 bases every 50, strand + and -, threshold 0.5\n")
    assert (window_of(bed), evaluation_of(bed)) == (300, 300)


def test_a_scan_is_taken_as_it_is_only_with_the_same_weights_regions_and_settings(tmp_path: Path) -> None:
    model, regions, config = "dnabert-6-mini", tmp_path / "regions.bed", preset("prom-scan")
    regions.write_text("c\t0\t2000\n")
    facts = {
        "model_sha256": sha256_of_file(resolve_model(model) / "model.safetensors"),
        "inputs": {str(regions): sha256_of_file(regions)},
        "settings": config.model_dump(mode="json"),
    }
    out = tmp_path / "scan"
    assert not is_done(out, model, regions, config)
    out.with_suffix(".json").write_text(json.dumps(facts))
    assert is_done(out, model, regions, config)
    assert not is_done(out, model, regions, config.model_copy(update={"window_bp": 500}))
    out.with_suffix(".json").write_text(json.dumps({**facts, "model_sha256": "0"}))
    assert not is_done(out, model, regions, config)
    out.with_suffix(".json").write_text(json.dumps(facts))
    regions.write_text("c\t0\t3000\n")
    assert not is_done(out, model, regions, config)
