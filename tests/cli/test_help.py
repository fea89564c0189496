"""Help answers at once: no verb's help imports torch, and every verb says what it wants."""

import subprocess
import sys

import pytest

from dnabert.cli.main import GROUPS, VERBS, run

PROBE = """
import sys
from dnabert.cli.main import run
code = run(sys.argv[1:])
heavy = [name for name in ("torch", "sklearn", "scipy", "matplotlib", "pysam", "numpy", "pydantic") if name in sys.modules]
print(heavy, file=sys.stderr)
sys.exit(code)
"""

SUBVERBS = [(group, verb) for group, verbs in GROUPS.items() for verb in verbs]


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], *([verb, "--help"] for verb in VERBS), *([*pair, "--help"] for pair in SUBVERBS)], ids=" ".join
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip()
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predikt"], "Unknown command"),
        (["predict", "x.fa", "--model", "m"], "--out"),
        (["predict", "x.fa", "--modle", "m", "--out", "-"], "--model"),
        (["tokenize", "x.fa", "--kmer", "six", "--out", "-"], "six"),
        (["finetune", "--train", "t.csv", "--out", "r", "--task", "guess"], "classify"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("dnabert: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert "--help" in captured.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["predikt"], "dnabert --help"),
        (["predict", "--modle"], "dnabert predict --help"),
        (["dataset", "promoter"], "dnabert dataset --help"),
        (["dataset", "promoters", "tss.bed", "--genom", "g.fa"], "dnabert dataset promoters --help"),
        (["dataset", "check", "splice", "--kmer", "six"], "dnabert dataset check --help"),
        (["genome", "get"], "dnabert genome get --help"),
    ],
)
def test_wrong_usage_names_the_help_of_the_command_that_was_typed(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert capsys.readouterr().err.endswith(f"(see {hint})\n")
