"""The documents in docs/results are what their own commands write from the kept results."""

import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.quality import documents
from dnabert.errors import DataFileError

DATA = documents.ROOT / "../shared/data/gue"  # what the commands in the documents read


@pytest.mark.parametrize("name", ["gue", "ensembles"])
def test_a_document_is_what_its_command_writes(name: str) -> None:
    assert not documents.differs(name)


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not at hand: these commands read the tasks")
@pytest.mark.parametrize("name", ["scarce", "probe"])
def test_a_document_with_tasks_is_what_its_command_writes(name: str) -> None:
    assert not documents.differs(name)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the results of one task, and a document of them that is yet to be written."""
    (tmp_path / "benchmarks").symlink_to(documents.ROOT / "benchmarks")
    shutil.copytree(documents.ROOT / "benchmarks/results/gue/prom_300_tata", tmp_path / "results/prom_300_tata")
    (tmp_path / "docs/results").mkdir(parents=True)
    command = "python -m benchmarks.quality.table --runs results --out docs/results/gue.md"
    (tmp_path / "docs/results/gue.md").write_text(f"# GUE\n\nWritten by `{command}`; do not edit.\n")
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    return tmp_path


def _main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["documents", *words])
    return documents.main()


def test_a_document_is_written_and_a_changed_one_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "docs/results/gue.md"
    assert _main(monkeypatch, "gue") == 0
    text = path.read_text()
    assert "## What pre-training adds" in text
    assert _main(monkeypatch, "--check", "gue") == 0
    path.write_text(
        changed := text.replace("- 1 runs", "- 2 runs", 1).replace("dnabert-6-mini, tuned* | 8", "dnabert-6-mini, tuned* | 9", 1)
    )
    assert changed != text
    capsys.readouterr()
    assert _main(monkeypatch, "--check", "gue") == 1
    assert capsys.readouterr().err.endswith("error: gue: stale; write anew without --check\n")
    assert path.read_text() == changed


def test_a_command_that_fails_is_told(root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(root / "results")
    before = (root / "docs/results/gue.md").read_text()
    assert _main(monkeypatch, "gue") == 1
    assert "error: results: holds no finished run" in (err := capfd.readouterr().err)
    assert "gue.md: its command failed, see above: python -m benchmarks.quality.table --runs results" in err
    assert (root / "docs/results/gue.md").read_text() == before


def test_what_names_no_command_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    with pytest.raises(DataFileError, match="cannot be read"):
        documents.stated_command(path)
    path.write_text("# A\n\nBy hand.\n")
    with pytest.raises(DataFileError, match="does not say which command"):
        documents.stated_command(path)
    path.write_text("# A\n\nWritten by `python -m benchmarks.quality.table --runs 'a b'`; do not edit.\n")
    assert documents.stated_command(path) == ["benchmarks.quality.table", "--runs", "a b"]


def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _main(monkeypatch, "gui")
    assert "gui: no document of gue, scarce" in capsys.readouterr().err
