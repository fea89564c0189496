"""docs/benchmarks.md from the results."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.agreement import BFLOAT16_TOLERANCE, FLOAT32_TOLERANCE
from benchmarks.speed.child import BENCHMARKS
from benchmarks.speed.figures import draw, names_of_times
from benchmarks.speed.results import Figure, Findings, Machine, Ratio, Report, Results
from benchmarks.speed.rounds import MAX_SPREAD, MIN_ROUNDS, Spread, spread_of
from dnabert.plot.export import save_figure

__all__ = ["FIGURES", "missed", "render", "short", "write_figures"]

FIGURES = "images"
"""Folder of the figures, beside the document."""

_QUIET = 0.05
"""Share of the cores that others may take before the reader is warned."""

_HEAD = f"""# Benchmarks

Written by `make bench`; do not edit. The times of all rounds are in [benchmarks/results/cpu.json](../benchmarks/results/cpu.json),
the code is in `benchmarks/speed/`. `make bench BENCH=--check` measures again and says what has become slower.

- **Ratios.** Ours and the reference run in turn in one process, round after round, after a warm-up. A round's ratio is the reference's
  time over ours: above 1 ours is faster. Shown is the median of the rounds, in brackets the middle half of them (interquartile range),
  then the lowest and the highest.
- **Refused.** With fewer than {MIN_ROUNDS} rounds, or where the middle half is wider than {100 * MAX_SPREAD:.0f} % of the median, no
  ratio is given, only why not.
- **Equal outputs first.** Before anything is timed, outputs are compared with the slow path: ids must be equal, numbers within a relative
  difference (length of a - b over length of b, over all values) of {FLOAT32_TOLERANCE:g} in float32 and {BFLOAT16_TOLERANCE:g} in
  bfloat16. A benchmark whose outputs differ by more is not timed.
- **Goals** are those of the project's plan; a goal that is missed is shown as missed.
"""


def render(results: Results, appended: Sequence[str] = ()) -> str:
    """The document.

    Args:
        results: What was found.
        appended: Sections in Markdown that stand at its end as they are.
    """
    parts = [_HEAD]
    if any(report.rehearsal for report in results.reports):
        parts.append("**A rehearsal: tiny sizes and a single round. None of these numbers means anything.**\n")
    parts += [_machines(results), _ratio_table(results), _goal_table(results)]
    parts += [_section(report) for report in results.reports]
    parts += [text.strip() + "\n" for text in appended]
    return "\n".join(part for part in parts if part)


def write_figures(results: Results, folder: Path) -> None:
    """The figures of growth, as SVG."""
    for report in results.reports:
        for growth in report.findings.growths:
            folder.mkdir(parents=True, exist_ok=True)
            save_figure(draw(growth), folder / f"growth-{growth.key}.svg")


def short(value: float) -> str:
    """A number with three digits that count, thousands with commas.

    Examples:
        >>> [short(value) for value in (0.012345, 7.0, 43.21, 12345.6, 0.0)]
        ['0.0123', '7.00', '43.2', '12,346', '0']
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 1e-3:
        return f"{value:.2g}"
    return f"{value:#.3g}".rstrip(".")


def missed(value: float, goal: float, higher_is_better: bool = True) -> str:
    """``met``, or by how much a goal was missed, in per cent of it."""
    if value >= goal if higher_is_better else value <= goal:
        return "met"
    return f"**missed by {100 * abs(value - goal) / goal:.2g} %**"


def _spread(spread: Spread) -> str:
    return f"**{short(spread.median)}** ({short(spread.q1)}-{short(spread.q3)}; {short(spread.low)}-{short(spread.high)})"


def _machines(results: Results) -> str:
    groups: dict[str, list[Report]] = {}
    for report in results.reports:
        groups.setdefault(_machine(report.machine), []).append(report)
    lines = []
    for text, reports in groups.items():
        dates = sorted(report.machine.date.replace("+00:00", " UTC") for report in reports)
        ran = "All of it" if len(groups) == 1 else ", ".join(report.key for report in reports)
        lines.append(f"- **Machine.** {text}\n  {ran} ran there from {dates[0]} to {dates[-1]}.\n")
    return "".join(lines)


def _machine(machine: Machine) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"{machine.cpu}, {machine.cores} cores ({' '.join(machine.flags) or 'no flags known'}), {machine.memory_gb:.3g} GB;"
        f" {machine.system}; {versions}; commit {machine.commit}. Load before the run: {machine.load:g}."
    )


def _ratio_table(results: Results) -> str:
    rows = [
        [ratio.what, ratio.against, _goal(ratio), ratio.refusal or _spread(ratio.spread), _verdict(ratio)]
        for report in results.reports
        for ratio in report.findings.ratios
    ]
    return _table("Ratios", ["what", "against", "goal", "times faster", "goal met"], rows)


def _goal(ratio: Ratio) -> str:
    return "-" if ratio.goal is None else f">= {ratio.goal:g}"


def _verdict(ratio: Ratio) -> str:
    if ratio.goal is None:
        return "-"
    return "not decided" if ratio.refusal else missed(ratio.spread.median, ratio.goal)


def _goal_table(results: Results) -> str:
    rows = []
    for report in results.reports:
        for figure in report.findings.figures:
            if figure.goal is not None:
                sign = ">=" if figure.higher_is_better else "<="
                rows.append([figure.what, f"{sign} {figure.goal:g} {figure.unit}", _value(figure), _goal_verdict(figure, figure.goal)])
    return _table("Figures with a goal", ["what", "goal", "measured", "goal met"], rows)


def _goal_verdict(figure: Figure, goal: float) -> str:
    """As :func:`missed`; where the rounds differ too much for a median, only what all of them say."""
    if not figure.refusal:
        return missed(figure.spread.median, goal, figure.higher_is_better)
    met = [missed(value, goal, figure.higher_is_better) == "met" for value in figure.values]
    return "met in every round" if all(met) else "**missed in every round**" if not any(met) else "not decided"


def _value(figure: Figure) -> str:
    if figure.refusal:
        return f"{short(figure.spread.low)} to {short(figure.spread.high)} {figure.unit} ({figure.refusal})"
    return f"{_spread(figure.spread)} {figure.unit}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], level: int = 2) -> str:
    if not rows:
        return ""
    lines = [" | ".join(cells) for cells in (head, ["---"] * len(head), *rows)]
    heading = f"{'#' * level} {title}\n\n" if title else ""
    return heading + "".join(f"| {line} |\n" for line in lines)


def _section(report: Report) -> str:
    findings = report.findings
    command = f"`{report.command}`, {short(report.took_s)} s on {report.machine.threads} core{'s' if report.machine.threads > 1 else ''}"
    parts = [f"## {BENCHMARKS[report.key].title}\n", f"{command}.{_foreign(report)}\n"]
    if report.aborted:
        parts.append(f"**Not measured:** {report.aborted}\n")
    parts += [_times(findings), _figures(findings), _agreements(findings)]
    parts += ["".join(f"- {note}\n" for note in findings.notes)]
    parts += [_growth_section(findings)]
    return "\n".join(part for part in parts if part)


def _foreign(report: Report) -> str:
    share = report.foreign_share
    if share is None:
        return ""
    text = f" Other work took {100 * share:.1f} % of the machine's processor time meanwhile"
    return text + (": **not a quiet machine, times are upper bounds.**" if share > _QUIET else ".")


def _times(findings: Findings) -> str:
    rows = [
        [ratio.what, ratio.against, ratio.unit, _seconds(ratio.ours), _seconds(ratio.reference), str(len(ratio.ours))]
        for ratio in findings.ratios
    ]
    return _table("", ["what", "against", "seconds for", "ours", "reference", "rounds"], rows)


def _seconds(values: Sequence[float]) -> str:
    spread = spread_of(values)
    return f"{short(spread.median)} ({short(spread.low)}-{short(spread.high)})"


def _figures(findings: Findings) -> str:
    return _table("", ["figure", "measured"], [[figure.what, _value(figure)] for figure in findings.figures])


def _agreements(findings: Findings) -> str:
    rows = [
        [
            found.what,
            found.against,
            "equal" if found.tolerance == 0 else f"{found.difference:.1e}",
            f"{found.tolerance:g}" if found.tolerance else "0",
        ]
        for found in findings.agreements
    ]
    return _table("", ["outputs of", "against", "relative difference", "allowed"], rows)


def _growth_section(findings: Findings) -> str:
    parts = []
    for growth in findings.growths:
        parts.append(f"### {growth.title}\n\n![{growth.title}]({FIGURES}/growth-{growth.key}.svg)\n")
        columns = [*((name, line) for name, line in names_of_times(growth)), *((f"{line.name}, MB", line) for line in growth.memory)]
        rows = []
        for place, x in enumerate(growth.x):
            cells = [_seconds(line.values[place]) + _floor(line.floor, place) for _, line in columns]
            rows.append([short(x).removesuffix(".00").removesuffix(".0"), *cells])
        parts.append(_table("", [growth.x_name, *(name for name, _ in columns)], rows))
    return "\n".join(parts)


def _floor(floor: Sequence[float], place: int) -> str:
    return f"; floor {short(floor[place])}" if floor else ""
