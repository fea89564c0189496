"""results.md from the results: the section on the GPU that docs/benchmarks.md carries."""

from collections.abc import Sequence

from benchmarks.gpu.machine import Device
from benchmarks.gpu.speed.results import Report, Results
from benchmarks.speed.document import missed, short
from benchmarks.speed.results import Agreement, Figure, Ratio
from benchmarks.speed.rounds import Spread

__all__ = ["render"]

_HEAD = """## One GPU

Written by `python -m benchmarks.gpu.speed --adopt FILE` from what a lent machine measured; do not edit. The times of all rounds are in
[benchmarks/gpu/results.json](../benchmarks/gpu/results.json). Ratios, spreads and refusals are as above: a round's ratio is the
reference's time over ours, shown is the median of the rounds, in brackets their middle half, then the lowest and the highest.
"""
_REHEARSAL = "**A rehearsal: tiny sizes, or no GPU. None of these numbers means anything.**\n"


def render(results: Results, titles: dict[str, str]) -> str:
    """The section, in Markdown.

    Args:
        results: What was found.
        titles: Headings by section.
    """
    parts = [_HEAD]
    if results.rehearsal:
        parts.append(_REHEARSAL)
    parts += [_devices(results), _ratios(results), *(_section(report, titles[report.key]) for report in results.reports)]
    return "\n".join(part for part in parts if part)


def _devices(results: Results) -> str:
    groups: dict[str, list[str]] = {}
    for report in results.reports:
        groups.setdefault(_device(report.device), []).append(report.device.date.replace("+00:00", " UTC"))
    return "".join(f"- **Device.** {text}\n  From {min(dates)} to {max(dates)}.\n" for text, dates in groups.items())


def _device(device: Device) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in device.versions.items())
    gpu = f", {device.memory_gb:g} GiB, compute capability {device.capability}, driver {device.driver}" if device.kind == "cuda" else ""
    return f"{device.name}{gpu}; {device.host_cores} processor cores, {device.system}; {versions}; commit {device.commit}."


def _ratios(results: Results) -> str:
    rows = []
    for report in results.reports:
        wrong = [found.what for found in report.findings.agreements if not found.difference <= found.tolerance]
        for ratio in report.findings.ratios:
            goal = "-" if ratio.goal is None else f">= {ratio.goal:g}"
            refused = f"outputs differ ({wrong[0]}), so no ratio" if wrong else ratio.refusal
            rows.append([ratio.what, ratio.against, goal, refused or _spread(ratio.spread), _verdict(ratio, refused)])
    return _table(["what", "against", "goal", "times faster", "goal met"], rows)


def _verdict(ratio: Ratio, refused: str | None) -> str:
    if ratio.goal is None:
        return "-"
    return "not decided" if refused else missed(ratio.spread.median, ratio.goal)


def _section(report: Report, title: str) -> str:
    findings = report.findings
    parts = [f"### {title}\n", f"`{report.command}`, {short(report.took_s)} s.\n"]
    if report.failed:
        parts.append(f"**Not measured:** {report.failed}\n")
    figures = [[figure.what, _value(figure), _goal(figure)] for figure in findings.figures]
    agreements = [[found.what, found.against, _difference(found), f"{found.tolerance:g}"] for found in findings.agreements]
    parts += [
        _table(["figure", "measured", "goal"], figures),
        _table(["outputs of", "against", "relative difference", "allowed"], agreements),
        "".join(f"- {note}\n" for note in findings.notes),
    ]
    return "\n".join(part for part in parts if part)


def _difference(found: Agreement) -> str:
    return f"{found.difference:.1e}" if found.difference <= found.tolerance else f"**{found.difference:.1e}**"


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return "-"
    if figure.refusal:
        return "not decided"
    sign = ">=" if figure.higher_is_better else "<="
    return f"{sign} {figure.goal:g}: {missed(figure.spread.median, figure.goal, figure.higher_is_better)}"


def _value(figure: Figure) -> str:
    if len(figure.values) == 1:  # one measurement: no spread, and none is claimed
        return f"{short(figure.values[0])} {figure.unit} (one measurement)"
    if figure.refusal:
        return f"{short(figure.spread.low)} to {short(figure.spread.high)} {figure.unit} ({figure.refusal})"
    return f"{_spread(figure.spread)} {figure.unit}"


def _spread(spread: Spread) -> str:
    return f"**{short(spread.median)}** ({short(spread.q1)}-{short(spread.q3)}; {short(spread.low)}-{short(spread.high)})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [" | ".join(cells) for cells in (head, ["---"] * len(head), *rows)]
    return "".join(f"| {line} |\n" for line in lines)
