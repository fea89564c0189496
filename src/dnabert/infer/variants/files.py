"""Files of scored variants: the VCF that came in, with INFO of each alternate allele; a table; a table of candidates.

Records keep their order and all that stands in them (as htslib writes it). Positions inside are 0-based; POS, and windows as
``contig:start-end(strand)``, are 1-based.

Source: VCF 4.3; bgzip and tabix by htslib.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pysam

from dnabert import __version__
from dnabert.dna.readers.variants import read_records
from dnabert.dna.regions import Region
from dnabert.errors import ConfigError
from dnabert.infer.variants.alleles import SKIP_REASONS, SkipReason, VariantRecord
from dnabert.infer.variants.job import Block, ScoredAllele
from dnabert.infer.variants.reference import ReferenceBases

__all__ = [
    "CANDIDATE_COLUMNS",
    "TABLE_COLUMNS",
    "ModelColumns",
    "annotated_line",
    "candidate_lines",
    "check_keys",
    "header_text",
    "info_name",
    "is_scored",
    "plain_name",
    "read_blocks",
    "read_line_blocks",
    "table_lines",
    "unique_names",
    "window_text",
]

TABLE_COLUMNS = ("chrom", "pos", "id", "ref", "alt", "model", "class", "window", "score_ref", "score_alt", "diff", "logor", "skipped")
CANDIDATE_COLUMNS = (
    *("chrom", "pos", "id", "ref", "alt", "model", "class", "window", "score_ref", "score_alt", "diff", "logor"),
    *("region", "attention", "attention_ratio"),
)

_OUR_KEY = r"DNABERT_(REF|ALT|DIFF|LOGOR|LLR|WINDOW|SKIPPED)(_[^=;,]*)?"
_EARLIER_KEY = re.compile(f"{_OUR_KEY}(=|$)")
_EARLIER_LINE = re.compile(f"##dnabert[A-Z]|##INFO=<ID={_OUR_KEY},")

Item = TypeVar("Item")

Row = Sequence[Sequence[ScoredAllele | SkipReason]]
"""By alternate allele, by model."""


@dataclass(frozen=True)
class ModelColumns:
    """What a model's scores are called.

    Attributes:
        name: The model, fit for an INFO key and no other model's.
        classes: Its outputs, fit for INFO keys; one "" where there is one only.
        class_names: Its outputs by their full names.
        kind: ``odds`` (probabilities), ``value`` or ``llr`` (zero-shot).
        facts: For the header: SHA-256, window, and the like.
    """

    name: str
    classes: tuple[str, ...]
    class_names: tuple[str, ...]
    kind: str
    facts: Mapping[str, str]

    @property
    def numbers(self) -> tuple[str, ...]:
        """Which numbers there are of each allele."""
        return {"odds": ("REF", "ALT", "DIFF", "LOGOR"), "value": ("REF", "ALT", "DIFF"), "llr": ("REF", "ALT", "LLR")}[self.kind]


def plain_name(text: str) -> str:
    """A name that can be part of an INFO key.

    Examples:
        >>> plain_name("exon 1/2")
        'exon_1_2'
    """
    return re.sub(r"[^0-9A-Za-z_.]", "_", text) or "_"


def info_name(number: str, model: str, output: str) -> str:
    """The INFO key of a number.

    Examples:
        >>> info_name("DIFF", "", ""), info_name("DIFF", "splice", "donor")
        ('DNABERT_DIFF', 'DNABERT_DIFF_splice_donor')
    """
    return "_".join(part for part in ("DNABERT", number, model, output) if part)


def check_keys(models: Sequence[ModelColumns]) -> None:
    """Stop where two models would write the same INFO key: ``x`` with a class ``y``, and ``x_y``.

    Raises:
        ConfigError: They would.
    """
    seen: dict[str, ModelColumns] = {}
    for model in models:
        for key in _info_keys(model, len(models) > 1):
            if key in seen:
                raise ConfigError(
                    f"--model {seen[key].facts['Path']} and --model {model.facts['Path']}: both would write {key},"
                    " which is made of the name of the folder and of the class; rename or copy one of the folders"
                )
            seen[key] = model


def read_blocks(path: Path, size: int) -> Iterator[Block]:
    """Records of a VCF or BCF file, ``size`` at a time.

    Raises:
        DataFileError: As :func:`~dnabert.dna.readers.variants.read_records`.
    """
    return _blocks(map(_record, read_records(path)), size)


def read_line_blocks(path: Path, size: int) -> Iterator[tuple[tuple[VariantRecord, list[str]], ...]]:
    """As :func:`read_blocks`, each record with the columns of its line."""
    rows = ((_record(record), str(record).rstrip("\r\n").split("\t")) for record in read_records(path))
    return _blocks(rows, size)


def _blocks(rows: Iterator[Item], size: int) -> Iterator[tuple[Item, ...]]:
    while block := tuple(islice(rows, size)):
        yield block


def _record(record: pysam.VariantRecord) -> VariantRecord:
    # POS is 1-based, position 0-based.
    return VariantRecord(record.contig, record.pos - 1, record.ref or "", tuple(record.alts or ()))


def is_scored(header: str) -> bool:
    """Whether a header is of a file that this command has scored before."""
    return any(_EARLIER_LINE.match(line) for line in header.split("\n"))


def header_text(header: str, models: Sequence[ModelColumns], several: bool, facts: Mapping[str, str], bases: ReferenceBases) -> str:
    """The header of the scored file: that of the input, lengths of its contigs, and what the new INFO keys mean.

    What an earlier run of this command wrote is left out: scores of two runs in one record could not be told apart.

    Args:
        header: Header of the input, with a line for each contig of its records.
        models: The models.
        several: Whether INFO keys name the model.
        facts: Command, genome and the like.
        bases: The genome, whose lengths stand where the input states none.
    """
    lines = header.rstrip("\n").split("\n")
    kept = [_with_length(line, bases) for line in lines[:-1] if not _EARLIER_LINE.match(line)]
    added = [
        f'##INFO=<ID={key},Number=A,Type={kind},Description="{_quoted(text)}">'
        for model in models
        for key, kind, text in _info(model, several)
    ]
    added += [f"##dnabertVersion={__version__}", *(f"##dnabert{name}={_one_line(value)}" for name, value in facts.items() if value)]
    for model in models:
        values = ",".join(f'{name}="{_quoted(value)}"' for name, value in model.facts.items() if value)
        added.append(f"##dnabertModel=<ID={model.name},{values}>")
    return "\n".join([*kept, *added, lines[-1]]) + "\n"


def _with_length(line: str, bases: ReferenceBases) -> str:
    """A line of a header; of a contig without a length, the genome's is added."""
    found = re.fullmatch("##contig=<ID=([^,>]+)>", line)
    contig = bases.contig(found[1]) if found else None
    return line if contig is None else f"{line[:-1]},length={bases.length(contig)}>"


def _info(model: ModelColumns, several: bool) -> Iterator[tuple[str, str, str]]:
    """Key, Type and description of each INFO of a model."""
    name = model.name if several else ""
    by = f" by {model.name}" if several else ""
    for output, full in zip(model.classes, model.class_names, strict=True):
        what = f"of class {full}" if model.kind == "odds" else f"of {full}"
        texts = {
            "odds": {
                "REF": f"Probability {what} with the reference allele{by}",
                "ALT": f"Probability {what} with the alternate allele{by}",
                "DIFF": f"(ALT - REF) * max(ALT, REF) of the probabilities {what}{by}",
                "LOGOR": f"log2 odds {what} with REF minus those with ALT, bits; above 0: the alternate allele makes it less likely{by}",
            },
            "value": {
                "REF": f"Value {what} with the reference allele{by}",
                "ALT": f"Value {what} with the alternate allele{by}",
                "DIFF": f"ALT - REF of the values {what}{by}",
            },
            "llr": {
                "REF": f"Log2 likelihood of the hidden reference allele above equally likely bases, bits{by}",
                "ALT": f"Log2 likelihood of the hidden alternate allele above equally likely bases, bits{by}",
                "LLR": f"Log-likelihood ratio ALT - REF, bits; below 0: the alternate allele is less likely{by}",
            },
        }[model.kind]
        for number in model.numbers:
            yield info_name(number, name, output), "Float", texts[number]
    yield info_name("WINDOW", name, ""), "String", f"Window that was read, 1-based, with its strand{by}"
    reasons = "; ".join(f"{reason}: {text}" for reason, text in SKIP_REASONS.items())
    yield info_name("SKIPPED", name, ""), "String", f"Why an alternate allele was not scored, a dot where it was{by}. {reasons}"


def annotated_line(columns: Sequence[str], row: Row, models: Sequence[ModelColumns], several: bool) -> str:
    """A line of the scored VCF.

    Args:
        columns: Columns of the input's line.
        row: What was found.
        models: The models.
        several: Whether INFO keys name the model.
    """
    contig, new = columns[0], []
    for place, model in enumerate(models):
        name = model.name if several else ""
        found = [each[place] for each in row]
        skipped = [each if isinstance(each, str) else "." for each in found]
        if any(isinstance(each, ScoredAllele) for each in found):
            for index, output in enumerate(model.classes):
                for number in model.numbers:
                    values = ["." if isinstance(each, str) else f"{_number(each, number, index):.6g}" for each in found]
                    new.append(f"{info_name(number, name, output)}={','.join(values)}")
            windows = ["." if isinstance(each, str) else window_text(contig, each) for each in found]
            new.append(f"{info_name('WINDOW', name, '')}={','.join(windows)}")
        if any(reason != "." for reason in skipped):
            new.append(f"{info_name('SKIPPED', name, '')}={','.join(skipped)}")
    kept = [part for part in columns[7].split(";") if part != "." and not _EARLIER_KEY.match(part)]
    return "\t".join([*columns[:7], ";".join([*kept, *new]), *columns[8:]]) + "\n"


def _info_keys(model: ModelColumns, several: bool) -> list[str]:
    name = model.name if several else ""
    keys = [info_name(number, name, output) for number in model.numbers for output in model.classes]
    return [*keys, info_name("WINDOW", name, ""), info_name("SKIPPED", name, "")]


def _number(found: ScoredAllele, number: str, index: int) -> float:
    score = found.score
    if number == "LOGOR":
        assert score.log_odds is not None
        return score.log_odds[index]
    return {"REF": score.reference, "ALT": score.alternate, "DIFF": score.difference, "LLR": score.difference}[number][index]


def window_text(contig: str, found: ScoredAllele) -> str:
    """The window, 1-based."""
    window = found.window
    return f"{contig}:{window.start + 1}-{window.end}({window.strand})"


def _cells(columns: Sequence[str], found: ScoredAllele, index: int) -> list[str]:
    score = found.score
    numbers = [score.reference[index], score.alternate[index], score.difference[index]]
    odds = "" if score.log_odds is None else f"{score.log_odds[index]:.6g}"
    return [window_text(columns[0], found), *(f"{value:.6g}" for value in numbers), odds]


def table_lines(columns: Sequence[str], row: Row, models: Sequence[ModelColumns]) -> Iterator[str]:
    """Lines of the table: one for each alternate allele, model and class; an allele that is not scored has its reason."""
    alternates = columns[4].split(",")
    for alternate, found in zip(alternates, row, strict=True):
        for model, each in zip(models, found, strict=True):
            begin = [*columns[:4], alternate, model.name]
            if isinstance(each, str):
                yield "\t".join([*begin, "", "", "", "", "", "", each]) + "\n"
                continue
            for index, name in enumerate(model.class_names):
                yield "\t".join([*begin, name, *_cells(columns, each, index), ""]) + "\n"


def candidate_lines(columns: Sequence[str], row: Row, models: Sequence[ModelColumns], min_change: float) -> Iterator[str]:
    """Lines of the table of candidates: alleles in a high-attention region, and the classes whose answer they change enough."""
    for alternate, found in zip(columns[4].split(","), row, strict=True):
        for model, each in zip(models, found, strict=True):
            if isinstance(each, str) or each.region is None:
                continue
            region = each.region
            place = Region(columns[0], region.start + 1, region.end)  # 1-based
            attention = [str(place), f"{region.score:.6g}", f"{region.ratio:.4g}"]
            for index, name in enumerate(model.class_names):
                if abs(each.score.changes[index]) >= min_change:
                    yield "\t".join([*columns[:4], alternate, model.name, name, *_cells(columns, each, index), *attention]) + "\n"


def _quoted(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _one_line(text: str) -> str:
    return " ".join(text.split())


def unique_names(names: Iterable[str]) -> list[str]:
    """Names fit for INFO keys, no two alike.

    Examples:
        >>> unique_names(["run 1", "run_1", "b"])
        ['run_1', 'run_1_2', 'b']
    """
    found: list[str] = []
    for name in map(plain_name, names):
        count = 1
        unique = name
        while unique in found:
            count += 1
            unique = f"{name}_{count}"
        found.append(unique)
    return found
