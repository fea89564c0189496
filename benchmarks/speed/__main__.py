"""`python -m benchmarks.speed`: all benchmarks, each in a process of its own; then benchmarks/results/cpu.json and docs/benchmarks.md."""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.speed.child import BENCHMARKS
from benchmarks.speed.document import FIGURES, render, write_figures
from benchmarks.speed.machine import describe, load_now, usable_cores
from benchmarks.speed.regressions import compare
from benchmarks.speed.results import Findings, Report, Results, read_results, write_results
from benchmarks.speed.work import ForeignWork, adopt_orphans

ROOT = Path(__file__).parents[2]
RESULTS = Path("benchmarks/results/cpu.json")
DOCUMENT = Path("docs/benchmarks.md")
APPENDED = (Path("benchmarks/steps.md"), Path("benchmarks/gpu/results.md"))
"""Written by hand or by other commands; each is a part of the document from the day that it is there."""
REHEARSAL = Path("runs/bench-quick")
CHECKED = Path("runs/bench-check.json")
QUIET_LOAD = 0.5
DEFAULT_THREADS = 2


def main() -> int:
    options = _options()
    os.chdir(ROOT)
    adopt_orphans()
    if options.document:
        _write(read_results(RESULTS), Path())
        return 0
    start, load = time.perf_counter(), load_now()
    if load > QUIET_LOAD:
        _say(f"the load of this machine is {load}: other work runs here, times will be worse than they could be")
    keys = options.only or list(BENCHMARKS)
    fresh = Results(reports=tuple(_run(key, options, load) for key in keys))
    _say(f"the whole took {(time.perf_counter() - start) / 60:.1f} minutes")
    failed = [f"{report.key}: {report.aborted}" for report in fresh.reports if report.aborted]
    for line in failed:
        _say(line)
    if options.check:
        write_results(CHECKED, fresh)
        verdict = compare(read_results(RESULTS), fresh)
        for line in verdict.lines:
            print(line)
        return 1 if failed or verdict.regressed else 0
    folder = REHEARSAL if options.quick else Path()
    kept = read_results(RESULTS) if not options.quick and options.only and RESULTS.exists() else Results()
    results = kept.replaced(fresh.reports, list(BENCHMARKS))
    write_results(folder / RESULTS, results)
    _write(results, folder)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description="Speed beside the references, on the CPU.")
    parser.add_argument("--quick", action="store_true", help=f"a rehearsal: tiny sizes, one round, no ratio; all is written to {REHEARSAL}")
    parser.add_argument(
        "--check", action="store_true", help=f"compare with {RESULTS}, leave it as it is; exit 1 if something is slower now"
    )
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help=f"some benchmarks: {', '.join(BENCHMARKS)}")
    parser.add_argument("--threads", type=int, default=DEFAULT_THREADS, help="cores to be used, at most (default: %(default)s)")
    parser.add_argument("--document", action="store_true", help=f"measure nothing: write {DOCUMENT} from {RESULTS} anew")
    options = parser.parse_args()
    if options.quick and options.check:
        parser.error("--quick gives no ratios that could be compared; leave it out with --check")
    if options.check and not (ROOT / RESULTS).exists():
        parser.error(f"{RESULTS} is not there: run without --check first")
    if options.document and not (ROOT / RESULTS).exists():
        parser.error(f"{RESULTS} is not there: nothing was measured yet")
    if options.threads < 1:
        parser.error(f"--threads is {options.threads}; at least 1 core is needed")
    options.threads = min(options.threads, usable_cores())
    return options


def _run(key: str, options: argparse.Namespace, load: float) -> Report:
    words = [f"--threads {options.threads}"] if options.threads != DEFAULT_THREADS else []
    command = " ".join(["python -m benchmarks.speed --only", key, *words, *(["--quick"] if options.quick else [])])
    threads = 1 if BENCHMARKS[key].one_core else options.threads
    machine, start = describe(threads, load), time.perf_counter()
    with ForeignWork() as foreign, tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "findings.json"
        child = [sys.executable, "-m", "benchmarks.speed.child", key, "--out", str(out), "--threads", str(options.threads)]
        code = subprocess.run([*child, *(["--quick"] if options.quick else [])], env=_environment(threads), check=False).returncode
        mismatch, findings, aborted = out.with_suffix(".mismatch"), Findings(), None
        if code == 0:
            findings = Findings.model_validate_json(out.read_text())
        else:
            aborted = mismatch.read_text() if mismatch.exists() else f"ended with exit code {code}: {shlex.join(child[1:])}"
    share = foreign.share()
    return Report(
        key=key,
        command=command,
        machine=machine,
        rehearsal=options.quick,
        took_s=round(time.perf_counter() - start, 1),
        foreign_share=None if share is None else round(share, 4),
        aborted=aborted,
        findings=findings,
    )


def _environment(threads: int) -> dict[str, str]:
    """No network, and as many threads as there are cores to use."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false"}
    return {**os.environ, **offline, **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))}


def _write(results: Results, folder: Path) -> None:
    document = folder / DOCUMENT
    document.parent.mkdir(parents=True, exist_ok=True)
    appended = [path.read_text(encoding="utf-8") for path in APPENDED if path.exists()]
    document.write_text(render(results, appended), encoding="utf-8")
    write_figures(results, document.parent / FIGURES)
    _say(f"{document} is written")


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
