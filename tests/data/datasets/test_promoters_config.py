from pathlib import Path

import pytest

from dnabert.data.datasets.promoters import PromoterConfig
from dnabert.errors import ConfigError
from dnabert.settings import validate_settings


@pytest.mark.parametrize(("kind", "expected"), [("core", (33, 36, 70)), ("300", (249, 50, 300)), ("scan", (5000, 4999, 10_000))])
def test_each_kind_has_its_reach_and_the_user_may_change_either_side(kind: str, expected: tuple[int, int, int]) -> None:
    config = PromoterConfig.model_validate({"kind": kind})
    assert (config.reach.upstream_bp, config.reach.downstream_bp, config.reach.window_bp) == expected
    own = PromoterConfig.model_validate({"kind": kind, "upstream_bp": 1999})
    assert (own.reach.upstream_bp, own.reach.downstream_bp) == (1999, expected[1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "scan", "negatives": "tata"}, "negatives = tata has no meaning for kind = scan; leave it out"),
        ({"kind": "scan", "negatives_per_positive": 2}, "negatives_per_positive = 2 has no meaning for kind = scan; leave it out"),
        ({"kind": "scan", "min_distance_bp": 5}, "min_distance_bp = 5 has no meaning for kind = scan; leave it out"),
        ({"kind": "scan", "repeats": Path("r.bed")}, "repeats = r.bed has no meaning for kind = scan; leave it out"),
        ({"kind": "scan", "merge_bp": 50}, "merge_bp = 50 has no meaning for kind = scan; leave it out"),
        (
            {"negatives": "substitution", "also_avoid": (Path("t.bed"),)},
            "also_avoid = t.bed has no meaning for negatives = substitution; leave it out",
        ),
        ({"kind": "core", "scan_stride_bp": 50}, "scan_stride_bp = 50 has no meaning for kind = core; leave it out"),
        ({"kind": "300", "scan_margin_bp": 50}, "scan_margin_bp = 50 has no meaning for kind = 300; leave it out"),
        (
            {"kind": "300", "scan_negatives_per_positive": 5},
            "scan_negatives_per_positive = 5.0 has no meaning for kind = 300; leave it out",
        ),
        ({"repeats": Path("r.bed"), "negatives": "paper"}, "repeats = r.bed has no meaning for negatives = paper; leave it out"),
        (
            {"kind": "scan", "upstream_bp": 500, "downstream_bp": 499},
            "scan_window_bp = 1001 is more than the 1000 bases that are scanned around a TSS",
        ),
        ({"kind": "scan", "scan_margin_bp": 501}, "scan_margin_bp = 501 must be less than half of scan_window_bp = 1001"),
        (
            {"upstream_bp": 9, "downstream_bp": 9, "negatives": "substitution"},
            "a window of 19 bases cannot be cut into 20 parts; negatives must be matched or tata",
        ),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_settings(PromoterConfig, settings, "")
    assert str(caught.value) == message


def test_the_largest_margin_leaves_one_base() -> None:
    assert PromoterConfig(kind="scan", scan_margin_bp=500).scan_margin_bp == 500
