import json
from dataclasses import replace
from pathlib import Path

import pandas
import pytest

from dnabert import __version__
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.finish import tables
from dnabert.data.finish.dataset import FinishedDataset, finish_dataset
from dnabert.data.finish.tables import TABLE_COLUMNS, Origin, write_dataset
from dnabert.data.labelled import read_set
from dnabert.dna.regions import read_bed
from dnabert.dna.sequence import decode_bases
from dnabert.output import new_directory, sha256_of_file
from tests.data.finish.rows import make_draft, make_row, many_rows

ORIGIN = Origin("dnabert dataset x --seed 3", 3, SplitConfig(), {"/data/g.fa": "ab12"}, "hg38", {"/data/t.bed": "cd34"})
FILES = {"train.tsv", "valid.tsv", "test.tsv", "regions.bed", "leakage.json", "dataset.json"}


@pytest.fixture(scope="module")
def dataset() -> FinishedDataset:
    return finish_dataset(make_draft(many_rows(12)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, dataset: FinishedDataset) -> Path:
    directory = tmp_path_factory.mktemp("set")
    write_dataset(directory, dataset, ORIGIN)
    return directory


def test_a_table_by_hand(tmp_path: Path) -> None:
    row = replace(make_row("AGRN_1", "ACGT", start=7, strand="-"), source="tss:AGRN_1", category="TATA")
    write_dataset(tmp_path, finish_dataset(make_draft([row])), ORIGIN)
    assert (tmp_path / "train.tsv").read_text() == (
        f"# dnabert {__version__}\n"
        "# command: dnabert dataset x --seed 3\n"
        "# data set: made-up\n"
        "# task: classify\n"
        "# split: train\n"
        "# rows: 1\n"
        "# seed: 3\n"
        "# genome: g.fa (SHA-256 ab12)\n"
        "# assembly: hg38\n"
        "# annotation: t.bed (SHA-256 cd34)\n"
        "# coordinates: 0-based, half-open, forward strand; the sequence is read on the strand\n"
        "id\tsequence\tlabel\tcontig\tstart\tend\tstrand\tsource\tcategory\tsplit\n"
        "AGRN_1\tACGT\t1\tchr-train\t7\t11\t-\ttss:AGRN_1\tTATA\ttrain\n"
    )
    assert (tmp_path / "test.tsv").read_text().splitlines()[-1] == "\t".join(TABLE_COLUMNS)


def test_all_files_are_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES


def test_finetuning_reads_the_tables(folder: Path, dataset: FinishedDataset) -> None:
    for split in ("train", "valid", "test"):
        read, own = read_set(folder / f"{split}.tsv", 6), dataset.labelled(split)
        assert read.digest == own.digest
        assert len(read) == 24


def test_pandas_reads_the_tables(folder: Path, dataset: FinishedDataset) -> None:
    frame = pandas.read_csv(folder / "valid.tsv", sep="\t", comment="#", dtype={"label": str}, keep_default_na=False)
    assert list(frame.columns) == list(TABLE_COLUMNS)
    rows = dataset.rows("valid")
    assert frame["sequence"].tolist() == [decode_bases(row.codes) for row in rows]
    assert frame["start"].tolist() == [row.region.start for row in rows]


def test_letters_that_would_end_a_field_or_begin_a_comment_are_escaped(tmp_path: Path) -> None:
    row = replace(make_row('a#1 "b"', "ACGT", "x#y"), source="tss:tab\there", category="new\nline")
    write_dataset(tmp_path, finish_dataset(make_draft([row])), ORIGIN)
    frame = pandas.read_csv(tmp_path / "train.tsv", sep="\t", comment="#")
    assert frame.iloc[0].tolist()[:3] == ["a%231 %22b%22", "ACGT", "x%23y"]
    assert frame.iloc[0].tolist()[7:] == ["tss:tab%09here", "new%0Aline", "train"]
    assert read_set(tmp_path / "train.tsv", 3).labels == ("x%23y",)
    assert [region.name for region in read_bed(tmp_path / "regions.bed")] == ["a%231 %22b%22"]


def test_regions_are_sorted_and_hold_every_row(folder: Path, dataset: FinishedDataset) -> None:
    regions = list(read_bed(folder / "regions.bed"))
    keys = [(region.contig, region.start, region.end) for region in regions]
    assert keys == sorted(keys)
    own = {(row.region.name, row.region.contig, row.region.start, row.region.end, row.region.strand) for row in dataset.examples}
    assert {(region.name, region.contig, region.start, region.end, region.strand) for region in regions} == own
    assert (folder / "regions.bed").read_text().splitlines()[-1].split("\t")[4] == "0"


def test_the_record_says_what_it_was_made_with(folder: Path, dataset: FinishedDataset) -> None:
    record = json.loads((folder / "dataset.json").read_text())
    assert (record["name"], record["task"], record["seed"], record["command"]) == ("made-up", "classify", 3, ORIGIN.command)
    assert record["inputs"] == {"/data/g.fa": "ab12", "/data/t.bed": "cd34"}
    assert record["genome"] == {"files": {"/data/g.fa": "ab12"}, "assembly": "hg38"}
    assert record["config"] == SplitConfig().model_dump(mode="json")
    assert list(record["counts"].items()) == list(dataset.counts.items())
    assert record["classes"]["test"] == {"0": 12, "1": 12}
    assert record["facts"] == {"share of GT": 0.5}
    assert record["files"] == {name: sha256_of_file(folder / name) for name in FILES - {"dataset.json"}}
    assert json.loads((folder / "leakage.json").read_text())["rows"] == record["rows"] == {"train": 24, "valid": 24, "test": 24}


def test_the_same_content_gives_the_same_bytes(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_ROWS", 5)
    write_dataset(tmp_path, finish_dataset(make_draft(many_rows(12))), ORIGIN)
    assert all((tmp_path / name).read_bytes() == (folder / name).read_bytes() for name in FILES)


def test_many_annotation_files_are_listed_in_the_record_only() -> None:
    origin = replace(ORIGIN, annotations={f"peaks{number}.bed": "ab" for number in range(7)}, assembly=None)
    heading = origin.heading()
    assert "peaks4.bed (SHA-256 ab), and 2 more, see dataset.json\n" in heading
    assert "# assembly: unknown\n" in heading


def test_a_data_set_may_be_replaced_by_force(tmp_path: Path, dataset: FinishedDataset) -> None:
    for _ in range(2):
        with new_directory(tmp_path / "set", force=True) as fresh:
            write_dataset(fresh, dataset, ORIGIN)
    assert {path.name for path in (tmp_path / "set").iterdir()} == FILES
