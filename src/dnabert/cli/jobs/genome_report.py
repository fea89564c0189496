"""What ``dnabert genome info`` says, as text, TSV and JSON."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from dnabert.data.download.contents import GenomeContent, Totals
from dnabert.output import open_output, provenance, provenance_lines

__all__ = ["content_lines", "write_content", "write_json_content"]

_COLUMNS = ("contig", "length", "n", "other_ambiguous", "soft_masked", "gc_share", "n_runs", "longest_n_run")


def content_lines(content: GenomeContent, most: int | None) -> Iterator[str]:
    """A table of the contigs, then of all together.

    Args:
        content: The genome.
        most: Contigs to show; None shows all.
    """
    shown = content.contigs[:most]
    rows = [("contig", "length", "N", "soft-masked", "GC")]
    rows += [(contig.name, *_cells(contig)) for contig in shown]
    totals = content.totals
    if len(content.contigs) > 1:
        rows.append((f"all {len(content.contigs):,}", *_cells(totals)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]) for row in rows
    ]
    hidden = len(content.contigs) - len(shown)
    if hidden:
        lines.insert(-1, f"... and {hidden:,} more (--all shows them, --out writes them)")
    yield from lines
    yield ""
    yield f"file      {content.path}, {_packing(content)}"
    yield f"assembly  {content.assembly or 'not a known one, or not to be told from these contigs'}"
    yield f"N         {totals.num_n:,} in {totals.num_n_runs:,} runs, the longest {totals.longest_n_run:,}"
    yield f"IUPAC     {totals.num_other_ambiguous:,} other ambiguous letters"
    yield f"SHA-256   {content.sha256}"


def _cells(part: Totals) -> tuple[str, str, str, str]:
    return f"{part.length:,}", f"{part.num_n:,}", f"{part.num_soft_masked / part.length:.1%}", "-" if part.gc is None else f"{part.gc:.1%}"


def _packing(content: GenomeContent) -> str:
    if content.is_indexed is None:
        return {"2bit": "2bit, which is its own index", "gzip": "gzip, which cannot be indexed (bgzip can)"}[content.packing]
    return f"{content.packing}, " + ("indexed" if content.is_indexed else f"not indexed (samtools faidx {content.path})")


def write_content(content: GenomeContent, path: Path, command: str, force: bool) -> None:
    """Every contig as a line of a TSV, with provenance.

    Raises:
        OutputError: It cannot be written.
    """
    with open_output(path, force) as handle:
        handle.write(provenance_lines(command, genome=str(content.path), genome_sha256=content.sha256, assembly=content.assembly or ""))
        handle.write("\t".join(_COLUMNS) + "\n")
        for each in content.contigs:
            gc = "" if each.gc is None else f"{each.gc:.6f}"
            counts = (each.length, each.num_n, each.num_other_ambiguous, each.num_soft_masked, gc, each.num_n_runs, each.longest_n_run)
            handle.write("\t".join([each.name, *map(str, counts)]) + "\n")


def write_json_content(content: GenomeContent, command: str) -> None:
    """All of it as JSON on stdout."""
    facts = {
        "file": str(content.path),
        "packing": content.packing,
        "is_indexed": content.is_indexed,
        "sha256": content.sha256,
        "assembly": content.assembly,
        "num_contigs": len(content.contigs),
        "totals": _facts(content.totals),
        "contigs": [{"name": each.name, **_facts(each)} for each in content.contigs],
        "provenance": provenance(command, {str(content.path): content.sha256}),
    }
    with open_output("-") as handle:
        handle.write(json.dumps(facts, indent=2, allow_nan=False) + "\n")


def _facts(part: Totals) -> dict[str, object]:
    return {**dataclasses.asdict(part), "gc": part.gc}
