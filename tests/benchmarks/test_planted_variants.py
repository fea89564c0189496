"""The table of planted variants ranks what it is given, and nothing else."""

from collections import Counter

from benchmarks.planted_variants import MEASURES, Variant, auroc, best_measure, rows_of


def test_a_score_that_ranks_all_planted_variants_first_has_an_auroc_of_one() -> None:
    assert auroc([True, True, False, False], [3.0, 2.0, 1.0, 0.5])[0] == 1
    assert auroc([True, True, False, False], [0.1, 0.2, 1.0, 0.5])[0] == 0


def test_rows_compare_each_kind_with_all_neutral_variants_and_leave_out_what_was_not_scored() -> None:
    variants = [Variant("a", True, "disrupts", "TF1", 1.0, 0.0), Variant("b", True, "creates", "TF2", 0.0, 1.0)]
    variants += [Variant("c", False, "neutral", "", 0.0, 0.0), Variant("d", True, "creates", "TF2", 0.0, 0.0)]
    rows = rows_of(variants, {"other": {"a": 0.0, "b": 0.0, "c": 1.0}, "mine": {"a": 2.0, "b": 0.1, "c": 1.0}}, "mine")
    cells = {row.split("|")[1].strip(): row.split("|")[2:] for row in rows}
    assert [cell.strip() for cell in cells["**the model: mine**"][:2]] == ["2", "1"]
    assert cells["**the model: mine**"][2].strip().startswith("0.500")
    assert cells["chosen: disrupts"][2].strip().startswith("1.000")
    assert cells["chosen: sites of TF2"][2].strip().startswith("0.000")
    assert Counter(cell[0].strip() for cell in cells.values())["1"] == 4
    assert cells["the model: other"][2].strip().startswith("0.000")


def test_the_measure_is_chosen_by_its_auroc() -> None:
    variants = [Variant("a", True, "disrupts", "TF1", 1.0, 0.0), Variant("b", False, "neutral", "", 0.0, 1.0)]
    assert best_measure(variants, {"wrong": {"a": 0.0, "b": 1.0}, "right": {"a": 1.0, "b": 0.0}}) == "right"


def test_measures_are_magnitudes_of_a_loss_as_of_a_gain() -> None:
    for measure in MEASURES.values():
        assert measure(-2.0, 0.5, -0.1) == measure(2.0, 0.5, 0.1) > 0
