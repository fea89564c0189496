"""The guide to fine-tuning names every setting, at its default."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from dnabert.settings import as_typed, merge_settings
from dnabert.train.config import FinetuneConfig

GUIDE = (Path(__file__).parents[2] / "docs/finetune.md").read_text(encoding="utf-8")
TABLE = GUIDE.split("## Settings")[1].split("## What lies")[0]


def _fields(config: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, BaseModel):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def test_the_guide_lists_every_setting_once() -> None:
    listed = [
        name for row in TABLE.splitlines() if row.startswith("| `") for name in re.findall(r"`([\w.]+)(?:=[^`]*)?`", row.split("|")[1])
    ]
    assert sorted(listed) == sorted(name for name, _ in _fields(FinetuneConfig()))


@pytest.mark.parametrize(
    ("name", "value"), re.findall(r"`([\w.]+)=([^`]*)`", "".join(row.split("|")[1] for row in TABLE.splitlines() if "|" in row))
)
def test_the_guide_gives_the_defaults(name: str, value: str) -> None:
    assert as_typed(dict(_fields(FinetuneConfig()))[name]) == value


def test_the_recipe_for_few_labels_is_what_the_guide_says() -> None:
    config = merge_settings(FinetuneConfig(), Path(__file__).parents[2] / "recipes/few-labels.toml")
    assert (config.frozen, config.head_start, config.head.pooling) == ("embeddings", "probe", "mean")
    for text in ('frozen = "embeddings"', 'head_start = "probe"', "min_steps", "--config recipes/few-labels.toml"):
        assert text in GUIDE
