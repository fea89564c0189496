"""Every recipe is read by the verb it is for."""

from pathlib import Path

import pytest

from dnabert.settings import merge_settings
from dnabert.train.config import FinetuneConfig, PretrainConfig

RECIPES = sorted(Path(__file__).parents[1].glob("recipes/*.toml"))


def test_there_are_recipes() -> None:
    names = {path.stem for path in RECIPES}
    assert names >= {"pretrain-3mer", "pretrain-4mer", "pretrain-5mer", "pretrain-6mer", "prom-core", "prom-300", "tf-690", "splice"}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipe_is_read(path: Path) -> None:
    kind = PretrainConfig if path.stem.startswith("pretrain") else FinetuneConfig
    config = merge_settings(kind(), path)
    assert config != kind()
    if isinstance(config, PretrainConfig):
        assert f"{config.model.kmer}mer" in path.stem
        assert config.masking.rate_at(99_999, config.steps) == 0.15
        assert config.masking.rate_at(100_001, config.steps) == 0.20
