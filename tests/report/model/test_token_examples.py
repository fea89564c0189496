import numpy as np

from dnabert.report.model.token_examples import TokenExample, token_section
from dnabert.report.page import Page, Section, render_page


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_true_and_called_classes_are_coloured_and_errors_counted() -> None:
    example = TokenExample("s1", "ACGTACGT", np.array([0, 0, 1, 1, 2, 0]), np.array([0, 1, 1, 1, 2, 0]), 10, 50)
    html = _html(token_section([example], ("none", "donor", "acceptor"), 0))
    assert "bases 10 to 17 of 50; 1 wrong" in html
    assert '<span class="m0" title="donor">GT</span><span class="m1" title="acceptor">A</span>C' in html
    assert '<span class="m0" title="donor">CGT</span>' in html
    assert "Bases that are left plain are “none”." in html
    assert "GT</span></td>" in html.replace("\n", "")  # the last bases of k-mer labels have none


def test_without_a_labelled_place_there_is_no_example() -> None:
    assert "No example is shown: every place is labelled “none”." in _html(token_section([], ("none", "donor"), 0))
