"""Fresh ratios against recorded ones: what is slower now by more than the rounds scatter."""

from dataclasses import dataclass

from benchmarks.speed.results import Ratio, Results

__all__ = ["MARGIN", "Verdict", "compare"]

MARGIN = 0.05
"""A process differs from the next by a few per cent even where the rounds within each agree: no less than this is called slower."""


@dataclass(frozen=True)
class Verdict:
    """What ``--check`` says.

    Attributes:
        lines: One line for each ratio.
        regressed: Keys of the ratios that are worse than recorded.
    """

    lines: tuple[str, ...]
    regressed: tuple[str, ...]


def compare(recorded: Results, fresh: Results) -> Verdict:
    """Each fresh ratio beside the recorded one of the same key.

    A ratio has regressed when its median is below the lowest recorded round, and below the recorded median by more than
    :data:`MARGIN`. Ratios that are refused are listed and not judged. Only benchmarks that ran now are looked at.
    """
    lines, regressed = _machines(recorded, fresh), []
    before = {ratio.key: ratio for report in recorded.reports for ratio in report.findings.ratios}
    now = {ratio.key: ratio for report in fresh.reports for ratio in report.findings.ratios}
    for key, ratio in now.items():
        old = before.get(key)
        if old is None:
            lines.append(f"new        {ratio.what} v {ratio.against}: nothing is recorded")
        elif refused := ratio.refusal or old.refusal:
            lines.append(f"undecided  {ratio.what} v {ratio.against}: {refused}")
        elif _is_worse(old, ratio):
            regressed.append(key)
            lines.append(f"REGRESSED  {_both(old, ratio)}")
        else:
            lines.append(f"held       {_both(old, ratio)}")
    measured = {report.key for report in fresh.reports if not report.aborted}
    for report in recorded.reports:
        for ratio in report.findings.ratios:
            if report.key in measured and ratio.key not in now:
                lines.append(f"gone       {ratio.what} v {ratio.against}: is recorded, and was not measured")
    lines.append(f"{len(regressed)} of {len(now)} ratios regressed")
    return Verdict(tuple(lines), tuple(regressed))


def _is_worse(old: Ratio, new: Ratio) -> bool:
    return new.spread.median < min(old.spread.low, (1 - MARGIN) * old.spread.median)


def _both(old: Ratio, new: Ratio) -> str:
    was, now = old.spread, new.spread
    return f"{new.what} v {new.against}: {now.median:.3g} times, recorded {was.median:.3g} ({was.low:.3g} to {was.high:.3g})"


def _machines(recorded: Results, fresh: Results) -> list[str]:
    def cpus(results: Results) -> set[str]:
        return {f"{report.machine.cpu}, {report.machine.threads} cores used" for report in results.reports}

    keys = {report.key for report in fresh.reports}
    old = cpus(Results(reports=tuple(report for report in recorded.reports if report.key in keys)))
    if old == cpus(fresh):
        return []
    return [f"note       recorded on {'; '.join(sorted(old)) or 'no machine'}, measured on {'; '.join(sorted(cpus(fresh)))}"]
