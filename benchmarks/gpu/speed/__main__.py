"""`python -m benchmarks.gpu.speed`: all sections, each in a process of its own; results.json and results.md beside it."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.gpu.machine import ROOT, Device, check_place, describe, home_folder, is_rehearsal, source_digest
from benchmarks.gpu.speed import ceilings, predicting, pretraining, tuning
from benchmarks.gpu.speed.document import render
from benchmarks.gpu.speed.pretraining import BASE, MINI
from benchmarks.gpu.speed.results import REAL, REHEARSED, Report, Results, adopt, write_results
from benchmarks.speed.child import Say
from benchmarks.speed.results import Findings
from dnabert.errors import DnabertError

__all__ = ["PLACE", "SECTIONS", "Section", "main"]

PLACE = ROOT / "benchmarks" / "gpu"
REHEARSAL = ROOT / "runs" / "gpu-rehearsal"
STARTING_S = 45
"""A section is not begun with less time left."""

_TOY = pretraining.Case("toy", pretraining.QUICK, 8, 8, 256, 1, None, max_tokens=40, matmul_size=32)


@dataclass(frozen=True)
class Section:
    """One part of the results.

    Attributes:
        title: Its heading.
        full: Measures it, given a folder and a listener.
        quick: The same at the size of a rehearsal.
    """

    title: str
    full: Callable[[Path, Say], Findings]
    quick: Callable[[Path, Say], Findings]


def _of(work: Callable[..., Findings], full: pretraining.Case, **tiny: object) -> tuple[Callable[..., Findings], Callable[..., Findings]]:
    return partial(work, full), partial(work, replace(_TOY, name=f"toy in place of {full.name}"), **tiny)


SECTIONS = {
    "ceilings": Section("What the machine can do", partial(ceilings.measure, ceilings.FULL), partial(ceilings.measure, ceilings.QUICK)),
    "base": Section("Pre-training, base", *_of(pretraining.measure, BASE)),
    "mini": Section("Pre-training, mini", *_of(pretraining.measure, MINI)),
    "predict": Section("Predictions", partial(predicting.measure, predicting.FULL), partial(predicting.measure, predicting.QUICK)),
    "pieces-base": Section("Tokens of a piece, base", *_of(tuning.measure_pieces, BASE, sizes=(64, 128))),
    "pieces-mini": Section("Tokens of a piece, mini", *_of(tuning.measure_pieces, MINI, sizes=(64, 128))),
    "profile": Section("Where the time of a step goes, base", *_of(tuning.measure_profile, BASE)),
    "compile-base": Section("torch.compile, base", *_of(tuning.measure_compile, BASE)),
    "compile-mini": Section("torch.compile, mini", *_of(tuning.measure_compile, MINI)),
}
"""By their name on the command line; what matters most comes first."""


def main(words: list[str] | None = None) -> int:
    options = _parser().parse_args(words)
    try:
        if options.adopt:
            return _adopt(options.adopt)
        if options.child:
            section = SECTIONS[options.only[0]]
            with tempfile.TemporaryDirectory(prefix="dnabert-gpu-") as folder:
                os.environ["DNABERT_CACHE"] = folder
                work = section.quick if is_rehearsal(options.quick) else section.full
                options.child.write_text(work(Path(folder), _sayer(options.only[0])).model_dump_json())
            return 0
        return _measure_all(options)
    except DnabertError as error:
        print(f"gpu: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.speed", description="Speed on one GPU, beside transformers.")
    parser.add_argument("--quick", action="store_true", help="a rehearsal, as always without a GPU: tiny sizes, one round")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="NAME", help=f"some sections: {', '.join(SECTIONS)}")
    parser.add_argument("--minutes", type=float, default=9.0, help="sections that would begin later are left out (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=home_folder(), help="folder of the results (default: $OUT, else benchmarks/gpu)")
    parser.add_argument("--adopt", type=Path, metavar="FILE", help="results that came home: check them, put them to benchmarks/gpu")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


def _measure_all(options: argparse.Namespace) -> int:
    rehearsal, start = is_rehearsal(options.quick), time.monotonic()
    out = options.out or (REHEARSAL if rehearsal else PLACE)
    check_place(out, rehearsal)
    out.mkdir(parents=True, exist_ok=True)
    device, reports = describe(), list[Report]()
    for key in options.only or SECTIONS:
        left = 60 * options.minutes - (time.monotonic() - start)
        reports.append(_run(key, device, rehearsal, left, options.quick))
        results = Results(reports=tuple(reports))
        write_results(out, results)  # after every section: what is killed later leaves these
        (out / ("rehearsal.md" if rehearsal else "results.md")).write_text(_document(results), encoding="utf-8")
    failed = [f"{report.key}: {report.failed}" for report in reports if report.failed]
    print(f"{out / (REHEARSED if rehearsal else REAL)}: {len(reports) - len(failed)} of {len(reports)} sections, {device.name}")
    if rehearsal:
        print("a rehearsal: none of these numbers means anything")
    for line in failed:
        print(f"not measured: {line}")
    return 0


def _run(key: str, device: Device, rehearsal: bool, left_s: float, quick: bool) -> Report:
    command = f"python -m benchmarks.gpu.speed --only {key}" + (" --quick" if quick else "")
    start, failed, findings = time.monotonic(), None, Findings()
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "findings.json"
        child = [sys.executable, *shlex.split(command)[1:], "--child", str(to)]
        if left_s < STARTING_S:
            failed = "not begun: the time was over"
        else:
            failed = _failure(child, left_s)
        if failed is None:
            findings = Findings.model_validate_json(to.read_text())
    return Report(
        key=key,
        command=command,
        device=device,
        rehearsal=rehearsal,
        took_s=round(time.monotonic() - start, 1),
        failed=failed,
        findings=findings,
    )


def _failure(child: list[str], left_s: float) -> str | None:
    """Runs it; why it failed, or None. What it says is passed on."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    lines: list[str] = []
    with subprocess.Popen(child, env={**os.environ, **offline}, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stderr is not None
        over = threading.Event()

        def stop() -> None:
            over.set()
            process.kill()

        killer = threading.Timer(left_s, stop)
        killer.start()
        for line in process.stderr:
            sys.stderr.write(line)
            sys.stderr.flush()
            lines.append(line.strip())
        code = process.wait()
        killer.cancel()
    if over.is_set():
        return f"stopped after {left_s:.0f} s: the time was over"
    last = next((line for line in reversed(lines) if line), "it said nothing")
    return None if code == 0 else f"ended with exit code {code}: {last[:300]}"


def _adopt(path: Path) -> int:
    results = adopt(path)
    write_results(PLACE, results)
    (PLACE / "results.md").write_text(_document(results), encoding="utf-8")
    if results.reports[0].device.source_sha256 != source_digest():
        print("the source has changed since then: these figures are of another state of it")
    print(f"{PLACE / REAL}: {len(results.reports)} sections, {results.reports[0].device.name}, commit {results.reports[0].device.commit}")
    return 0


def _document(results: Results) -> str:
    return render(results, {key: section.title for key, section in SECTIONS.items()})


def _sayer(key: str) -> Say:
    return lambda text: print(f"{key}: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
