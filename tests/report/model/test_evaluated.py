import numpy as np
import pytest

from dnabert.report.model.evaluated import Evaluated, evaluated_cards, evaluated_section
from dnabert.report.page import Page, Section, render_page

METRICS = {"mcc": 0.5, "accuracy": 0.75, "auroc": None, "n": 4}
TARGETS, PROBS = np.array([0, 1, 1, 0]), np.array([[0.95, 0.05], [0.15, 0.85], [0.65, 0.35], [0.75, 0.25]], np.float32)


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_cards_hold_what_the_task_has_with_intervals() -> None:
    found = Evaluated("t.csv", "classify", ("no", "yes"), METRICS, {"mcc": (0.25, 0.75)}, TARGETS, PROBS, 4)
    assert [(card.label, card.value, card.note) for card in evaluated_cards(found)] == [
        ("MCC", "0.500", "95% interval 0.250\u00a0to\u00a00.750"),
        ("Accuracy", "0.750", "no interval"),
    ]


@pytest.mark.usefixtures("no_drawing")
def test_figures_stand_beside_those_of_the_training_and_content_that_was_trained_on_is_warned_of() -> None:
    found = Evaluated(
        "t.csv", "classify", ("no", "yes"), METRICS, {"mcc": (0.25, 0.75)}, TARGETS, PROBS, 4, {"mcc": 0.125}, "runs/train.csv"
    )
    html = _html(evaluated_section(found))
    assert "t.csv holds the very sequences and labels of <code>runs/train.csv</code>, which this model was trained or chosen on" in html
    assert "<strong>0.500</strong>" in html
    assert "0.125" in html
    assert "On 4 sequences of t.csv. A dash: the labels do not define the figure." in html
    assert "3 of 4 (75.0%)" in html


@pytest.mark.usefixtures("no_drawing")
def test_a_token_model_counts_places_by_what_they_are() -> None:
    html = _html(evaluated_section(Evaluated("t.csv", "token", ("no", "yes"), METRICS, {}, TARGETS, PROBS, 2, unit="k-mers")))
    assert "On 2 sequences of t.csv, 4 labelled places in them" in html
    assert "This model answers for all k-mers of a sequence" in html
    assert "Scores by true class" in html
    assert "Bars beneath: k-mers in each bin. Expected calibration error of the predicted class: 0.275." in html
    assert "The intervals take k-mers for independent of each other; those of one sequence are not" in html
    assert ">Here</th>" in html


@pytest.mark.usefixtures("no_drawing")
def test_labels_and_values_have_their_own_pictures() -> None:
    hot = np.array([[1, 0], [0, 0], [1, 0], [0, 0]], np.float32)
    html = _html(evaluated_section(Evaluated("t.csv", "multilabel", ("a", "b"), METRICS, {}, hot, PROBS, 4)))
    assert "ROC curve of each label" in html
    values = np.array([[0.5], [1.5]])
    html = _html(evaluated_section(Evaluated("t.csv", "regress", ("level",), {"spearman": 1.0}, {}, values, values, 2)))
    assert "Measured and predicted level" in html
