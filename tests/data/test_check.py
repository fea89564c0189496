import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data.batch import EncodedSet
from dnabert.data.check import FileReport, SetReport, check_files
from dnabert.data.check.composition import describe_sequences, gc_shares
from dnabert.data.check.duplicates import find_duplicates, find_shared, fingerprints
from dnabert.data.check.labels import guess_task
from dnabert.data.hold_out import hold_out
from dnabert.data.labelled import LabelledSet, read_set
from dnabert.data.sequences import SequenceSet, pack
from dnabert.data.targets import find_classes, make_targets
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.errors import ConfigError, DataFileError, TokenizerError
from dnabert.model.config import HeadConfig
from dnabert.tokenizer import KmerTokenizer

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")


def make_set(sequences: list[str], labels: list[str] | None = None, second: list[str] | None = None) -> LabelledSet:
    names = tuple(f"row{number}" for number in range(len(sequences)))
    packed = pack([encode_bases(text) for text in sequences])
    other = None if second is None else pack([encode_bases(text) for text in second])
    where = tuple(f"t.csv:{number}" for number in range(len(sequences)))
    return LabelledSet(SequenceSet(names, packed, other), tuple(labels) if labels else None, where, "t.csv")


def table(path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("sequence", "label")) -> Path:
    path.write_text("".join(",".join(row) + "\n" for row in (header, *rows)))
    return path


def random_rows(count: int, length: int = 30, labels: str = "01") -> list[tuple[str, ...]]:
    """Sequences that all differ, with labels in turn."""
    rng = np.random.default_rng(5)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join("ACGT"[code] for code in rng.integers(0, 4, length))] = None
    return [(text, labels[number % len(labels)]) for number, text in enumerate(found)]


def only(report: SetReport) -> FileReport:
    (file,) = report.files
    return file


def messages(file: FileReport) -> list[str]:
    return [problem.message.removeprefix(f"{file.source}:") for problem in file.problems]


def turned(text: str) -> str:
    return decode_bases(reverse_complement(encode_bases(text)))


# --- sequences that occur more than once


ENTRIES = st.lists(
    st.tuples(st.sampled_from(["ACGT", "AACC", "GGTT", "AAAC", "GTTT", "ACGN", "NCGT", "AAA"]), st.sampled_from("ab")), max_size=9
)


@given(entries=ENTRIES)
def test_repeats_and_conflicts_are_those_of_a_search_through_all_pairs(entries: list[tuple[str, str]]) -> None:
    texts, labels = [text for text, _ in entries], [label for _, label in entries]
    data = make_set(texts, labels)
    found = find_duplicates(data, fingerprints(data.sequences), tuple(labels))
    repeats = [place for place, text in enumerate(texts) if text in texts[:place]]
    opposite = [place for place, text in enumerate(texts) if text not in texts[:place] and turned(text) in texts[:place]]
    labels_of = {text: {label for other, label in entries if other == text} for text in texts}
    both = {text for text, known in labels_of.items() if len(known) > 1}
    across = {
        min(text, turned(text))
        for text in texts
        if turned(text) in labels_of and labels_of[text] != labels_of[turned(text)] and not {text, turned(text)} & both
    }
    assert (found.num_repeats, found.num_reverse_complements) == (len(repeats), len(opposite))
    assert found.repeats == tuple((f"t.csv:{place}", f"t.csv:{texts.index(texts[place])}") for place in repeats)
    assert [place for place, _ in found.reverse_complements] == [f"t.csv:{place}" for place in opposite]
    assert (found.num_conflicts, found.num_conflicting_entries) == (len(both), sum(text in both for text in texts))
    assert found.num_strand_conflicts == len(across)


def test_both_places_and_both_labels_of_a_conflict_are_named() -> None:
    data = make_set(["ACGTT", "CCCCC", "ACGTT"], ["x", "y", "y"])
    found = find_duplicates(data, fingerprints(data.sequences), data.labels)
    assert found.conflicts == (("t.csv:2", "y", "t.csv:0", "x"),)


def test_a_pair_repeats_only_if_both_sequences_do() -> None:
    data = make_set(["AAC", "AAC", "AAC", "GTT"], second=["CCG", "CCT", "CCG", "CGG"])
    found = find_duplicates(data, fingerprints(data.sequences), None)
    assert (found.num_repeats, found.num_reverse_complements) == (1, 1)


def test_where_a_pair_is_divided_matters() -> None:
    data = make_set(["AAC", "AA"], second=["CG", "CCG"])
    assert find_duplicates(data, fingerprints(data.sequences), None).num_repeats == 0


@given(first=ENTRIES, second=ENTRIES)
def test_what_two_files_share_is_what_a_search_through_all_pairs_finds(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    sets = [make_set([text for text, _ in entries], [label for _, label in entries]) for entries in (first, second)]
    shared = find_shared(*sets, *(fingerprints(data.sequences) for data in sets))
    known = [text for text, _ in first]
    same = [text for text, _ in second if text in known]
    opposite = [text for text, _ in second if text not in known and turned(text) in known]
    other = [
        1 for text, label in second if (text in known or turned(text) in known) and not {(text, label), (turned(text), label)} & set(first)
    ]
    assert (shared.num_sequences, shared.num_entries) == (len(set(same)), len(same))
    assert (shared.num_reverse_complements, shared.num_other_label) == (len(opposite), len(other))
    assert len(shared.examples) == len(same) + len(opposite)


# --- what the sequences are made of


@given(
    texts=st.lists(st.text("ACGTN", min_size=4, max_size=40), min_size=1, max_size=12),
    max_tokens=st.integers(3, 40),
    kmer=st.integers(1, 4),
)
def test_composition_is_that_of_counting_letters(texts: list[str], max_tokens: int, kmer: int) -> None:
    data = make_set(texts)
    found = describe_sequences(data, kmer, max_tokens)
    whole = "".join(texts)
    known = len(whole) - whole.count("N")
    assert (found.num_bases, found.num_ambiguous) == (len(whole), whole.count("N"))
    assert found.num_with_ambiguous == sum("N" in text for text in texts)
    assert found.gc == (None if not known else pytest.approx((whole.count("G") + whole.count("C")) / known))
    assert found.length_bp.least == min(map(len, texts))
    assert found.num_tokens.most == max(map(len, texts)) - kmer + 1 + 2
    assert found.num_cut_bases == sum(max(0, len(text) - kmer + 3 - max_tokens) for text in texts)
    shares = [(text.count("G") + text.count("C")) / (len(text) - text.count("N")) if set(text) != {"N"} else 0.5 for text in texts]
    assert gc_shares(data).tolist() == pytest.approx(shares)


@pytest.mark.parametrize("is_pair", [False, True])
def test_the_entries_that_are_cut_are_those_that_fine_tuning_cuts(is_pair: bool) -> None:
    texts = ["A" * length for length in range(5, 60)]
    data = make_set(texts, second=texts[::-1] if is_pair else None)
    encoded = EncodedSet(data.sequences, KmerTokenizer(3, 30), HeadConfig(task="pair" if is_pair else "classify"))
    assert describe_sequences(data, 3, 32).num_cut == encoded.num_cut > 0


def test_more_entries_than_are_counted_at_once_are_counted(tmp_path: Path) -> None:
    found = only(check_files([table(tmp_path / "t.csv", [("ACGN" + "A" * (number % 3), "01"[number % 2]) for number in range(2500)])], 3))
    assert found.composition is not None
    assert (found.composition.num_ambiguous, found.composition.num_bases) == (2500, 2500 * 4 + 2499)


# --- tasks and labels


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        (["0", "1"] * 30, "classify"),
        (["1.0", "0.0"] * 30, "classify"),
        (["donor", "none"] * 30, "classify"),
        ([str(number % 12) for number in range(200)], "classify"),
        ([str(number) for number in range(60)], "regress"),
        ([f"{number / 7:.3f}" for number in range(60)], "regress"),
        (["1e-3", "2.5", "-4"] * 20, "regress"),
        (["0.5;1.5", "2.5;0"] * 30, "regress"),
        (["CTCF;REST", "none", "REST"] * 20, "multilabel"),
        (["1;2", "2"] * 30, "multilabel"),
        (["00001111112222222222", "11111111110000000000"] * 30, "token"),
        (["exon " * 17 + "exon", "intron " * 17 + "intron"] * 30, "token"),
    ],
)
def test_the_task_is_guessed_from_the_labels(labels: list[str], task: str) -> None:
    assert guess_task(make_set(["ACGTACGTACGTACGTACGT"] * len(labels), [" ".join(label.split()) for label in labels]), 3) == task


def test_two_sequences_are_a_pair(tmp_path: Path) -> None:
    path = table(
        tmp_path / "p.csv", [("ACGT", "GGGG", "1"), ("ACGA", "GGGC", "0"), ("ACGC", "GGGT", "1")], ("sequence1", "sequence2", "label")
    )
    report = check_files([path], 3)
    assert (report.task, report.is_guessed, report.num_problems) == ("pair", True, 0)


def test_labels_of_kmers_ask_for_their_setting(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [("ACGTA", "001"), ("CCGTA", "011"), ("GGGTA", "001")])
    report = check_files([path], 3)
    assert (report.task, report.flags, report.num_problems) == ("token", ("--set", "head.token_level=kmer"), 0)
    assert [(each.name, each.num_entries) for each in only(report).classes] == [("0", 5), ("1", 4)]


BAD_LABELS = {
    "regress": ("x", "the label 'x' is no number; the task is regress"),
    "token": ("0110", "4 labels for 30 bases; a token label has one letter for every base, or names separated by blanks"),
}


@pytest.mark.parametrize("task", BAD_LABELS)
def test_every_label_that_does_not_fit_the_task_is_noted_and_the_first_is_what_stops_training(tmp_path: Path, task: str) -> None:
    bad, message = BAD_LABELS[task]
    good = "01" * 15 if task == "token" else "0.5"
    rows = [(text, bad if number in (3, 1500, 2400) else good) for number, (text, _) in enumerate(random_rows(2500))]
    path = table(tmp_path / "t.csv", rows)
    file = only(check_files([path], 3, task=task))  # type: ignore[arg-type]
    assert file.problem_counts == {"label": 3}
    assert messages(file) == [f"{line}: {message}" for line in (5, 1502, 2402)]
    data = read_set(path, 3)
    classes = find_classes(data, task)  # type: ignore[arg-type]
    with pytest.raises(DataFileError) as caught:
        make_targets(data, task, classes, "base", 3)  # type: ignore[arg-type]
    assert str(caught.value) == file.problems[0].message


def test_labels_of_another_file_must_be_among_those_of_training(tmp_path: Path) -> None:
    rows = random_rows(40)
    train, test = table(tmp_path / "a.csv", rows[:20]), table(tmp_path / "b.csv", [*rows[20:38], ("ACGTA", "2"), ("ACGTT", "two")])
    report = check_files([train, train, test], 3)
    assert report.files[2].problem_counts == {"label": 2}
    assert messages(report.files[2])[0] == "20: the label '2' is not among those of the training data (0, 1)"


def test_one_class_only_is_a_problem(tmp_path: Path) -> None:
    file = only(check_files([table(tmp_path / "t.csv", random_rows(9, labels="1"))], 3))
    assert file.problem_counts == {"classes": 1}
    assert (
        file.problems[0].message == f"{file.source}: the only label is '1'; training needs at least 2 classes: add examples of another one"
    )


def test_nothing_to_hold_out_is_a_problem_unless_there_is_a_validation_set(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [("ACGTA", "1"), ("ACGTA", "1"), ("CCCCC", "0")])
    file = only(check_files([path], 3))
    rule = "no label has two different sequences, so nothing can be held out for validation; give a validation set too"
    assert [problem.message for problem in file.problems] == [f"{path}: {rule}"]
    with pytest.raises(DataFileError, match="no label has two different sequences, so nothing can be held out"):
        hold_out(read_set(path, 3), 0.1, 0)
    assert check_files([path, path], 3).num_problems == 0


@pytest.mark.parametrize(("task", "what"), [("classify", "class"), ("regress", "value")])
def test_a_validation_set_of_one_class_is_a_problem_and_a_test_set_is_not(tmp_path: Path, task: str, what: str) -> None:
    train, one = table(tmp_path / "t.csv", random_rows(20)), table(tmp_path / "v.csv", random_rows(9, labels="1"))
    report = check_files([train, one, one], 3, task=task)  # type: ignore[arg-type]
    assert [file.problem_counts for file in report.files] == [{}, {"classes": 1}, {}]
    rule = f"{one}: one {what} only, so the best moment of training cannot be told; add entries of another one"
    assert report.files[1].problems[0].message == rule


@pytest.mark.parametrize(
    ("header", "values", "remedy"),
    [
        (("sequence", "note", "target"), ("free text", "1"), "rename 'target', if that is the label"),
        (("sequence", "weight", "outcome_2"), ("", "1"), "rename 'outcome_2', if that is the label"),
        (("sequence", "other"), ("ACGTACGT",), "add one"),
        (("sequence",), (), "add one"),
    ],
)
def test_a_missing_label_column_is_one_problem_with_the_likely_one(
    tmp_path: Path, header: tuple[str, ...], values: tuple[str, ...], remedy: str
) -> None:
    rows = [(text, *(value or str(number) for value in values)) for number, (text, _) in enumerate(random_rows(40))]
    report = check_files([table(tmp_path / "t.csv", rows, header)], 3)
    file = only(report)
    assert messages(file) == [f"1: no column is called 'label' (the columns are {', '.join(header)}); {remedy}"]
    assert (file.num_usable, report.task) == (40, None)
    assert file.composition is not None


def test_a_table_of_names_for_multilabel_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnabert.data.check.labels._MAX_TABLE", 100)
    path = table(tmp_path / "t.csv", [(text, f"a{number};b") for number, (text, _) in enumerate(random_rows(20))])
    file = only(check_files([path], 3))
    assert file.problems[0].message == f"{path}: 21 different labels in 20 entries; are these the labels?"


# --- warnings


def warnings_of(tmp_path: Path, rows: list[tuple[str, ...]], **options: object) -> tuple[str, ...]:
    report = check_files([table(tmp_path / "w.csv", rows)], 3, **options)  # type: ignore[arg-type]
    assert report.num_problems == 0
    return only(report).warnings


def test_a_clean_set_has_no_warnings(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, random_rows(200)) == ()


def test_gc_that_tells_the_classes_apart_is_a_warning(tmp_path: Path) -> None:
    rows = [(text.replace("A", "G") if label == "1" else text, label) for text, label in random_rows(60)]
    (found,) = warnings_of(tmp_path, rows)
    area = float(found.removeprefix("GC alone separates '0' from '1': AUROC ").split()[0])
    assert 0.9 < area <= 1
    assert found.endswith(" (over 0.65); a model may learn nothing else, so take negatives matched in GC")


def test_gc_of_few_entries_is_left_to_chance(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, [("ACGTA", "0"), ("ACGTT", "0"), ("GCGCC", "1"), ("CCGCG", "1")]) == ()


def test_gc_and_length_are_measured_in_the_better_direction(tmp_path: Path) -> None:
    rows = [("AAAAA", "0"), ("AAACA", "0"), ("AACCAC", "1"), ("AAAACC", "1")]
    classes = only(check_files([table(tmp_path / "t.csv", rows)], 3)).classes
    assert [(each.name, each.gc_auroc, each.length_auroc) for each in classes] == [("0", 1.0, 1.0), ("1", 1.0, 1.0)]
    assert [each.gc for each in classes] == [pytest.approx(0.1), pytest.approx(5 / 12)]


def test_length_that_tells_the_classes_apart_is_a_warning(tmp_path: Path) -> None:
    rows = [(text[: 20 if label == "1" else 30], label) for text, label in random_rows(80)]
    assert warnings_of(tmp_path, rows) == ("length alone separates '0' from '1': AUROC 1.00 (over 0.65); cut all sequences to one length",)


def test_with_three_classes_each_is_compared_with_the_others(tmp_path: Path) -> None:
    rows = [("GC" * 15 if label == "c" else text, label) for text, label in random_rows(90, labels="abc")]
    found = [text for text in warnings_of(tmp_path, rows) if text.startswith("GC alone")]
    assert [text.split(":")[0] for text in found if "'c'" in text] == ["GC alone separates 'c' from the others"]


@pytest.mark.parametrize("other", ["b", "none"])
def test_labels_that_may_go_together_are_compared_with_all_other_entries(tmp_path: Path, other: str) -> None:
    rows = [("GC" * 15 if label == "1" else text, "a" if label == "1" else other) for text, label in random_rows(60)]
    found = warnings_of(tmp_path, rows, task="multilabel")
    assert any(text.startswith("GC alone separates 'a' from the others: AUROC 1.00") for text in found)


def test_only_the_largest_classes_are_measured_and_all_are_counted(tmp_path: Path) -> None:
    rows = [(text, f"c{number % 25}") for number, (text, _) in enumerate(random_rows(250))]
    classes = only(check_files([table(tmp_path / "t.csv", rows)], 3, task="classify")).classes
    assert [each.num_entries for each in classes] == [10] * 25
    assert sum(each.gc_auroc is not None for each in classes) == 20


def test_repeats_conflicts_and_turned_sequences_are_warnings(tmp_path: Path) -> None:
    rows = random_rows(60)
    rows += [rows[0], (rows[1][0], "0"), (turned(rows[2][0]), "0"), (turned(rows[3][0]), "0")]
    assert warnings_of(tmp_path, rows) == (
        "2 entries hold a sequence that stands with more than one label (1 different); no model can be right about both",
        "sequences with another label on the opposite strand: 1; right where the strand carries meaning (--stranded), wrong for binding"
        " sites",
        "entries that repeat the sequence of an earlier entry, and so count twice: 2",
        "entries that are the reverse complement of an earlier entry: 2",
    )


def test_long_sequences_are_a_warning_with_what_finetune_does(tmp_path: Path) -> None:
    rows = random_rows(60)
    found = warnings_of(tmp_path, rows, max_tokens=20)
    cut = "entries with more than 20 tokens: 60 of 60; finetune cuts them on the right (600 bases are lost)"
    assert found == (f"{cut}; --set head.chunk_pooling=mean reads them whole",)


def test_many_ambiguous_bases_are_a_warning(tmp_path: Path) -> None:
    rows = [(text[:-3] + "NRN", label) for text, label in random_rows(60)]
    assert warnings_of(tmp_path, rows) == (
        "10.0% of the bases are no A, C, G or T: the k-mers over them are [UNK]; --ambiguous skip leaves such entries out",
    )


def test_sequences_of_n_only_are_a_warning(tmp_path: Path) -> None:
    rows = [("N" * length, label) for length in range(20, 60) for label in "01"]
    assert "all bases are N: there is nothing to learn" in warnings_of(tmp_path, rows)


def test_classes_of_very_different_size_are_a_warning(tmp_path: Path) -> None:
    rows = [(text, "1" if number % 20 == 0 else "0") for number, (text, _) in enumerate(random_rows(200))]
    assert warnings_of(tmp_path, rows) == (
        "the classes are unbalanced: 10 entries of '1', 190 of '0'; --set class_weights=balanced weighs them alike",
    )


def test_labels_that_are_names_are_a_warning(tmp_path: Path) -> None:
    rows = [(text, f"gene{number}") for number, (text, _) in enumerate(random_rows(40))]
    assert warnings_of(tmp_path, rows) == (
        "40 different labels in 40 entries: these look like names, not classes; numbers want --task regress",
    )


def test_peaks_are_told_how_to_become_a_labelled_set(tmp_path: Path) -> None:
    genome = tmp_path / "g.fa"
    genome.write_text(">chr1\n" + "".join(text for text, _ in random_rows(40)) + "\n")
    path = tmp_path / "p.narrowPeak"
    path.write_text("".join(f"chr1\t{place * 30}\t{place * 30 + 20}\tpeak{place}\t9\t.\t1\t1\t1\t4\n" for place in range(40)))
    report = check_files([path], 3, genome=genome)
    assert report.flags == ("--genome", str(genome))
    assert only(report).warnings == (
        "40 different labels in 40 entries: these look like names, not classes; dnabert dataset tfbs makes a labelled set of peaks",
    )


def test_sequences_in_two_files_are_a_warning(tmp_path: Path) -> None:
    rows = random_rows(80)
    train = table(tmp_path / "train.csv", rows[:60])
    valid = table(tmp_path / "valid.csv", [*rows[60:], rows[0], (turned(rows[1][0]), "0")])
    report = check_files([train, valid], 3)
    assert report.warnings == (
        f"entries of {valid} that stand also in {train}: 2, 1 as the reverse complement, 1 with another label there; leave them out of one"
        " of the two",
    )
    assert report.shared[0].examples == ((f"{valid}:22", f"{train}:2"), (f"{valid}:23", f"{train}:3"))


def test_values_are_summed_up(tmp_path: Path) -> None:
    rows = [(text, f"{(text.count('G') + text.count('C')) / 30 + 1:.4f}") for text, _ in random_rows(60)]
    (value,) = only(check_files([table(tmp_path / "t.csv", rows)], 3)).values
    numbers = [float(label) for _, label in rows]
    assert (value.name, value.least, value.most) == ("value", pytest.approx(min(numbers)), pytest.approx(max(numbers)))
    assert value.gc_correlation == pytest.approx(1, abs=1e-3)


# --- files that cannot be used at all


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b"sequence,label\n", b"\x1f\x8b\x08\x00"])
def test_a_file_without_one_usable_entry_is_one_problem(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    report = check_files([path, path], 3)
    assert [sum(file.problem_counts.values()) for file in report.files] == [1, 1]
    assert report.task is None
    assert all(file.composition is None and file.num_usable == 0 for file in report.files)


def test_byte_order_mark_carriage_returns_and_blank_lines_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbfsequence,label\r\n\r\nACGTA,1\r\nACGTT,1\r\nACGTC,0\r\n")
    report = check_files([path], 3)
    assert report.num_problems == 0
    assert (only(report).num_usable, only(report).num_blank_lines) == (3, 1)


def test_settings_out_of_range_are_errors(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", random_rows(9))
    with pytest.raises(TokenizerError, match=r"k-mer length 9 is outside 1\.\.8"):
        check_files([path], 9)
    with pytest.raises(ConfigError, match=r"max_tokens is 2; at least 3 are needed: \[CLS\], a k-mer and \[SEP\]"):
        check_files([path], 3, max_tokens=2)


# --- real data


README_COUNTS = {
    "prom_core_tata": ((57, 0, 2), (8, 16, 2), 15),
    "prom_300_tata": ((56, 1, 2), (14, 6, 0), 15),
    "mouse/0": ((0, 0, 0), (0, 0, 0), 0),
}


@pytest.mark.realdata
@pytest.mark.parametrize("task", README_COUNTS)
def test_repeats_in_published_sets_are_those_counted_by_others(task: str) -> None:
    folder = DATA / "gue" / task
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here; set DNABERT_DATA to the folder that holds gue/{task}")
    report = check_files([folder / f"{split}.csv.gz" for split in ("train", "dev", "test")], 6)
    inside = [file.duplicates for file in report.files if file.duplicates is not None]
    repeats, between, conflicts = README_COUNTS[task]
    assert tuple(each.num_repeats for each in inside) == repeats
    assert tuple(shared.num_sequences for shared in report.shared) == between
    assert sum(each.num_conflicts for each in inside) + sum(shared.num_other_label for shared in report.shared) == conflicts
    assert len(report.shared) == len(list(combinations(report.files, 2)))
