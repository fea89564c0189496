"""Documents in docs/results are what their own commands write from the kept results."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from benchmarks.quality import documents
from dnabert.errors import DataFileError


@pytest.mark.parametrize("name", ["gue", "scarce", "organisms", "ensembles", "probe", documents.README])
def test_a_document_is_what_its_command_writes(name: str) -> None:
    """Those whose commands need the kept results alone, and so not corpus-overlap's, which reads genomes."""
    results = documents.ROOT / "benchmarks/results"
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()}
    found = documents.differing(name)
    assert not found, f"run: python -m benchmarks.quality.documents {name}"
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()} == before


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
    capsys.readouterr()
    changed = re.sub(r"(?m)^(\| \*dnabert-6-mini, tuned\* \| \S*)\d", r"\g<1>x", text, count=1)
    assert changed != text
    path.write_text(changed)
    assert _main(monkeypatch, "--check", "gue") == 1
    assert capsys.readouterr().err.endswith("gue: stale: gue.md\nerror: stale: gue; write them anew without --check\n")
    assert path.read_text() == changed


def test_the_others_are_written_when_one_command_fails(
    root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (root / "docs/results/scarce.md").write_text("# By hand\n")
    (root / "docs/results/probe.md").write_text("Written by `python -m benchmarks.quality.probe --minutes 0 --out none`; do not edit.\n")
    assert _main(monkeypatch, "scarce", "probe", "gue") == 1
    assert "## What pre-training adds" in (root / "docs/results/gue.md").read_text()
    err = capfd.readouterr().err
    assert "scarce.md: does not say which command of benchmarks.quality it was written by\n" in err
    assert "error: none: holds no finished probe yet\n" in err
    assert "probe: its command failed, see above: python -m benchmarks.quality.probe --minutes 0 --out none\n" in err
    assert err.endswith("error: failed: scarce, probe\n")
    assert (root / "docs/results/probe.md").read_text().startswith("Written by `python -m")


def test_a_figure_that_is_another_is_told(root: Path) -> None:
    """A command that draws a figure beside its document: both are compared."""
    (root / "benchmarks").unlink()
    (root / "benchmarks/quality").mkdir(parents=True)
    (root / "benchmarks/quality/drawn.py").write_text(
        "import sys\nfrom pathlib import Path\nout = Path(sys.argv[-1])\n(out.parent / 'images').mkdir()\n"
        "out.write_text('Written by `python -m benchmarks.quality.drawn`; do not edit.\\n')\n"
        "(out.parent / 'images/a.svg').write_text('new')\n"
    )
    path = root / "docs/results/scarce.md"
    path.write_text("Written by `python -m benchmarks.quality.drawn`; do not edit.\n")
    assert documents.differing("scarce") == ["images/a.svg"]
    (path.parent / "images").mkdir()
    (path.parent / "images/a.svg").write_text("old")
    assert documents.differing("scarce") == ["images/a.svg"]
    (path.parent / "images/a.svg").write_text("new")
    assert documents.differing("scarce") == []


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
