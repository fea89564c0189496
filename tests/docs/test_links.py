"""What pages link to is there, and what is drawn is shown."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_WHERE = ("*.md", "docs/**/*.md", "benchmarks/*.md", "benchmarks/**/README.md", "src/dnabert/weights/*/README.md")
PAGES = sorted(page for pattern in _WHERE for page in ROOT.glob(pattern))  # notes of benchmarks end up in pages of docs
DRAWN = sorted(path for path in ROOT.glob("docs/**/*") if path.suffix in (".svg", ".png"))


def targets(page: Path) -> list[Path]:
    """Files of the repository that a page links to or shows."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    inside = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    return [(page.parent / link).resolve() for link in inside if link]


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    assert [str(target) for target in targets(page) if not (target.exists() and target.is_relative_to(ROOT))] == []


def test_every_figure_is_shown_by_a_page() -> None:
    shown = {target for page in PAGES for target in targets(page)}
    assert DRAWN
    assert [str(path.relative_to(ROOT)) for path in DRAWN if path.resolve() not in shown] == []
