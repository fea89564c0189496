"""Speed beside the references: `make bench`, or `python -m benchmarks.speed`.

Results go to benchmarks/results/cpu.json, and from there to docs/benchmarks.md.

rounds.py     the times: in turn, round after round, and what their spread allows to be said
results.py    what a benchmark found, as JSON
agreement.py  outputs equal those of the slow path, or there is no ratio
machine.py    where it was measured
work.py       how much else ran there
child.py      one benchmark in a process of its own
document.py   docs/benchmarks.md; figures.py its pictures
regressions.py  fresh ratios against recorded ones (--check)
cases/        the benchmarks
"""
