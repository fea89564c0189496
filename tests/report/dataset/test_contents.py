import re
from dataclasses import replace
from pathlib import Path

import pytest

from dnabert.report.dataset.contents import composition_section, counts_section, examples_section, flat_facts, splits_section
from dnabert.report.dataset.files import read_dataset
from dnabert.report.page import Page, Section, render_page
from tests.data.finish.rows import make_row, random_bases
from tests.report.dataset.written import write_rows

pytestmark = pytest.mark.usefixtures("no_drawing")


def text_of(section: Section) -> str:
    """The words of a section, without tags."""
    html = render_page(Page("t", "l", (section,)))
    return " ".join(re.sub(r"<[^>]+>", " ", html[html.index("<main>") : html.index("</main>")]).split())


def test_counts_are_in_the_order_of_the_work(tmp_path: Path) -> None:
    text = text_of(counts_section(read_dataset(write_rows(tmp_path / "set"))))
    assert "windows read 360 rows before duplicates are left out 360 rows in train 120 rows in valid 120 rows in test 120" in text
    assert "Of these there were none: left out: the sequence occurs with another label; left out: the sequence is in another" in text


def test_facts_are_told_and_numbers_that_belong_together_stand_in_one_line(tmp_path: Path) -> None:
    facts = {
        "donors": {"GT": {"count": 8454, "percent": 98.5}, "what": "as written"},
        "window_bp": 400,
        "kinds": ["a"],
        "warnings": ["late"],
    }
    text = text_of(counts_section(read_dataset(write_rows(tmp_path / "set", facts=facts))))
    assert text.endswith("on record: donors, GT count 8,454, percent 98.5 donors, what as written window bp 400 kinds [&#34;a&#34;]")


def test_few_classes_stand_beside_their_sets(tmp_path: Path) -> None:
    text = text_of(splits_section(read_dataset(write_rows(tmp_path / "set"))))
    assert "How it was split: by hand." in text
    assert "Set Rows Class 0 Class 1 Contigs training 120 60 60 1 contig chr-train validation 120 60 60" in text


def test_many_classes_have_a_table_of_their_own_and_the_rest_unfolds(tmp_path: Path) -> None:
    rows = [
        make_row(f"row{label}-{number}", random_bases(20, 30 * label + number), str(label))
        for label in range(30)
        for number in range(label + 1)
    ]
    text = text_of(splits_section(read_dataset(write_rows(tmp_path / "set", rows))))
    assert "Class Training Validation Test All 29 30 0 0 30 28 29 0 0 29" in text
    assert "The other 10 classes" in text


def test_splits_by_region_and_labelled_bases_are_named(tmp_path: Path) -> None:
    directory = write_rows(tmp_path / "set", [make_row("a", "ACGTA", "nnann")], "token", contigs={})
    text = text_of(splits_section(read_dataset(directory)))
    assert "Bases of a Bases of n Contigs training 1 1 4 parts of contigs" in text


def test_categories_are_counted(tmp_path: Path) -> None:
    rows = [replace(make_row(f"row{number}", random_bases(20, number)), category="TATA" if number else "") for number in range(4)]
    assert "Class Category Rows 1 TATA 3" in text_of(splits_section(read_dataset(write_rows(tmp_path / "set", rows))))


def test_of_many_categories_some_are_named(tmp_path: Path) -> None:
    rows = [replace(make_row(f"row{number}", random_bases(20, number)), category=f"gene{number}") for number in range(30)]
    text = text_of(splits_section(read_dataset(write_rows(tmp_path / "set", rows))))
    assert "The column category tells 30 kinds of rows apart, such as gene0, gene1, gene10." in text


def test_gc_of_the_classes_and_the_matching_are_told(tmp_path: Path) -> None:
    rows = [make_row("a", "GGGGA", "1"), make_row("b", "AAAAAG", "0")]
    text = text_of(composition_section(read_dataset(write_rows(tmp_path / "set", rows))))
    assert "0 1 0.167 0.17 – 0.17 – 0.17 6 1 1 0.800 0.80 – 0.80 – 0.80 5" in text
    assert "Figure 2. Lengths of the classes." in text
    assert "training 4 4 0.012 0.250" in text


def test_lengths_are_drawn_only_where_they_differ_and_matching_told_only_where_there_is_some(tmp_path: Path) -> None:
    text = text_of(composition_section(read_dataset(write_rows(tmp_path / "set", matching={}))))
    assert "Figure 1. G+C of the classes." in text
    assert "Lengths of the classes" not in text
    assert "Negatives wanted" not in text


def test_of_many_classes_the_largest_are_shown(tmp_path: Path) -> None:
    rows = [make_row(f"row{label}", random_bases(20, label), str(label)) for label in range(10)]
    text = text_of(composition_section(read_dataset(write_rows(tmp_path / "set", rows))))
    assert "The 4 largest of 10 classes are shown." in text
    assert "The 8 largest classes are shown." in text


def test_where_bases_are_labelled_no_class_is_spoken_of(tmp_path: Path) -> None:
    text = text_of(composition_section(read_dataset(write_rows(tmp_path / "set", [make_row("a", "ACGTA", "nnann")], "token"))))
    assert "Whatever their bases are labelled, this is what the rows are like." in text


def test_rows_are_shown_as_they_stand_and_long_ones_cut(tmp_path: Path) -> None:
    rows = [make_row("long", "ACGT" * 60, start=5), make_row("short", "ACCT", "0", start=500)]
    text = text_of(examples_section(read_dataset(write_rows(tmp_path / "set", rows))))
    assert "short chr-train:500-504(+) 0 made up ACCT" in text
    assert f"long chr-train:5-245(+) 1 made up {'ACGT' * 40}…" in text


def test_nested_facts_are_joined() -> None:
    facts = {"a": {"b": 1, "c": [2, 3]}, "d": "word", "e": None}
    assert flat_facts(facts) == [("a.b", "1"), ("a.c", "[2, 3]"), ("d", "word"), ("e", "null")]
