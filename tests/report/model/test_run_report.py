from pathlib import Path

import pytest

from dnabert.errors import DataFileError
from dnabert.report.model.run_report import provenance_section, report_of_run, write_model_report
from dnabert.report.page import Page, Paragraph, Section, render_page
from dnabert.report.run_files import read_run
from tests.report.run_writer import write_finetuned, write_pretrained


@pytest.mark.usefixtures("no_drawing")
def test_a_finetuned_run_has_performance_training_and_provenance(tmp_path: Path) -> None:
    titles = [section.title for section in report_of_run(write_finetuned(tmp_path))]
    assert titles == ["How good is it?", "How it was trained", "Where this comes from"]


@pytest.mark.usefixtures("no_drawing")
def test_a_pretraining_run_is_known_by_its_record_or_its_log(tmp_path: Path) -> None:
    write_pretrained(tmp_path)
    assert [section.title for section in report_of_run(tmp_path)] == ["Pre-training", "Where this comes from"]
    (tmp_path / "run.json").unlink()
    assert [section.title for section in report_of_run(tmp_path)] == ["Pre-training", "Where this comes from"]


@pytest.mark.usefixtures("no_drawing")
def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    run = write_finetuned(tmp_path / "run")
    for name in "ab":
        write_model_report(tmp_path / name, run, command="dnabert report")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.usefixtures("no_drawing")
def test_the_report_names_what_it_was_made_from(tmp_path: Path) -> None:
    run = write_finetuned(tmp_path / "run")
    (run / "model.safetensors").write_bytes(b"")
    write_model_report(
        tmp_path / "report.html", run, extras=[Section("Motifs", (Paragraph("more"),))], command="dnabert report --model run"
    )
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    # SHA-256 of no bytes.
    for fact in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "f" * 64,
        "dnabert finetune --train a.csv",
        "torch 2.13.0",
    ):
        assert fact in html
    assert "dnabert report --model run" in html
    assert html.index(">Motifs</h2>") < html.index(">Where this comes from</h2>")


@pytest.mark.usefixtures("no_drawing")
def test_a_pretraining_report_is_written_too(tmp_path: Path) -> None:
    write_model_report(tmp_path / "report.html", write_pretrained(tmp_path / "run"))
    assert "A model pre-trained on DNA alone" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_missing_record_is_said(tmp_path: Path) -> None:
    section = provenance_section([("fine-tuning", read_run(tmp_path))])
    assert "so command, seed, inputs and versions are not known" in render_page(Page("t", "l", (section,)))


@pytest.mark.usefixtures("no_drawing")
def test_settings_are_listed_by_their_dotted_names(tmp_path: Path) -> None:
    section = provenance_section([("fine-tuning", read_run(write_finetuned(tmp_path)))])
    assert "<dt>head.task</dt><dd>&#34;classify&#34;</dd>" in render_page(Page("t", "l", (section,)))


def test_a_directory_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"holds no run\.json, metrics\.json or metrics\.jsonl; give a run directory"):
        report_of_run(tmp_path)


def test_a_damaged_run_writes_no_report(tmp_path: Path) -> None:
    run = write_finetuned(tmp_path / "run")
    (run / "metrics.json").write_text("{")
    with pytest.raises(DataFileError, match=r"metrics\.json: is damaged"):
        write_model_report(tmp_path / "report.html", run)
    assert not (tmp_path / "report.html").exists()
