"""The tables as Markdown."""

from collections.abc import Sequence
from typing import Any

from benchmarks.motifs.search import FIXED_BITS
from dnabert.motif.compare import SIGNIFICANT_Q

GOALS = (("planted", "at least 9 of 10"), ("ENCODE", "at least 4 of 5"))


def document(results: Sequence[dict[str, Any]], command: str, notes: str = "") -> str:
    """The page; notes stand between the goals and the table of bases."""
    lines = [
        "# Motifs found, and their best match in JASPAR",
        "",
        f"Written by `{command}`. Matches: TOMTOM, q < {SIGNIFICANT_Q:g} over the whole database. Planted sets: q of the first motif found",
        "beside the very matrix that was planted. ENCODE: the rank of the first motif whose best match is of the structural family of the",
        "factor (in brackets how many motifs of the database are); 1 is best, – is none. GUE does not name its factors. All sets that are",
        "done are here, whichever command did them. Each model is fine-tuned from",
        f"{_origins(results)}, for so many epochs at most; the best on validation is kept.",
        "",
        "| set | factor | rows x epochs | test AUROC | scores | motifs | first motif | sites | best match | q | planted, or family |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        if "skipped" in result:
            lines.append(f"| {result['task']} | | skipped: {result['skipped']} | | | | | | | | |")
        else:
            lines += [_row(result, row) for row in result["searches"]]
    lines += ["", "Goals:", ""]
    for kind, wanted in GOALS:
        done = [result for result in results if result.get("kind") == kind]
        for method in dict.fromkeys(row["method"] for result in done for row in result["searches"]):
            rows = [row for result in done for row in result["searches"] if row["method"] == method]
            first = sum(_is_found(kind, row) for row in rows)
            what = "the first motif matches the planted matrix" if kind == "planted" else "the factor's family first"
            lines.append(f"- {kind}, {method}: {what} in {first} of {len(rows)} ({wanted} wanted)")
    lines += ["", notes.strip()] if notes else []
    return "\n".join(lines + _bases(results)) + "\n"


def _origins(results: Sequence[dict[str, Any]]) -> str:
    """What the models were fine-tuned from."""
    found = dict.fromkeys(result["trained"]["from"] for result in results if "trained" in result)
    return " or ".join(f"weights with the SHA-256 `{one[:12]}`" if one else "random weights" for one in found) or "nothing yet"


def _is_found(kind: str, row: dict[str, Any]) -> bool:
    if kind == "planted":
        return row["planted_q"] is not None and row["planted_q"] < SIGNIFICANT_Q
    return bool(row["family_rank"] == 1)


def _row(result: dict[str, Any], row: dict[str, Any]) -> str:
    match = f"{row['match']} ({row['match_id']})" if row["match"] else "–"
    auroc = "–" if result["auroc"] is None else f"{result['auroc']:.3f}"
    training = f"{result['trained']['rows']:,} x {result['trained']['epochs']}"
    cells = (result["kind"], result["factor"] or result["task"], training, auroc, row["method"], str(row["motifs"]))
    first = f"`{row['consensus']}`" if row["consensus"] else "–"
    return "| " + " | ".join((*cells, first, str(row["sites"]), match, _number(row["match_q"]), _verdict(row))) + " |"


def _verdict(row: dict[str, Any]) -> str:
    if row["planted"]:
        return f"{row['planted']}: q = {_number(row['planted_q'])}"
    if not row["family"]:
        return ""
    rank = "–" if row["family_rank"] is None else str(row["family_rank"])
    return f"{row['family']}: {rank} ({row['family_size']})"


def _number(q: float | None) -> str:
    return "–" if q is None else f"{q:.1e}"


def _bases(results: Sequence[dict[str, Any]]) -> list[str]:
    """The table of planted bases, where there are planted sets."""
    done = [result for result in results if result.get("bases") and result["kind"] == "planted"]
    if not done:
        return []
    lines = [
        "",
        "## Planted bases, found by scores of bases",
        "",
        "AUROC of the bases of planted sites among all bases of the first positives of the test, 95 % bootstrap intervals over sequences",
        "(0.5: not at all). Goal: 0.9 for in-silico mutagenesis; attention is beside it as it is.",
    ]
    for kind, title in (
        ("all", "Every base of a site counts as planted, those too of places where any base will do: 1 cannot be reached."),
        ("fixed", f"Bases of places of at least {FIXED_BITS:g} bit count as planted; the other bases of the site are left out."),
    ):
        names = [one["score"] for one in done[0]["bases"][kind]]
        lines += ["", title, "", "| factor | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
        for result in done:
            cells = [f"{one['auroc']:.3f} ({one['interval'][0]:.3f}-{one['interval'][1]:.3f})" for one in result["bases"][kind]]
            lines.append(f"| {result['factor']} | " + " | ".join(cells) + " |")
        means = [sum(result["bases"][kind][place]["auroc"] for result in done) / len(done) for place in range(len(names))]
        lines.append(f"| *mean of {len(done)}* | " + " | ".join(f"{value:.3f}" for value in means) + " |")
    return lines
