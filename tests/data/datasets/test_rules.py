import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from dnabert.data.datasets.promoters import PromoterConfig
from dnabert.data.datasets.rules import find_contig
from dnabert.data.datasets.splice import SpliceConfig
from dnabert.data.datasets.tfbs import TfbsConfig
from dnabert.data.genome import build_genome
from dnabert.errors import ConfigError, RegionError
from dnabert.settings import merge_settings

HUGE = ("1000000000000000000000", "-1000000000000000000000", "1e300", "inf", "nan")


def numbers(config: BaseModel, prefix: str = "") -> Iterator[str]:
    for name, field in type(config).model_fields.items():
        if isinstance(field.default, BaseModel):
            yield from numbers(field.default, f"{prefix}{name}.")
        elif re.search("int|float", str(field.annotation)):
            yield prefix + name


FIELDS = [(config, name) for config in (PromoterConfig(), TfbsConfig(), SpliceConfig()) for name in numbers(config)]


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize(("config", "name"), FIELDS, ids=[f"{type(config).__name__}.{name}" for config, name in FIELDS])
def test_a_number_that_makes_no_sense_is_one_line_that_names_the_setting(config: BaseModel, name: str, value: str) -> None:
    if name == "min_score" and value not in ("inf", "nan"):
        return  # a score has no unit, and any number of it can be compared
    with pytest.raises(ConfigError) as caught:
        merge_settings(config, None, [f"{name}={value}"])
    assert str(caught.value).startswith(f"--set {name}={value}: {name} ")
    assert re.search("Input should be |exceeded maximum size$", str(caught.value))
    assert "\n" not in str(caught.value)


def test_distances_counts_and_ratios_have_a_largest_value() -> None:
    for name, value in (("distance_bp", 10_000_000), ("top", 1_000_000_000), ("negatives_per_positive", 1000)):
        assert getattr(merge_settings(TfbsConfig(), None, [f"{name}={value}"]), name) == value
        with pytest.raises(ConfigError, match=f"{name} {value + 1}: Input should be less than or equal to {value}$"):
            merge_settings(TfbsConfig(), None, [f"{name}={value + 1}"])


def test_a_contig_that_the_genome_lacks_is_an_error_that_names_the_setting_which_leaves_it_out(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text(">chr1\nACGT\n")
    store = build_genome([path], tmp_path / "cache")
    assert find_contig(store, "1", "a.gtf:1", "a.gtf") == "chr1"
    with pytest.raises(RegionError) as caught:
        find_contig(store, "chrUn", "a.gtf:7", "a.gtf")
    assert str(caught.value).startswith("a.gtf:7: contig chrUn is not in ")
    assert str(caught.value).endswith("; --set skip_unknown_contigs=true leaves them out and counts them")
    with pytest.raises(RegionError, match=r"and both would be chr1 of .*; rename one of them$"):  # which that setting would not mend
        find_contig(store, "chr1", "a.gtf:8", "a.gtf")
