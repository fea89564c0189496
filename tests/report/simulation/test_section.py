from pathlib import Path

import pytest

from dnabert.report.page import Page, render_page
from dnabert.report.simulation import frequent_base_share, simulation_section
from tests.report.simulation.test_truth import truth_of


def test_the_section_tells_sizes_and_shows_where_things_were_planted() -> None:
    html = render_page(Page("t", "l", (simulation_section(truth_of(), "The genome"),)))
    assert "1 contig, 0.0 million bases, with 1 interspersed repeat and 1 run of N in it" in html
    assert "Inr" in html
    assert "What was planted where.</b>" in html


@pytest.mark.parametrize(("both_strands", "share"), [(False, 0.5), (True, 0.3)])
def test_the_most_frequent_base_by_hand(tmp_path: Path, both_strands: bool, share: float) -> None:
    (tmp_path / "g.fa").write_text(">a\nAAAAATccgGNN\n>b\nGGGGGGGGG\n")
    assert frequent_base_share(tmp_path / "g.fa", ["a"], both_strands=both_strands) == pytest.approx(share)
    assert frequent_base_share(tmp_path / "g.fa", ["other"], both_strands=both_strands) is None
