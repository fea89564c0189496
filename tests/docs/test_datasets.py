"""Every setting of the data sets stands in docs/datasets.md, with its default and what it does, as its model says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from dnabert.data.datasets.promoters import PromoterConfig
from dnabert.data.datasets.splice import SpliceConfig
from dnabert.data.datasets.splits import SplitConfig
from dnabert.data.datasets.tfbs import TfbsConfig
from dnabert.settings import as_typed

GUIDE = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text()
HEADER = "| `--set` | default | what it does |\n|---|---|---|\n"
TABLES: dict[str, tuple[type[BaseModel], str]] = {
    "Promoters": (PromoterConfig, ""),
    "Binding sites": (TfbsConfig, ""),
    "Splice sites": (SpliceConfig, ""),
    "Splits, duplicates, leakage": (SplitConfig, "splits."),
}


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if isinstance(field.default, SplitConfig):
            continue  # the same in all verbs: told once
        if isinstance(field.default, BaseModel):
            yield from _rows(type(field.default), f"{prefix}{name}.")
            continue
        assert field.description, f"{model.__name__}.{name} has no docstring"
        text = " ".join(field.description.split()).replace("``", "`").replace("|", "\\|")
        default = "none" if field.default in (None, ()) else f"`{as_typed(field.default)}`"
        yield f"| `{prefix}{name}` | {default} | {text} |\n"


@pytest.mark.parametrize("section", TABLES)
def test_settings_of_a_section_are_those_of_its_model(section: str) -> None:
    text = re.split(r"^## ", GUIDE, flags=re.MULTILINE)
    (own,) = (part for part in text if part.startswith(f"{section}\n"))
    assert HEADER + "".join(_rows(*TABLES[section])) in own
