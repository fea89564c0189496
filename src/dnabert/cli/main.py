"""The command table, and what happens around every command: logging, errors, exit codes.

Exit codes: 0 done, 1 our error (one line on stderr; the traceback with ``--debug``), 2 usage, 130 interrupted.
"""

import logging
import os
import sys
import warnings
from typing import NoReturn

from cyclopts import App, CycloptsError

from dnabert import __version__
from dnabert.cli.options import typed_words
from dnabert.errors import DnabertError

__all__ = ["app", "main"]

VERBS = {
    "demo": "The whole story on a simulated genome; ends with report.html.",
    "tokenize": "DNA to token ids.",
    "pretrain": "Pre-train a model on a genome.",
    "finetune": "Fine-tune a model on labelled sequences.",
    "evaluate": "Figures of a model on labelled sequences, with intervals.",
    "predict": "What a model says of sequences.",
    "scan": "A model along a genome: tracks and calls.",
    "attention": "How much the model attends to each base; figures and tracks.",
    "attribute": "What each base contributes to the model's answer.",
    "motifs": "Sequence motifs that the model reads, with logos, sites and database matches.",
    "variants": "Variants of a VCF scored by a model; every base of a region changed; candidates.",
    "embed": "Vectors of sequences, k-mers and bases; maps, neighbours, contexts of a k-mer.",
    "report": "One offline page about a model: figures, attention, motifs, map, provenance.",
    "ensemble": "Several fine-tuned runs as one model.",
    "export": "A model to give away: weights, tokenizer, model card.",
    "dataset": "Labelled sets from a genome and its annotation; what is wrong with a table.",
    "genome": "Genomes: fetched and indexed, or described.",
    "simulate": "A genome with promoters, binding sites, genes and variants planted, its labelled sets, and the truth.",
    "models": "The models that can be asked for by name.",
}

GROUPS = {"dataset": ("promoters", "tfbs", "splice", "check"), "genome": ("get", "info")}
"""Verbs that have verbs of their own."""

app = App(
    name="dnabert",
    help="Pre-train, fine-tune and apply BERT models of DNA. Results go to files or stdout, messages to stderr."
    "\n\nAny verb takes --help, and --debug for a full traceback.",
    version=__version__,
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
for _verb, _summary in VERBS.items():
    # A group of verbs has an app of its own.
    app.command(f"dnabert.cli.{_verb}:{'app' if _verb in GROUPS else _verb}", name=_verb, help=_summary)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    sys.exit(run(arguments, debug="--debug" in sys.argv[1:]))


def run(arguments: list[str], debug: bool = False) -> int:
    """Run one command.

    Args:
        arguments: The words after ``dnabert``.
        debug: Let our errors through, with their traceback.

    Returns:
        The exit code.
    """
    _set_up_logging(quiet="--quiet" in arguments)
    typed_words.set(tuple(arguments))
    try:
        app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _say(f"{str(error).strip()} (see {_help_of(arguments)})")
        return 2
    except DnabertError as error:
        if debug:
            raise
        _say(" ".join(str(error).split("\n")))
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:
        # The reader of our stdout has gone, as in `dnabert predict ... | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # What the system refuses at a place where no error of ours says more: a disk that fills up under a growing log.
        if debug:
            raise
        _say(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        return 1
    return 0


def _help_of(arguments: list[str]) -> str:
    """The command that tells how the one with these arguments is used."""
    verb, inner = [*arguments, "", ""][:2]
    words = [verb] if verb in VERBS else []
    words += [inner] if inner in GROUPS.get(verb, ()) else []
    return " ".join(["dnabert", *words, "--help"])


def _say(message: str) -> None:
    print(f"dnabert: {message}", file=sys.stderr)


def _set_up_logging(quiet: bool) -> None:
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="dnabert: %(message)s", stream=sys.stderr, force=True)
    warnings.filterwarnings("ignore", category=FutureWarning, module="tensorboard")


if __name__ == "__main__":
    main()
