"""`dnabert variants` on SNVs, beside `dnabert predict` on the reference and on the alternative windows, each in a FASTA file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pysam

from benchmarks.speed.agreement import check_close
from benchmarks.speed.cases.common.sequences import random_letters, write_fasta
from benchmarks.speed.cases.inference.predicting import read_probabilities
from benchmarks.speed.cases.inference.scan import save_run
from benchmarks.speed.child import Say
from benchmarks.speed.results import Agreement, Figure, Findings, Ratio
from benchmarks.speed.rounds import seconds, take_turns
from dnabert.cli.predict import predict
from dnabert.cli.variants import variants
from dnabert.model.config import ModelConfig, mini

__all__ = ["FULL", "QUICK", "Case", "measure"]

KMER = 6
LETTERS = "ACGT"


@dataclass(frozen=True)
class Case:
    """SNVs along a genome.

    Attributes:
        name: What they are like, for a reader.
        key: The same, for the record.
        alternates: Alternates of each place, 1-3, one record each.
        spacing_bp: Bases from one place to the next.
        grid_bp: Windows begin at multiples of it.
        model: Sizes of the model.
        window_bp: Bases of a window.
        whole: SNVs that the plan speaks of; seconds are for so many.
        ours: SNVs of every round.
        rounds: Rounds that count.
    """

    name: str
    key: str
    alternates: int
    spacing_bp: int
    grid_bp: int
    model: ModelConfig
    window_bp: int
    whole: int
    ours: int
    rounds: int


FULL = (
    Case("far apart", "apart", 1, 400, 1, mini(KMER), 300, 10_000, 120, 5),
    Case("all three at neighbouring bases", "catalogue", 3, 1, 1, mini(KMER), 300, 10_000, 240, 5),
    Case("all three at neighbouring bases, on a grid of 16", "grid", 3, 1, 16, mini(KMER), 300, 10_000, 240, 5),
)
QUICK = (Case("all three at neighbouring bases, on a grid of 16", "grid", 3, 1, 16, mini(KMER), 60, 10_000, 24, 1),)


def measure(cases: tuple[Case, ...], folder: Path, say: Say) -> Findings:
    found = []
    for case in cases:
        place = folder / case.key
        place.mkdir()
        found.append(_measure(case, place, say))
    return Findings.joined(
        found,
        notes=(
            "Model: `mini`, k = 6, two classes, random weights, float32, forward strand. Both are timed as the functions behind the verbs,"
            f" from the weights to finished files, on {', '.join(str(case.ours) for case in cases)} SNVs; seconds are in proportion."
            " Reference windows and alternative windows are two runs of predict; cutting them out is not counted, in favour of predict.",
            "What is saved are windows read twice: the reference of several alternates, and on a grid that of neighbours. SNVs that are far"
            " apart share nothing, and after the first block of the model every token of the alternative differs from the reference.",
        ),
    )


def _measure(case: Case, folder: Path, say: Say) -> Findings:
    run = save_run(folder / "run", case.model)
    letters = random_letters(case.spacing_bp * case.ours // case.alternates + 2 * case.window_bp)
    genome = write_fasta(folder / "genome.fa", letters)
    source, out = _write_vcf(folder / "in.vcf", letters, case), folder / "out.vcf"

    def ours() -> None:
        settings = [f"window_bp={case.window_bp}", f"grid_bp={case.grid_bp}", "strand=forward"]
        variants(source, model=[str(run)], genome=genome, out=out, settings=settings, device="cpu", force=True, quiet=True)

    ours()
    windows = list(_windows(out, letters))
    files = [folder / "reference.fa", folder / "alternative.fa"]
    for which, path in enumerate(files):
        write_fasta(path, "".join(pair[which] for pair in windows), case.window_bp)

    def theirs() -> None:
        for path in files:
            table = path.with_suffix(".tsv")
            predict(str(path), model=str(run), out=table, strand="forward", dtype="float32", device="cpu", force=True, quiet=True)

    theirs()
    what = f"{case.whole:,} SNVs, {case.name}"
    agreement = _agree(what, out, files)
    say(f"{what}: differs from {agreement.against} by {agreement.difference:.1e}")
    share = case.whole / case.ours
    times = take_turns(
        {"variants": lambda: share * seconds(ours), "predict": lambda: share * seconds(theirs)},
        case.rounds,
        report=lambda text: say(f"{what}, {text}"),
    )
    ratio = Ratio(
        key=f"variants.{case.key}",
        what=what,
        against="dnabert predict on both windows of each",
        unit=f"{case.whole:,} SNVs",
        goal=1.8,
        ours=times["variants"],
        reference=times["predict"],
    )
    rate = Figure(what=what, unit="SNVs/s", values=tuple(case.whole / value for value in times["variants"]))
    return Findings(ratios=(ratio,), figures=(rate,), agreements=(agreement,))


def _write_vcf(path: Path, letters: str, case: Case) -> Path:
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID=seq0,length={len(letters)}>", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for number in range(case.ours // case.alternates):
        place = case.window_bp + case.spacing_bp * number
        others = [letter for letter in LETTERS if letter != letters[place]][: case.alternates]
        lines += [f"seq0\t{place + 1}\tv{number}{other}\t{letters[place]}\t{other}\t.\t.\t." for other in others]
    path.write_text("\n".join(lines) + "\n")
    return path


def _windows(scored: Path, letters: str) -> Iterator[tuple[str, str]]:
    """Reference and alternative window of each record, where the file says that they lie."""
    with pysam.VariantFile(str(scored)) as records:
        for record in records:
            assert record.alts is not None
            place = str(record.info["DNABERT_WINDOW"][0]).split(":")[1].split("(")[0]
            start, end = (int(part) for part in place.split("-"))
            reference, at = letters[start - 1 : end], record.pos - start
            yield reference, reference[:at] + record.alts[0] + reference[at + 1 :]


def _agree(what: str, scored: Path, files: list[Path]) -> Agreement:
    slow = np.stack([read_probabilities(path.with_suffix(".tsv"))[:, 1] for path in files], axis=1)
    # Files have six digits.
    return check_close(f"{what}: probabilities", "predict on both windows, float32", _probabilities(scored), slow, 1e-5)


def _probabilities(scored: Path) -> npt.NDArray[np.float64]:
    def first(value: Any) -> float:
        return float(value[0]) if isinstance(value, tuple) else float(value)

    with pysam.VariantFile(str(scored)) as records:
        return np.array([[first(record.info["DNABERT_REF"]), first(record.info["DNABERT_ALT"])] for record in records])
