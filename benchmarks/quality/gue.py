"""`python -m benchmarks.quality.gue --model MODEL ...`: fine-tunes every model on every GUE task at hand; each result is kept by itself.

With ``--recipe published`` each task is trained as the GUE benchmark trains DNABERT; with ``tuned`` the point of a small grid that is
best on dev with seed 1 is taken for all seeds; ``both`` runs the one after the other; ``few`` is `recipes/few-labels.toml`. Then
`python -m benchmarks.quality.table`.
"""

import argparse
import sys

from benchmarks.quality.cells.recipes import RecipeName
from benchmarks.quality.options import add_run_flags, command_of, run_all, run_command, runner_of, tasks_of

__all__ = ["main"]

MODELS = ("random:mini:6", "cnn", "cnn-lstm")
RECIPES: dict[str, tuple[RecipeName, ...]] = {
    "published": ("published",),
    "tuned": ("tuned",),
    "both": ("published", "tuned"),
    "few": ("few",),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.gue", description="Models on the GUE tasks.")
    add_run_flags(parser, "runs/gue", MODELS)
    parser.add_argument("--recipe", choices=tuple(RECIPES), default="both", help="(default: %(default)s)")
    options = parser.parse_args()

    def work() -> None:
        with runner_of(options, command_of("gue")) as runner:
            run_all(runner, options, tasks_of(options), RECIPES[options.recipe])

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
