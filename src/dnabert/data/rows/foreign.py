"""What a file is that was given by mistake, and what to do with it: for messages only, nothing here reads a row."""

import re

__all__ = ["foreign_format", "header_hint", "looks_like_dna"]

_DNA = re.compile(r"[ACGTUN]{4,}(?: +[ACGTUN]+)*", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"\d+")
_GTF_COLUMNS = 9
_ANNOTATION = ": an annotation has no sequences; dnabert dataset promoters and dnabert dataset splice make labelled tables of it"
_OTHER_DELIMITERS = {";": "semicolons", "|": "bars", " ": "blanks"}


def looks_like_dna(text: str) -> bool:
    """Whether a field of a table is a sequence, or k-mers.

    Examples:
        >>> [looks_like_dna(text) for text in ("acgtn", "ACG CGT", "ACG", "cat1")]
        [True, False, False, False]
    """
    return _DNA.fullmatch(text.strip()) is not None


def foreign_format(start: str) -> str:
    """What a file is that is no table and no FASTA, and the way out; an empty text if nothing is known against it.

    Args:
        start: The first few thousand letters of the file.
    """
    if start.startswith("##fileformat=VCF"):
        return "is a VCF file: variants have no sequences of their own; give a table, FASTA, or BED with --genome"
    if start.startswith("##gff-version"):
        return (
            "is a GFF file: an annotation has no sequences; dnabert dataset promoters and dnabert dataset splice make labelled tables of it"
        )
    if re.match(r"@(HD|SQ|RG|PG|CO)\t", start):
        return "is a SAM file: aligned reads are no labelled sequences; samtools fasta makes FASTA of it"
    lines = [line for line in start.splitlines() if line.strip() and not line.startswith(("#", "track", "browser"))]
    if len(lines) > 2 and lines[0].startswith("@") and lines[2].startswith("+"):
        return "is a FASTQ file; samtools fasta makes FASTA of it"
    fields = lines[0].split("\t") if lines else []
    if len(fields) >= _GTF_COLUMNS and _are_numbers(fields[3:5]) and fields[6] in ("+", "-", "."):
        return f"is a GTF or GFF file{_ANNOTATION}"
    if len(fields) >= 3 and _are_numbers(fields[1:3]) and not looks_like_dna(fields[0]):
        peaks = " (peaks: name it .narrowPeak)" if len(fields) == 10 else ""
        return f"looks like BED{peaks}: contig, start, end and no header; name it .bed and add --genome FASTA"
    return ""


def _are_numbers(fields: list[str]) -> bool:
    return all(_WHOLE_NUMBER.fullmatch(field) for field in fields)


def header_hint(header: str, first: str) -> str:
    """What is probably wrong with a header that has no sequence column; an empty text if that cannot be told.

    Args:
        header: The header line.
        first: The line after it.
    """
    delimiter = next((sign for sign in ("\t", ",", *_OTHER_DELIMITERS) if sign in header.strip()), ",")
    names = _fields(header, delimiter)
    if any(looks_like_dna(name) for name in names):
        other = (
            f", and separate the columns with commas or tabs, not {_OTHER_DELIMITERS[delimiter]}" if delimiter in _OTHER_DELIMITERS else ""
        )
        names_first = "put a line with the names of the columns, such as sequence and label, before it"
        return f"the first line is an entry, not a header: {names_first}{other}"
    if delimiter in _OTHER_DELIMITERS and {"sequence", "seq", "sequence1", "seq1"} & {name.lower() for name in names}:
        return f"the columns are separated by {_OTHER_DELIMITERS[delimiter]}: save the table with commas or tabs"
    found = [name for name, field in zip(names, _fields(first, delimiter), strict=False) if looks_like_dna(field)]
    if len(found) == 1:
        return f"the column {found[0]!r} holds DNA: rename it to 'sequence'"
    if len(found) == 2:
        both = f"the columns {found[0]!r} and {found[1]!r} hold DNA"
        return f"{both}: rename the one to use to 'sequence', or both to 'sequence1' and 'sequence2'"
    return ""


def _fields(line: str, delimiter: str) -> list[str]:
    return [field.strip().strip('"') for field in line.strip().split(delimiter)]
