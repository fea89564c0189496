from pathlib import Path

import pytest

from dnabert.errors import DataFileError
from dnabert.report.model.performance import metric_cards, performance_section
from dnabert.report.page import Page, Section, render_page
from dnabert.report.run_files import read_run
from tests.report.run_writer import TEST, VALID, binary_rows, write_finetuned, write_metrics, write_predictions_tsv, write_record


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_figures_intervals_and_all_five_pictures_of_a_binary_classifier(tmp_path: Path) -> None:
    html = _html(performance_section(read_run(write_finetuned(tmp_path)), {"0": "no promoter", "1": "promoter"}))
    for title in ("ROC curve", "Precision and recall", "Confusion matrix", "Scores by true class", "Calibration"):
        assert f"{title}.</b>" in html
    assert "<strong>0.250</strong>" in html
    assert "−0.100\u00a0to\u00a00.600" in html
    assert "On 8 test sequences and 40 validation sequences." in html
    assert "5 of 8 (62.5%)" in html
    assert "“promoter”" in html
    assert 'class="notice' not in html


def test_cards_hold_the_test_figures_with_intervals(tmp_path: Path) -> None:
    cards = metric_cards(read_run(write_finetuned(tmp_path)), ("mcc", "auroc", "spearman"))
    assert [(card.label, card.value, card.note) for card in cards] == [
        ("MCC, test", "0.250", "95% interval −0.100\u00a0to\u00a00.600"),
        ("AUROC, test", "0.900", "no interval"),
    ]


@pytest.mark.usefixtures("no_drawing")
def test_without_a_test_set_validation_figures_are_shown_and_called_so(tmp_path: Path) -> None:
    write_metrics(write_finetuned(tmp_path), {"valid": VALID})
    run = read_run(tmp_path)
    html = _html(performance_section(run))
    assert "No test set was given (<code>--test</code>): these are validation figures." in html
    assert "Test (95% interval)" not in html
    assert metric_cards(run, ("mcc",))[0].label == "MCC, validation"


def test_missing_parts_are_said(tmp_path: Path) -> None:
    html = _html(performance_section(read_run(tmp_path)))
    assert "There is no <code>metrics.json</code> in this run" in html
    assert "there is no <code>predictions.tsv</code> in this run" in html
    assert metric_cards(read_run(tmp_path)) == ()


@pytest.mark.usefixtures("no_drawing")
def test_missing_intervals_are_said(tmp_path: Path) -> None:
    write_metrics(write_finetuned(tmp_path), {"valid": VALID, "test": TEST})
    assert "There are no intervals in <code>metrics.json</code>; <code>dnabert evaluate</code> computes them." in _html(
        performance_section(read_run(tmp_path))
    )


@pytest.mark.usefixtures("no_drawing")
def test_a_collapse_is_said(tmp_path: Path) -> None:
    write_metrics(write_finetuned(tmp_path), {"valid": VALID, "test": TEST, "collapsed": True})
    assert "The model has <strong>collapsed</strong>" in _html(performance_section(read_run(tmp_path)))


def test_predictions_without_labels_are_said(tmp_path: Path) -> None:
    write_predictions_tsv(write_finetuned(tmp_path), [("a", "0.2", "0.8")], "id\tprob_0\tprob_1")
    assert "<code>predictions.tsv</code> holds no labels" in _html(performance_section(read_run(tmp_path)))


@pytest.mark.usefixtures("no_drawing")
def test_one_class_only_leaves_out_the_curves_and_says_so(tmp_path: Path) -> None:
    rows = [row for row in binary_rows() if row[1] == "1"]
    write_predictions_tsv(write_finetuned(tmp_path), rows)
    html = _html(performance_section(read_run(tmp_path)))
    assert "only one class occurs among the labels" in html
    assert "ROC curve.</b>" not in html
    assert "Confusion matrix.</b>" in html


@pytest.mark.usefixtures("no_drawing")
def test_predictions_of_other_weights_are_said(tmp_path: Path) -> None:
    (write_finetuned(tmp_path) / "model.safetensors").write_bytes(b"other")
    assert "was written with other weights than those in this run" in _html(performance_section(read_run(tmp_path)))


def test_an_unknown_label_names_the_file_and_the_classes(tmp_path: Path) -> None:
    write_predictions_tsv(write_finetuned(tmp_path), [("a", "7", "0.2", "0.8")])
    with pytest.raises(DataFileError, match=r"predictions\.tsv: the label '7' is no class of the model \(0, 1\)"):
        performance_section(read_run(tmp_path))


def test_three_classes_each_have_their_curve(tmp_path: Path) -> None:
    rows = [(f"r{n}", "abc"[n % 3], *("0.6" if column == n % 3 else "0.2" for column in range(3))) for n in range(9)]
    write_predictions_tsv(write_finetuned(tmp_path), rows, "id\tlabel\tprob_a\tprob_b\tprob_c")
    html = _html(performance_section(read_run(tmp_path)))
    for name in "abc":
        assert f"{name}: AUROC 1.000" in html
    assert "Each class is set against all others." in html


@pytest.mark.usefixtures("no_drawing")
def test_of_many_classes_the_most_frequent_are_shown_and_counted(tmp_path: Path) -> None:
    K = 12
    rows = [(f"r{n}", str(n % K), *(f"{1 / K:.4f}" for _ in range(K))) for n in range(2 * K)]
    write_predictions_tsv(write_finetuned(tmp_path), rows, "\t".join(["id", "label", *(f"prob_{name}" for name in range(K))]))
    html = _html(performance_section(read_run(tmp_path)))
    assert "The 8 most frequent of 12 classes are shown." in html


def test_each_label_of_a_multilabel_model_has_its_curve(tmp_path: Path) -> None:
    rows = [("a", "x;y", "0.9", "0.9"), ("b", "none", "0.1", "0.2"), ("c", "x", "0.8", "0.3")]
    write_predictions_tsv(write_finetuned(tmp_path, "multilabel"), rows, "id\tlabel\tprob_x\tprob_y")
    html = _html(performance_section(read_run(tmp_path)))
    assert "x: AUROC 1.000" in html
    assert "y: AUPRC 1.000" in html
    write_predictions_tsv(tmp_path, rows[:1], "id\tlabel\tprob_x\tprob_y")
    assert "no label is both present and absent" in _html(performance_section(read_run(tmp_path)))


@pytest.mark.usefixtures("no_drawing")
def test_a_regression_is_a_scatter(tmp_path: Path) -> None:
    rows = [("a", "1.5", "1.25"), ("b", "2.5", "2.75")]
    write_predictions_tsv(write_finetuned(tmp_path, "regress"), rows, "id\tlabel\tvalue")
    assert "Measured and predicted value.</b>" in _html(performance_section(read_run(tmp_path)))
    write_predictions_tsv(tmp_path, [("a", "high", "1.25")], "id\tlabel\tvalue")
    with pytest.raises(DataFileError, match=r"predictions\.tsv: a label does not hold 1 number"):
        performance_section(read_run(tmp_path))


@pytest.mark.usefixtures("no_drawing")
def test_a_token_model_has_figures_only_and_says_why(tmp_path: Path) -> None:
    write_predictions_tsv(write_finetuned(tmp_path, "token"), [("a", "0", "0.5", "0.5")], "id\tposition\tprob_0\tprob_1")
    write_record(tmp_path, {"config": {"head": {"task": "token"}}})
    assert "a token model makes one prediction for each base" in _html(performance_section(read_run(tmp_path)))
