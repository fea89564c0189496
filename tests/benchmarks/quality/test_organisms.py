"""Splice sets of other organisms are built by the package from the genomes at hand."""

import os
from pathlib import Path

import pytest

from benchmarks.quality import organisms
from benchmarks.quality.cells.tasks import read_task
from dnabert.errors import DataFileError

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[4] / "shared" / "data") / "other_genomes"


@pytest.mark.realdata
def test_a_splice_set_of_the_worm_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (DATA / "korflab_1pct_ce270.gff3.gz").is_file():
        pytest.skip(f"{DATA} is not there")
    monkeypatch.setattr(organisms, "SETS", {"celegans": "korflab_1pct_ce270"})
    (task,) = organisms.build_sets(DATA, tmp_path).tasks
    assert (task.name, task.group, task.stranded) == ("splice/celegans", "splice", True)
    data = read_task(task)
    assert data.classes == ("acceptor", "donor", "none")
    assert min(len(data.train), len(data.dev), len(data.test)) > 300
    assert data.overlap.test_seen == 0
    before = (tmp_path / "splice/celegans/train.tsv").stat().st_mtime_ns
    organisms.build_sets(DATA, tmp_path)
    assert (tmp_path / "splice/celegans/train.tsv").stat().st_mtime_ns == before


def test_a_set_that_cannot_be_built_is_named(tmp_path: Path) -> None:
    for stem in organisms.SETS.values():
        (tmp_path / f"{stem}.fa.gz").write_text(">I\nACGT\n")
        (tmp_path / f"{stem}.gff3.gz").write_text("##gff-version 3\n")
    with pytest.raises(DataFileError, match=r"splice/celegans: cannot be built: .*korflab_1pct_ce270"):
        organisms.build_sets(tmp_path, tmp_path / "sets")
