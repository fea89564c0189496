"""The table of the README is that of the kept results."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks.quality import readme
from benchmarks.quality.cells.records import KeptRun, Record
from benchmarks.quality.cells.summary import Row
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
    assert copy.read_text(encoding="utf-8") == TEXT, "run: python -m benchmarks.quality.readme"


def _row(task: str, contestant: str, *figures: float, rehearsal: bool = False) -> Row:
    """A row of made-up seeds with these MCC x 100."""
    records = [Record.model_construct(dev={}, test={"forward": {"mcc": figure / 100}}, rehearsal=rehearsal) for figure in figures]
    return Row(task, contestant, "cnn", "tuned", 1.0, tuple(KeptRun(Path(), record) for record in records))


def test_few_seeds_stand_in_brackets_and_the_best_in_bold() -> None:
    rows = [
        _row("tf/0", "cnn", 70.0, 74.0, 72.0),  # 71.99, the best published one, is printed the same
        _row("tf/1", "dnabert-6-mini", 9.5, 9.7),
        _row("tf/1", "random:mini:6", 100.0, 100.0, 100.0),
        _row("tf/4", "dnabert-6-mini", 99.0),
        _row("mouse/0", "another", 100.0),
    ]
    lines = {
        cells[1]: cells[2:6] for line in readme.short_table(rows).splitlines() if (cells := [each.strip() for each in line.split("|")])
    }
    assert lines["CNN, trained here"] == ["**72.0**", "-", "-", "-"]
    assert lines["`dnabert-6-mini`"] == ["-", "9.6 (2)", "**99.0** (1)", "-"]
    assert lines["4 x 256 from random weights"] == ["-", "**100.0**", "-", "-"]
    assert lines["DNABERT-2 (published)"] == ["**72.0**", "76.1", "77.4", "68.0"]
    assert lines["best published"] == ["**72.0**", "76.1", "77.4", "**71.6**"]


def test_a_rehearsal_is_no_result() -> None:
    with pytest.raises(DataFileError, match="are a rehearsal"):
        readme.short_table([_row("tf/0", "cnn", 70.0, rehearsal=True)])


@pytest.mark.parametrize(
    "text",
    [
        "no table\n",
        readme.END + readme.BEGIN,
        readme.BEGIN,
        readme.BEGIN + readme.BEGIN + readme.END,
        readme.BEGIN + readme.END * 2,
        readme.END + readme.BEGIN + readme.END,
    ],
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
