from pathlib import Path

import pytest

from dnabert.report.model.training_curves import finetune_section, hidden_base_card, pretrain_section
from dnabert.report.page import Page, Section, render_page
from dnabert.report.run_files import read_run
from tests.report.run_writer import write_finetuned, write_pretrained, write_record


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_pretraining_shows_loss_and_hidden_bases_against_chance(tmp_path: Path) -> None:
    html = _html(pretrain_section(read_run(write_pretrained(tmp_path)), 0.3))
    assert "Pre-training loss.</b>" in html
    assert "Hidden bases named right.</b>" in html
    assert "nats per masked 6-mer" in html
    assert "always the most frequent base (30.0%)" in html
    # Wilson, 200 of 400.
    assert "<strong>50.0%</strong> of the hidden bases right (95% interval 45.1% to 54.9%, over 400 hidden bases)" in html
    assert "beyond its composition" in html


@pytest.mark.parametrize(("share", "verdict"), [(0.27, "no more than guessing yet"), (0.31, "more than blind guessing")])
@pytest.mark.usefixtures("no_drawing")
def test_the_verdict_does_not_flatter(tmp_path: Path, share: float, verdict: str) -> None:
    assert verdict in _html(pretrain_section(read_run(write_pretrained(tmp_path, share))))


@pytest.mark.usefixtures("no_drawing")
def test_more_than_chance_but_no_more_than_the_frequent_base_is_no_success(tmp_path: Path) -> None:
    assert "no more than guessing yet" in _html(pretrain_section(read_run(write_pretrained(tmp_path, 0.31)), 0.3))


def test_the_card_names_what_guessing_gives(tmp_path: Path) -> None:
    run = read_run(write_pretrained(tmp_path))
    assert hidden_base_card(run)[0].note == "guessing 25%"
    assert hidden_base_card(run, 0.3)[0].note == "guessing 25%, commonest base 30.0%"


def test_a_pretraining_run_without_files_says_so(tmp_path: Path) -> None:
    run = read_run(tmp_path)
    html = _html(pretrain_section(run))
    assert "There is no <code>metrics.jsonl</code> in this run" in html
    assert "no contig was held out, or the run has not ended" in html
    assert hidden_base_card(run) == ()


def test_finetuning_shows_loss_and_the_figure_that_chose(tmp_path: Path) -> None:
    html = _html(finetune_section(read_run(write_finetuned(tmp_path))))
    assert "Fine-tuning loss.</b>" in html
    assert "Validation MCC.</b>" in html
    assert "weights kept (step 20)" in html
    assert (
        "from random weights (no pre-trained model was given), all weights were trained on 100 labelled sequences, checked on 40 others."
        in html
    )
    assert "It took 40 steps; the weights of step 20 were kept, where validation MCC was best." in html


def test_the_figure_that_chose_is_the_one_of_the_record(tmp_path: Path) -> None:
    write_record(write_finetuned(tmp_path), {"config": {"head": {"task": "classify"}, "select_by": "auroc"}, "model": {"directory": "x"}})
    html = _html(finetune_section(read_run(tmp_path)))
    assert "Validation AUROC.</b>" in html
    assert "Starting from a pre-trained model, all weights were trained on labelled sequences." in html


def test_a_finetuned_run_without_a_log_says_so(tmp_path: Path) -> None:
    assert "There is no <code>metrics.jsonl</code> in this run" in _html(finetune_section(read_run(tmp_path)))


def test_a_log_without_curves_says_so(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n')
    assert "holds neither losses nor validation figures" in _html(finetune_section(read_run(tmp_path)))
