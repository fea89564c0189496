"""The table of the README is that of the kept results."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks.quality import readme
from benchmarks.quality.cells.summary import rows_of
from benchmarks.quality.table import read_runs
from dnabert.errors import DataFileError

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_shows_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "README.md"
    stale, changed = re.subn(r"(?m)^\| `dnabert-6-mini` \| [\d*].*$", "| `dnabert-6-mini` | 99.9 |", TEXT)
    assert changed == 1
    copy.write_text(stale, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["readme", "--runs", str(ROOT / "benchmarks/results/gue"), str(copy)])
    assert readme.main() == 0
    assert copy.read_text(encoding="utf-8") == TEXT


def test_few_seeds_stand_in_brackets_and_the_best_in_bold() -> None:
    rows = [row for row in rows_of(read_runs(ROOT / "benchmarks/results/gue")) if row.task == "prom_core_tata"]
    lines = {cells[1].strip(): cells[2:-1] for line in readme.short_table(rows).splitlines() if (cells := line.split("|"))}
    ours = lines["`dnabert-6-mini`"]
    assert [cell.strip() for cell in ours[:4]] == ["-"] * 4
    assert ours[4].strip() == "**83.1**"
    assert lines["best published"][4].strip() == "78.2"
    assert lines["best published"][0].strip() == "**72.0**"
    fewer = [type(row)(row.task, row.contestant, row.kind, row.recipe, row.share, row.runs[:1]) for row in rows]
    assert re.search(r"\| `dnabert-6-mini` .*\| \*\*\d\d\.\d\*\* \(1\) \|", readme.short_table(fewer))


@pytest.mark.parametrize(
    "text",
    ["no table\n", readme.END + readme.BEGIN, readme.BEGIN, readme.BEGIN + readme.BEGIN + readme.END, readme.BEGIN + readme.END * 2],
)
def test_a_document_without_its_two_lines_is_left_as_it_is(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataFileError, match=r"README\.md: put the lines"):
        readme.put(text, "", "README.md")
    copy = tmp_path / "README.md"
    copy.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["readme", "--runs", str(ROOT / "benchmarks/results/gue"), str(copy)])
    assert readme.main() == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert copy.read_text(encoding="utf-8") == text


def test_a_document_that_is_not_there_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["readme", str(tmp_path / "none.md")])
    assert readme.main() == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none.md'}: cannot be read: No such file or directory\n"
