import csv
from pathlib import Path

import numpy as np
import pytest

from dnabert.data.simulate import SimulationConfig, simulate_genome, write_simulation
from dnabert.errors import DataFileError
from dnabert.report.demo import write_demo_report
from dnabert.report.model.evaluated import Evaluated
from dnabert.report.model.page import ModelReading
from dnabert.report.page import Paragraph, Section
from tests.report.run_writer import write_finetuned, write_predictions_tsv, write_pretrained


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("demo")
    simulation = folder / "simulation"
    write_simulation(simulate_genome(SimulationConfig(num_contigs=3, contig_bp=20_000, num_promoters=12), 0), simulation)
    finetuned = write_finetuned(folder / "finetune")
    with (simulation / "test.csv").open() as handle:
        rows = [(row["id"], row["label"], "0.3", "0.7") for row in csv.DictReader(handle)]
    write_predictions_tsv(finetuned, rows)
    return write_pretrained(folder / "pretrain"), finetuned, simulation


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory, parts: tuple[Path, Path, Path]) -> str:
    return _write(tmp_path_factory.mktemp("report") / "report.html", parts)


def _write(path: Path, parts: tuple[Path, Path, Path]) -> str:
    attention = Section("What it attends to", (Paragraph("more"),))
    evaluated = Evaluated("test.csv", "classify", ("0", "1"), {}, {}, np.zeros(0, np.int64), np.zeros((0, 2)), 0)
    reading = ModelReading("finetune", evaluated, (attention,), (), (), ())
    baselines = {"k-mer counts <&>": {"mcc": 0.5, "auroc": None}}
    write_demo_report(path, *parts, baselines=baselines, reading=reading, command="dnabert demo --out x")
    return path.read_text(encoding="utf-8")


def test_the_story_is_told_top_to_bottom(html: str) -> None:
    story = [
        "What happened here",
        "1. The genome",
        "2. Pre-training",
        "3. Fine-tuning",
        "4. How good is it?",
        "Is it worth the effort?",
        "5. Where it is right and wrong",
        ">6. What it attends to</h2>",
        "From here on the model is asked what it goes by.",
        "With your own data",
        "dnabert predict new.fa",
        "Where this comes from",
        "dnabert demo --out x",
    ]
    places = [html.rindex(text) for text in story]
    assert places == sorted(places)
    assert "k-mer counts &lt;&amp;&gt;" in html
    assert "always the most frequent base" in html
    assert "It called <strong>62.5%</strong> of 8 test sequences right (95% interval 50.0% to 75.0%)." in html


def test_the_best_of_each_figure_stands_out_and_a_missing_one_is_a_dash(html: str) -> None:
    plain = html.replace("\n", "")
    row = plain[plain.index("<td>k-mer counts") :][:400]
    assert '<td class="number"><strong>0.500</strong></td>' in row
    assert '<td class="number">–</td>' in row


def test_equal_inputs_give_equal_bytes(tmp_path: Path, parts: tuple[Path, Path, Path], html: str) -> None:
    assert _write(tmp_path / "again.html", parts) == html


@pytest.mark.usefixtures("no_drawing")
def test_empty_runs_still_make_a_report_that_says_what_is_missing(tmp_path: Path, parts: tuple[Path, Path, Path]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "simulation").mkdir()
    (tmp_path / "simulation" / "truth.json").write_bytes((parts[2] / "truth.json").read_bytes())
    write_demo_report(tmp_path / "report.html", tmp_path / "empty", tmp_path / "empty", tmp_path / "simulation")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.count('class="notice') >= 6
    assert "Is it worth the effort?" not in html


def test_a_test_table_without_ids_is_an_error(tmp_path: Path, parts: tuple[Path, Path, Path]) -> None:
    (tmp_path / "truth.json").write_bytes((parts[2] / "truth.json").read_bytes())
    (tmp_path / "test.csv").write_text("sequence,label\nACGT,1\n")
    with pytest.raises(DataFileError, match=r"test\.csv:1: needs the columns 'id' and 'sequence'"):
        write_demo_report(tmp_path / "report.html", parts[0], parts[1], tmp_path)
    assert not (tmp_path / "report.html").exists()
