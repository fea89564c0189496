from dataclasses import replace
from pathlib import Path

import pytest

from dnabert.data.finish.plain import PlainFigures
from dnabert.report.dataset import write_dataset_report
from tests.data.finish.rows import make_row, random_bases
from tests.report.dataset import written
from tests.report.dataset.written import ORIGIN, write_rows


def report(tmp_path: Path, directory: Path) -> str:
    write_dataset_report(tmp_path / "report.html", directory)
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_tells_the_story_top_to_bottom(tmp_path: Path) -> None:
    directory = write_rows(tmp_path / "set", plain=PlainFigures(0.5, 0.52, None), kmer_only_auroc=0.875)
    html = report(tmp_path, directory)
    story = [
        "<title>Data set: made-up</title>",
        "<strong>360 labelled sequences</strong> of 60 bases from the genome g.fa (assembly hg38), in three sets that share no base of it.",
        "Each has one label.",
        "0: 60 · 1: 60",
        "G+C alone, AUROC",
        "0.520",
        "4-mer counts, AUROC",
        "Test rows half in one training row",
        "<h2>Before you train on it</h2>",
        "<h2>From the input to the rows</h2>",
        "<h2>Training, validation, test</h2>",
        "<h2>What the sequences are made of</h2>",
        "<h2>How far the plainest features get</h2>",
        "<h2>What the sets have in common</h2>",
        "<h2>Some rows</h2>",
        "dnabert finetune --model MODEL --task classify --train train.tsv",
        "pandas.read_csv(&#34;train.tsv&#34;, sep=&#34;\\t&#34;, comment=&#34;#&#34;, keep_default_na=False)",
        "/data/g.fa (SHA-256 ab12)",
        "/data/t.bed (SHA-256 cd34)",
        "All settings",
        "valid_fraction",
    ]
    places = [html.index(text) for text in story]
    assert places == sorted(places)
    assert html.count("<svg") == 2
    assert "://" not in html[: html.index("<footer>")]
    assert report(tmp_path, directory) == html


@pytest.mark.usefixtures("no_drawing")
def test_lengths_unknown_assemblies_and_many_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"peaks{number}.bed": "ab" for number in range(13)}
    monkeypatch.setattr(written, "ORIGIN", replace(ORIGIN, assembly=None, annotations=files))
    rows = [make_row(f"row{size}", random_bases(size, size), "ACGT"[size % 4]) for size in range(50, 70)]
    html = report(tmp_path, write_rows(tmp_path / "set", rows))
    assert "of 50 to 69 bases from the genome g.fa, in three sets" in html
    assert "not known: no table of chromosome lengths fits, and none was named" in html
    assert "and 3 more files, see dataset.json" in html


@pytest.mark.usefixtures("no_drawing")
def test_a_split_without_rows_makes_a_page_all_the_same(tmp_path: Path) -> None:
    html = report(tmp_path, write_rows(tmp_path / "set", [make_row("a", "ACGTA", "nnann")], "token"))
    assert "Every base has a label of its own." in html
    assert 'class="notice warning"' in html
