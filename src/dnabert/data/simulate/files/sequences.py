"""The bases of a simulated genome and the list of its contigs."""

import numpy as np

from dnabert.data.simulate.genome import SimulatedGenome
from dnabert.dna.sequence import Codes, decode_bases

__all__ = ["contig_table", "fasta", "fasta_index"]

_LINE_BASES = 60


def fasta(simulated: SimulatedGenome) -> str:
    """The genome, 60 letters a line."""
    return "".join(f">{name}\n{_wrap(codes)}" for name, codes in simulated.contigs.items())


def fasta_index(simulated: SimulatedGenome) -> str:
    """Where each contig begins in the text of :func:`fasta`, as ``samtools faidx`` writes it.

    Source: faidx(5): name, length, offset, bases a line, bytes a line.
    """
    rows, offset = [], 0
    for name, codes in simulated.contigs.items():
        offset += len(name) + 2
        rows.append(f"{name}\t{len(codes)}\t{offset}\t{_LINE_BASES}\t{_LINE_BASES + 1}\n")
        offset += len(codes) + -(-len(codes) // _LINE_BASES)
    return "".join(rows)


def contig_table(simulated: SimulatedGenome, heading: str) -> str:
    """Which set each contig belongs to."""
    rows = [f"{name}\t{len(codes)}\t{simulated.split_of[name]}\n" for name, codes in simulated.contigs.items()]
    return heading + "contig\tlength_bp\tsplit\n" + "".join(rows)


def _wrap(codes: Codes) -> str:
    letters = np.frombuffer(decode_bases(codes).encode(), dtype=np.uint8)
    num_full = len(letters) // _LINE_BASES
    full = letters[: num_full * _LINE_BASES].reshape(num_full, _LINE_BASES)
    lines = np.insert(full, _LINE_BASES, ord("\n"), axis=1).tobytes().decode()
    rest = letters[num_full * _LINE_BASES :].tobytes().decode()
    return f"{lines}{rest}\n" if rest else lines
