import pytest


@pytest.fixture
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made but not rendered: for tests of what stands around them."""
    monkeypatch.setattr("dnabert.report.page.svg_text", lambda *_: "<svg></svg>")
