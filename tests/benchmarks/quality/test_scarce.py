"""Which runs the document of few labels tells of."""

from pathlib import Path

from benchmarks.quality.cells.records import KeptRun, Record
from benchmarks.quality.scarce import with_few_labels


def _kept(task: str, contestant: str, recipe: str, share: float) -> KeptRun:
    return KeptRun(Path(), Record.model_construct(task=task, contestant=contestant, recipe=recipe, share=share))


def test_the_end_of_a_curve_is_all_labels_with_the_same_recipe_or_tuned() -> None:
    few = [
        _kept("tf/4", "a", "few", 0.1),
        _kept("prom", "a", "few", 0.1),
        _kept("prom", "a", "tuned", 0.1),
        _kept("prom", "b", "published", 0.1),
    ]
    ends = [_kept("tf/4", "a", "tuned", 1.0), _kept("prom", "a", "few", 1.0), _kept("prom", "a", "tuned", 1.0)]
    ends += [_kept("prom", "b", "published", 1.0), _kept("prom", "b", "tuned", 1.0)]
    other_contestant, other_task = _kept("tf/4", "c", "tuned", 1.0), _kept("tf/0", "a", "tuned", 1.0)
    other_recipe = _kept("prom", "a", "published", 1.0)
    assert with_few_labels([*few, other_contestant, other_task, other_recipe, *ends]) == [*few, *ends]
