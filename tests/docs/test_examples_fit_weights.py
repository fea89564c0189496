"""The examples of the guides were run with the weights that the package holds now."""

import re
from pathlib import Path

import pytest

from dnabert.output import sha256_of_file
from dnabert.registry import resolve_model

DOCS = Path(__file__).parents[2] / "docs"
MODEL = "dnabert-6-mini"
GUIDES = sorted(path.name for path in DOCS.glob("*.md") if "runs/demo" in path.read_text(encoding="utf-8"))
NAMED = re.compile(rf"^Examples: demo of {MODEL}, weights SHA-256 `([0-9a-f]{{12}})`\.$", flags=re.MULTILINE)


def test_there_are_guides_with_examples_of_the_demo() -> None:
    assert {"attention.md", "attribute.md", "embed.md", "motifs.md", "report.md", "scan.md", "variants.md"} <= set(GUIDES)


@pytest.mark.parametrize("guide", GUIDES)
def test_examples_are_of_the_packaged_weights(guide: str) -> None:
    named = NAMED.findall((DOCS / guide).read_text(encoding="utf-8"))
    assert len(named) == 1, f"docs/{guide}: name once the weights that its examples were made with: Examples: demo of {MODEL}, ..."
    packaged = sha256_of_file(resolve_model(MODEL) / "model.safetensors")[:12]
    assert named[0] == packaged, (
        f"docs/{guide}: its examples are of weights {named[0]}..., the package holds {packaged}...:"
        " run the examples anew (make demo, then each command as it stands there), and read again what the page concludes from them"
    )
