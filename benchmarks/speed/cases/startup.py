"""How long the command line lets its user wait before it works, in processes of their own."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.speed.child import Say
from benchmarks.speed.results import Figure, Findings
from benchmarks.speed.rounds import take_turns
from dnabert.checkpoint import ModelInfo, save_model
from dnabert.model.config import HeadConfig, mini
from dnabert.model.heads import Dnabert

__all__ = ["FULL", "QUICK", "Sizes", "measure"]


@dataclass(frozen=True)
class Sizes:
    """How often.

    Attributes:
        rounds: Rounds that count.
    """

    rounds: int


FULL, QUICK = Sizes(7), Sizes(1)


def measure(sizes: Sizes, folder: Path, say: Say) -> Findings:
    torch.manual_seed(0)
    model = Dnabert(mini(), HeadConfig(task="classify"))
    run, fasta, out = folder / "run", folder / "one.fa", folder / "out.tsv"
    save_model(run, model, ModelInfo(head=model.head_config, labels=("0", "1")))
    fasta.write_text(">one\n" + "ACGTTGCA" * 12 + "\n")
    program = Path(sys.executable).with_name("dnabert")
    dnabert = [str(program)] if program.exists() else [sys.executable, "-m", "dnabert"]
    predict = [*dnabert, "predict", str(fasta), "--model", str(run), "--out", str(out), "--force", "--quiet"]
    times = take_turns(
        {
            "--help": lambda: _wall_seconds([*dnabert, "--help"]),
            "python": lambda: _wall_seconds([sys.executable, "-c", "pass"]),
            "import torch": lambda: _wall_seconds([sys.executable, "-c", "import torch"]),
            "predict": lambda: _wall_seconds(predict),
        },
        sizes.rounds,
        report=say,
    )
    above = tuple(whole - torch_alone for whole, torch_alone in zip(times["predict"], times["import torch"], strict=True))
    return Findings(
        figures=(
            Figure(what="`dnabert --help`", unit="s", values=times["--help"], goal=0.5, higher_is_better=False),
            Figure(
                what="`dnabert predict` of one sequence, above `import torch`", unit="s", values=above, goal=2.0, higher_is_better=False
            ),
            Figure(what="`dnabert predict` of one sequence", unit="s", values=times["predict"]),
            Figure(what='`python -c "import torch"`', unit="s", values=times["import torch"]),
            Figure(what='`python -c "pass"`', unit="s", values=times["python"]),
        ),
        notes=("Wall time from the start of the process to its end; files are in the system's cache after the warm-up.",),
    )


def _wall_seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
