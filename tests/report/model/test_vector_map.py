import numpy as np

from dnabert.report.model.vector_map import MapFound, map_section
from dnabert.report.page import Page, Section, render_page

POINTS = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]], np.float32)


def _html(section: Section) -> str:
    return render_page(Page("t", "l", (section,)))


def test_groups_have_their_names_and_the_sample_is_stated() -> None:
    found = MapFound(POINTS, ("PC 1", "PC 2"), np.array([0, 1, 0]), ("no (n = 2)", "yes (n = 1)"), None, "", "How.", ("Mind.",), 9)
    html = _html(map_section(found))
    assert "How. 3 of 9 sequences are shown, drawn at random." in html
    assert "yes (n = 1)" in html
    assert "its colour is its label. What stands apart the model tells apart." in html
    assert "Mind." in html


def test_values_have_a_scale_and_nothing_is_said_of_distances_in_umap() -> None:
    found = MapFound(POINTS, ("UMAP 1", "UMAP 2"), None, (), np.array([0.5, 1.5, 2.5]), "activity", "How.", (), 3)
    html = _html(map_section(found))
    assert "its colour is its measured activity. Neighbours are alike; distances between clumps mean little." in html
    assert "drawn at random" not in html
