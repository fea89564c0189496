import gzip
import logging
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dnabert.data.datasets.splits import SPLITS, SplitConfig, SplitPlan, plan_splits
from dnabert.data.genome import GenomeStore, build_genome
from dnabert.dna.regions import Region
from dnabert.errors import ConfigError, DataFileError, RegionError
from tests.data.stores import rows_of, store_of, write_bed


def windows_on(counts: dict[str, int], window_bp: int = 2) -> list[Region]:
    return [Region(contig, 0, window_bp) for contig, count in counts.items() for _ in range(count)]


def bases_by_split(plan: SplitPlan) -> dict[str, list[int]]:
    return {
        split: [base for start, end in rows_of(area.starts, area.ends) for base in range(start, end)] for split, area in plan.areas.items()
    }


def contigs_of_size(*lengths: int) -> GenomeStore:
    return store_of(*("A" * length for length in lengths))


def write_table(path: Path, *rows: Sequence[str], header: str = "contig\tsplit") -> Path:
    path.write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    return path


WEIGHTS = st.lists(st.integers(0, 30), min_size=3, max_size=12).filter(lambda counts: sum(count > 0 for count in counts) >= 3)


@settings(deadline=None)
@given(counts=WEIGHTS, seed=st.integers(0, 5), valid=st.floats(0.02, 0.4), test=st.floats(0.02, 0.4))
def test_drawn_contigs_share_out_the_whole_genome_and_each_split_has_positives(
    counts: list[int], seed: int, valid: float, test: float
) -> None:
    store = contigs_of_size(*(3 + number for number in range(len(counts))))
    positives = windows_on({f"c{number}": count for number, count in enumerate(counts)})
    config = SplitConfig(valid_fraction=valid, test_fraction=test)
    try:
        plan = plan_splits(store, config, positives, seed)
    except DataFileError:  # when, is tested below
        reject()
    found = bases_by_split(plan)
    assert sorted(base for bases in found.values() for base in bases) == list(range(len(store.codes)))
    assert sorted(contig for contigs in plan.contigs.values() for contig in contigs) == sorted(store.lengths)
    splits = plan.split_of(store, positives)
    assert set(splits) == set(SPLITS)
    for split, region in zip(splits, positives, strict=True):
        assert region.contig in plan.contigs[split]
    assert plan.origin == f"contigs, drawn with seed {seed}"


@settings(deadline=None)
@given(counts=WEIGHTS, seed=st.integers(0, 5), valid=st.floats(0.02, 0.4), test=st.floats(0.02, 0.4))
def test_each_contig_brings_its_split_nearer_to_its_share_or_is_the_only_one(
    counts: list[int], seed: int, valid: float, test: float
) -> None:
    weights = Counter({f"c{number}": count for number, count in enumerate(counts) if count})
    positives = windows_on(weights)
    plan = plan_splits(contigs_of_size(*[4] * len(counts)), SplitConfig(valid_fraction=valid, test_fraction=test), positives, seed)
    left = [weights[name] for name in plan.contigs["train"] if name in weights]
    assert left
    for split, fraction in (("valid", valid), ("test", test)):
        own, wanted = [weights[name] for name in plan.contigs[split] if name in weights], fraction * weights.total()
        if len(own) > 1:
            assert abs(sum(own) - wanted) < abs(sum(own[:-1]) - wanted)
            assert sum(own) <= 1.5 * wanted
        elif own[0] > 1.5 * wanted:  # nothing fits: one of the lightest
            assert own[0] <= min(left) + wanted / 2


@pytest.mark.parametrize("seed", range(20))
def test_a_few_contigs_of_unequal_weight_are_split(seed: int) -> None:
    positives = windows_on({"c0": 63, "c1": 52, "c2": 8, "c3": 1, "c4": 1})
    plan = plan_splits(contigs_of_size(*[9] * 5), SplitConfig(), positives, seed)
    assert {split: sorted(names) for split, names in plan.contigs.items()} == {"train": ["c0"], "valid": ["c1"], "test": ["c2", "c3", "c4"]}


def test_of_contigs_that_fit_equally_well_the_seed_decides() -> None:
    store = contigs_of_size(*[9] * 6)
    positives = windows_on({f"c{number}": 5 for number in range(6)})
    plans = [plan_splits(store, SplitConfig(), positives, seed).contigs for seed in range(60)]
    assert {plan["test"] for plan in plans} == {plan["valid"] for plan in plans} == {(f"c{number}",) for number in range(6)}


def test_a_split_that_is_far_from_its_share_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    store, positives = contigs_of_size(9, 9, 9), windows_on({"c0": 100, "c1": 1, "c2": 20})
    plan_splits(store, SplitConfig(), positives, 0)
    told = "of the 121 positives are on the contigs that were drawn for it, 12 are wanted; name others with --set splits."
    assert len(caplog.messages) == 1
    assert told in caplog.messages[0]
    assert caplog.messages[0].endswith("_contigs=NAME,NAME, or give --split FILE, a BED file of regions")


def test_fractions_are_about_reached_with_contigs_of_many_sizes() -> None:
    rng = np.random.default_rng(0)
    counts = {f"c{number}": int(count) for number, count in enumerate(rng.geometric(1 / 40, 60))}
    store = contigs_of_size(*[4] * 60)
    positives = windows_on(counts)
    for seed in range(10):
        shares = Counter(plan_splits(store, SplitConfig(valid_fraction=0.1, test_fraction=0.2), positives, seed).split_of(store, positives))
        assert shares["valid"] / len(positives) == pytest.approx(0.1, abs=0.05)
        assert shares["test"] / len(positives) == pytest.approx(0.2, abs=0.1)


def test_the_seed_alone_decides_which_contigs_are_drawn() -> None:
    store = contigs_of_size(*[9] * 40)
    positives = windows_on({f"c{number}": 1 + number % 7 for number in range(40)})
    plans = [
        plan_splits(store, SplitConfig(), ordered, seed).contigs for ordered, seed in ((positives, 1), (positives[::-1], 1), (positives, 2))
    ]
    assert plans[0] == plans[1] != plans[2]


@pytest.mark.parametrize("seed", range(5))
def test_contigs_without_positives_are_shared_out_by_length(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(3, 40, 400).tolist()
    store, positives = contigs_of_size(*lengths), windows_on({f"c{number}": 1 for number in range(100)})
    config = SplitConfig(valid_fraction=0.1, test_fraction=0.25)
    plan = plan_splits(store, config, positives, seed)
    empty = {f"c{number}": length for number, length in enumerate(lengths) if number >= 100}
    own = {split: [name for name in names if name in empty] for split, names in plan.contigs.items()}
    shares = {split: sum(empty[name] for name in names) / sum(empty.values()) for split, names in own.items()}
    assert shares == pytest.approx({"train": 0.65, "valid": 0.1, "test": 0.25}, abs=0.01)
    assert plan.counts == {f"contigs without a positive, for {split}": len(own[split]) for split in SPLITS}
    assert sum(plan.counts.values()) == 300
    assert plan.contigs == plan_splits(store, config, positives[::-1], seed).contigs
    fewer = plan_splits(contigs_of_size(*lengths[:100]), config, positives, seed)  # contigs without positives change no draw of those with
    for split, names in fewer.contigs.items():
        assert set(names) == set(plan.contigs[split]) - set(empty)
    assert fewer.counts == {}


def test_a_few_contigs_without_positives_that_are_more_than_a_share_are_for_training() -> None:
    store = contigs_of_size(9, 9, 9, 9, 9)
    plan = plan_splits(store, SplitConfig(), windows_on({"c1": 5, "c3": 5, "c4": 5}), 0)
    assert {"c0", "c2"} <= set(plan.contigs["train"])
    assert len(plan.contigs["train"]) == 3
    assert plan.counts["contigs without a positive, for train"] == 2


def test_of_a_split_whose_contigs_are_named_no_others_are_drawn() -> None:
    store = contigs_of_size(*[9] * 60)
    positives = windows_on({f"c{number}": 5 for number in range(4)})
    plan = plan_splits(store, SplitConfig(test_contigs=("c1",)), positives, 0)
    assert plan.contigs["test"] == ("c1",)
    assert plan.counts == {
        "contigs without a positive, for train": 50,
        "contigs without a positive, for valid": 6,
        "contigs without a positive, for test": 0,
    }
    named = plan_splits(store, SplitConfig(test_contigs=("c1",), valid_contigs=("c2",)), positives, 0)
    assert len(named.contigs["train"]) == 58
    assert named.counts == {}


def test_contigs_can_be_named_also_by_their_other_names(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text("".join(f">chr{number}\nACGTACGT\n" for number in (1, 2, 3, 4)))
    store = build_genome([path], tmp_path / "cache")
    positives = windows_on({f"chr{number}": 3 for number in (1, 2, 3, 4)})
    for names in (("chr2",), ("2",)):  # the store remembers names: asking again must not be an error
        plan = plan_splits(store, SplitConfig(valid_contigs=names, test_contigs=("chr4",)), positives, 0)
        assert dict(plan.contigs) == {"train": ("chr1", "chr3"), "valid": ("chr2",), "test": ("chr4",)}
        assert plan.origin == "contigs, named by the user"
    drawn = plan_splits(store, SplitConfig(valid_contigs=("chr2",)), positives, 0)
    assert drawn.contigs["valid"] == ("chr2",)
    assert len(drawn.contigs["test"]) == 1
    assert drawn.origin == "contigs, drawn with seed 0"


def test_a_table_names_contigs_in_any_wording_of_the_splits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        ("c0", "2", "Training"),
        ("c1", "9", "validation"),
        ("c2", "9", "dev"),
        ("c3", "9", "TEST"),
        ("c4", "9", "val"),
        ("c3", "1", "TEST"),
    ]
    table = write_table(tmp_path / "split.tsv", *rows, header="# of 2021\ncontig\tsize\tsplit")
    store = contigs_of_size(3, 3, 3, 3, 3, 3)
    plan = plan_splits(store, SplitConfig(file=table), windows_on({"c0": 1, "c2": 1, "c3": 1}), 0)
    assert dict(plan.contigs) == {"train": ("c0",), "valid": ("c1", "c2", "c4"), "test": ("c3",)}
    assert rows_of(plan.areas["valid"].starts, plan.areas["valid"].ends) == [[3, 6], [6, 9], [12, 15]]
    assert plan.origin == "contigs of split.tsv"
    regions = [Region("c0", 0, 3), Region("c5", 0, 3), Region("c4", 2, 3), Region("c3", 0, 1)]
    assert plan.split_of(store, regions) == ["train", "", "valid", "test"]
    assert plan.split_of(store, []) == []
    assert caplog.messages == []


def test_contigs_of_a_table_that_the_genome_has_not_are_passed_over_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [("c0", "train"), ("chrUn_2", "train"), ("c1", "valid"), ("chrUn_1", "test"), ("c2", "test")]
    table = write_table(tmp_path / "split.tsv", *rows)
    plan = plan_splits(contigs_of_size(3, 3, 3), SplitConfig(file=table), windows_on({"c0": 1, "c1": 1, "c2": 1}), 0)
    assert plan.contigs["train"] == ("c0",)
    assert caplog.messages == [f"{table}: 2 contigs are not in the genome (chrUn_2, ...) and are passed over"]
    write_table(table, ("chr1", "train"), ("chr2", "test"))
    with pytest.raises(DataFileError, match=r"split\.tsv: names no contig of the genome \(it has c0, c1, c2, \.\.\.\)"):
        plan_splits(contigs_of_size(3, 3, 3, 3), SplitConfig(file=table), windows_on({"c0": 1}), 0)


def test_a_bed_file_names_regions_and_windows_across_their_borders_are_in_no_split(tmp_path: Path) -> None:
    rows = [("c0", 0, 40, "train"), ("c0", 40, 60, "train"), ("c0", 60, 80, "dev"), ("c0", 85, 100, "test"), ("c1", 0, 20, "test")]
    store = contigs_of_size(100, 20, 20)
    regions = [
        Region("c0", 30, 50),  # regions of one split that touch are one
        Region("c0", 55, 65),
        Region("c0", 60, 80),
        Region("c0", 80, 85),
        Region("c0", 85, 100),
        Region("c1", 0, 20, strand="-"),
        Region("c2", 0, 1),
    ]
    bed = write_bed(tmp_path / "split.BED", *rows)
    packed = tmp_path / "split.bed.gz"
    packed.write_bytes(gzip.compress(bed.read_bytes(), mtime=0))
    for path in (bed, packed):
        plan = plan_splits(store, SplitConfig(file=path), regions, 0)
        assert plan.split_of(store, regions) == ["train", "", "valid", "", "test", "test", ""]
        assert plan.contigs == {}
        assert plan.origin == f"regions of {path.name}"


@settings(deadline=None)
@given(data=st.data())
def test_no_base_is_in_two_splits_of_a_bed_file(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(3, 12), min_size=1, max_size=3))
    store = contigs_of_size(*lengths)
    rows, owners = [], {}
    is_disjoint = True
    for _ in range(data.draw(st.integers(1, 6))):
        contig = data.draw(st.sampled_from(store.contigs))
        start = data.draw(st.integers(0, contig.length - 1))
        end = data.draw(st.integers(start + 1, contig.length))
        split = data.draw(st.sampled_from(SPLITS))
        rows.append((contig.name, start, end, split))
        for base in range(contig.start + start, contig.start + end):
            is_disjoint &= owners.setdefault(base, split) == split
    path = write_bed(tmp_path_factory.mktemp("bed") / "split.bed", *rows)
    positives = [Region(contig, start, end) for contig, start, end, _ in rows]
    if not is_disjoint:
        with pytest.raises(DataFileError, match="regions of two splits must not overlap"):
            plan_splits(store, SplitConfig(file=path), positives, 0)
    elif "train" in owners.values():
        plan = plan_splits(store, SplitConfig(file=path), positives, 0)
        assert {base: split for split, bases in bases_by_split(plan).items() for base in bases} == owners
        windows = [Region(contig.name, start, start + 2) for contig in store.contigs for start in range(contig.length - 1)]
        for window, split in zip(windows, plan.split_of(store, windows), strict=True):
            first = store.position(window)
            own = {owners.get(first, ""), owners.get(first + 1, "")}
            assert split == (own.pop() if len(own) == 1 else "")


def test_regions_of_two_splits_that_overlap_are_named_with_their_lines(tmp_path: Path) -> None:
    rows = [("c0", 0, 50, "train"), ("c0", 10, 20, "train"), ("c1", 0, 5, "valid"), ("c0", 49, 60, "test")]
    bed = write_bed(tmp_path / "split.bed", *rows)
    expected = f"{bed}:4: c0:49-60 is for test, but c0:0-50 at {bed}:1 for train; regions of two splits must not overlap"
    with pytest.raises(DataFileError, match=f"^{re.escape(expected)}$"):
        plan_splits(contigs_of_size(100, 5), SplitConfig(file=bed), windows_on({"c0": 1}), 0)


def test_a_split_file_may_name_contigs_otherwise_than_one_of_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_text("".join(f">chr{number}\nACGTACGT\n" for number in (1, 2, 3)))
    store = build_genome([path], tmp_path / "cache")
    positives = windows_on({f"chr{number}": 3 for number in (1, 2, 3)})
    for folder, prefix in (("ucsc", "chr"), ("ensembl", "")):
        (tmp_path / folder).mkdir()
        named = [(f"{prefix}{number}", split) for number, split in zip((1, 2, 3), SPLITS, strict=True)]
        bed = write_bed(tmp_path / folder / "split.bed", *((contig, 0, 8, split) for contig, split in named))
        table = write_table(tmp_path / folder / "split.tsv", *named)
        for file in (bed, table):
            assert plan_splits(store, SplitConfig(file=file), positives, 0).split_of(store, positives[::3]) == list(SPLITS)


def test_a_bed_file_that_does_not_fit_the_genome_is_an_error_with_its_line(tmp_path: Path) -> None:
    store, positives = contigs_of_size(10), windows_on({"c0": 1})
    with pytest.raises(RegionError, match=r"split\.bed:2: contig chr9 is not in file\.fa"):
        plan_splits(store, SplitConfig(file=write_bed(tmp_path / "split.bed", ("c0", 0, 5, "train"), ("chr9", 0, 5, "test"))), positives, 0)
    with pytest.raises(RegionError, match=r"split\.bed:1: c0:0-11 is not within c0, which has 10 bases"):
        plan_splits(store, SplitConfig(file=write_bed(tmp_path / "split.bed", ("c0", 0, 11, "train"))), positives, 0)
    with pytest.raises(DataFileError, match=r"split\.bed:1: the split '' is not one of train, valid, test"):
        plan_splits(store, SplitConfig(file=write_bed(tmp_path / "split.bed", ("c0", 0, 5, "."))), positives, 0)


def test_a_table_with_another_word_for_a_split_is_an_error_with_its_line(tmp_path: Path) -> None:
    table = write_table(tmp_path / "split.tsv", ("c0", "train"), ("c1", "held-out"))
    with pytest.raises(DataFileError, match=r"split\.tsv:3: the split 'held-out' is not one of train, valid, test"):
        plan_splits(contigs_of_size(10, 10), SplitConfig(file=table), windows_on({"c0": 1}), 0)


def test_a_split_without_positives_is_an_error_and_one_that_nothing_is_for_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = contigs_of_size(9, 9, 9)
    positives = windows_on({"c0": 2, "c1": 1})
    with pytest.raises(DataFileError) as caught:
        plan_splits(store, SplitConfig(valid_contigs=("c1",), test_contigs=("c2",)), positives, 0)
    assert str(caught.value) == (
        "contigs, named by the user: none of the 3 positive windows lies wholly in what is for test; give it contigs or regions that"
        " hold some, with --split FILE or --set splits.test_contigs=NAME,NAME"
    )
    bed = write_bed(tmp_path / "split.bed", ("c0", 1, 9, "train"), ("c1", 0, 9, "valid"))
    with pytest.raises(
        DataFileError,
        match=r"^regions of split\.bed: none of the 3 .* for training, and nothing can be learnt; give it contigs or",
    ):
        plan_splits(store, SplitConfig(file=bed), positives, 0)
    with pytest.raises(DataFileError, match="in what is for training, and nothing can be learnt; name contigs or regions that hold some"):
        plan_splits(store, SplitConfig(file=write_bed(bed, ("c1", 0, 9, "valid"))), positives, 0)
    caplog.clear()
    plan = plan_splits(store, SplitConfig(file=write_bed(bed, ("c0", 0, 9, "train"), ("c1", 0, 9, "test"))), positives, 0)
    assert sorted(plan.areas) == ["test", "train"]
    assert caplog.messages == [
        "regions of split.bed: nothing is for valid, so valid.tsv will have no row (train 2 positive windows, test 1 positive windows);"
        " name contigs or regions for it"
    ]


@pytest.mark.parametrize("num_contigs", [1, 2])
def test_positives_on_too_few_contigs_cannot_be_split_by_contig(num_contigs: int) -> None:
    store = contigs_of_size(*[9] * 5)
    positives = windows_on({f"c{number}": 4 for number in range(num_contigs)})
    with pytest.raises(DataFileError) as caught:
        plan_splits(store, SplitConfig(), positives, 0)
    assert str(caught.value) == (
        f"the positives lie on {num_contigs} contig(s), too few to split by contig; give --split FILE, a BED file of regions whose name is"
        " train, valid or test"
    )


def test_no_positives_cannot_be_split() -> None:
    with pytest.raises(DataFileError, match="no positive window is left to split; see the counts above"):
        plan_splits(contigs_of_size(9), SplitConfig(), iter([]), 0)


def test_settings_that_contradict_each_other_are_errors(tmp_path: Path) -> None:
    store, positives = contigs_of_size(9, 9, 9), windows_on({"c0": 1, "c1": 1, "c2": 1})
    table = write_table(tmp_path / "split.tsv", ("c0", "train"))
    with pytest.raises(ConfigError, match=r"^--split .*split\.tsv and --set splits\.test_contigs=c1 are both given; give one of them"):
        plan_splits(store, SplitConfig(file=table, test_contigs=("c1",)), positives, 0)
    for config in (SplitConfig(valid_contigs=("c1",), test_contigs=("c1",)), SplitConfig(valid_contigs=("c1", "c1"))):
        with pytest.raises(ConfigError, match="contig c1 is named twice among the contigs of validation and test; a contig has one split"):
            plan_splits(store, config, positives, 0)
    with pytest.raises(ConfigError, match=r"^splits\.test_contigs: contig chr7 is not in file\.fa \(it has c0, c1, c2\)"):
        plan_splits(store, SplitConfig(test_contigs=("chr7",)), positives, 0)


def test_a_fraction_that_is_not_used_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    store, positives = contigs_of_size(9, 9, 9), windows_on({"c0": 1, "c1": 1, "c2": 1})
    table = write_table(tmp_path / "split.tsv", ("c0", "train"), ("c1", "valid"), ("c2", "test"))
    plan_splits(store, SplitConfig(file=table, test_fraction=0.2), positives, 0)
    plan_splits(store, SplitConfig(valid_contigs=("c1",), valid_fraction=0.3, test_fraction=0.3), positives, 0)
    assert caplog.messages == [
        "splits.test_fraction = 0.2 is not used: test comes from contigs of split.tsv",
        "splits.valid_fraction = 0.3 is not used: valid comes from contigs, drawn with seed 0",
    ]


@pytest.mark.parametrize("value", [0, 0.5, -0.1])
def test_a_fraction_is_between_none_and_half(value: float) -> None:
    with pytest.raises(ValidationError, match="valid_fraction"):
        SplitConfig(valid_fraction=value)


def test_many_contigs_are_planned_as_few_are() -> None:
    store = contigs_of_size(*[3] * 20_000)
    positives = windows_on({f"c{number}": 1 for number in range(20_000)})
    shares = Counter(plan_splits(store, SplitConfig(), positives, 0).split_of(store, positives))
    assert shares == {"train": 16_000, "valid": 2_000, "test": 2_000}
