"""A second opinion: TF-MoDISco on attributions, by modisco-lite.

It looks for stretches of high contribution ("seqlets"), clusters them by how alike their contributions are, and needs no negatives.

Source: Shrikumar et al. 2018, arXiv 1811.00416; Schreiber's modisco-lite.
"""

import contextlib
import io
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import Codes
from dnabert.errors import SequenceError, requires_extra
from dnabert.motif.found import Discovery, FoundMotif, Sites, Step
from dnabert.motif.pwm import background_of, count_bases, informative_span, one_hot, probabilities, site_codes
from dnabert.motif.settings import MotifSettings

__all__ = ["check_lengths", "discover_with_modisco"]

_WINDOW_BP, _FLANK_BP = 21, 10
"""A seqlet is a window and a flank on either side; the sizes of modisco-lite."""
_SEQLET_BP = _WINDOW_BP + 2 * _FLANK_BP
_MIN_SEQLETS = 100
"""So many seqlets are too few to be clustered: the rule of modisco-lite."""
_SAID = re.compile(r"Using (\d+) positive seqlets")


def check_lengths(positives: Sequence[Codes]) -> int:
    """The one length of all positives.

    Raises:
        SequenceError: They are of different lengths, or too short for a seqlet.
    """
    lengths = {len(codes) for codes in positives}
    if len(lengths) > 1:
        raise SequenceError(
            f"TF-MoDISco reads sequences of one length, and the positives have from {min(lengths)} to {max(lengths)} bases;"
            " cut them to one length, or use --method viz"
        )
    length = max(lengths, default=0)
    if length < _SEQLET_BP:
        raise SequenceError(
            f"TF-MoDISco reads stretches of {_SEQLET_BP} bases, and the positives have {length}; give longer ones, or use --method viz"
        )
    return length


def discover_with_modisco(
    contributions: Sequence[npt.NDArray[np.float32]], positives: Sequence[Codes], settings: MotifSettings | None = None
) -> Discovery:
    """Motifs that raise the model's score, by the number of their seqlets.

    Args:
        contributions: Hypothetical contributions of each positive, rows A, C, G, T, (4, L).
        positives: Base codes, all of one length.
        settings: ``min_sites``, ``pseudocount`` and ``trim_bits`` are used.

    Raises:
        SequenceError: The positives are of different lengths, or too short for a seqlet.
        DnabertError: modisco-lite is not installed.
    """
    settings = settings or MotifSettings()
    length = check_lengths(positives)
    try:
        from modiscolite.tfmodisco import TFMoDISco
    except ImportError:
        raise requires_extra("modisco-lite", "interpret", "--method modisco") from None
    bases = np.stack([one_hot(codes) for codes in positives]).astype(np.float32)  # (N, L, 4)
    hypothetical = np.stack([np.asarray(rows, np.float32).T for rows in contributions])  # (N, L, 4)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        raising, lowering = TFMoDISco(
            one_hot=bases,
            hypothetical_contribs=hypothetical,
            sliding_window_size=_WINDOW_BP,
            flank_size=_FLANK_BP,
            min_metacluster_size=_MIN_SEQLETS,
            verbose=True,
        )
    used = _SAID.search(said.getvalue())
    num_used = int(used.group(1)) if used else None
    background = background_of(positives, True)
    found = [motif for pattern in raising or () if (motif := _motif(pattern, positives, background, settings)) is not None]
    found.sort(key=lambda motif: (-len(motif.sites), motif.consensus))
    motifs = tuple(FoundMotif(f"motif{number}", motif.probs, motif.sites) for number, motif in enumerate(found, start=1))
    steps = (
        Step("positives", len(positives), f"{length} bases each"),
        *((Step("stretches", num_used, "of high contribution that raise the score, before they are clustered"),) if num_used else ()),
        Step("patterns", len(raising or ()), f"that raise the score; {len(lowering or ())} that lower it are left out"),
        Step("seqlets", sum(len(pattern.seqlets) for pattern in raising or ()), "stretches in them"),
        Step("motifs", len(motifs), f"patterns with {settings.min_sites} seqlets or more"),
    )
    hint = "" if motifs else _hint(len(positives), length, num_used, raising or (), settings)
    return Discovery(motifs, steps, hint, background, True)


def _hint(num_positives: int, length: int, num_used: int | None, patterns: Sequence[object], settings: MotifSettings) -> str:
    """Why there are no motifs, and what to try."""
    given = f"{num_positives:,} positives of {length} bases"
    if patterns:
        most = max(len(_inside(pattern, length)) for pattern in patterns)
        found = f"{len(patterns)} pattern{'s' * (len(patterns) > 1)}"
        return (
            f"TF-MoDISco found {found} in {given}, but none with {settings.min_sites} seqlets that lie within their sequences (at most"
            f" {most}); lower it with --set min_sites={max(most, 1)}, or give more positives"
        )
    ways = "give more or longer positives, or use --method viz"
    if num_used is None:
        return (
            f"TF-MoDISco found no pattern in {given}: not more than {_MIN_SEQLETS} stretches of high contribution that raise the score, too"
            f" few to be clustered. A stretch takes {_SEQLET_BP} bases, so that one at an end of its sequence is lost and short"
            f" sequences hold one each at most; or the model reads no short stretches; {ways}"
        )
    return (
        f"TF-MoDISco found no pattern in {given}: {num_used:,} stretches of high contribution raise the score, and no cluster of them"
        f" stays when ends are trimmed: they are not alike enough, or too few; {ways}"
    )


def _inside(pattern: object, length: int) -> list[tuple[int, int, int, bool]]:
    """Sequence, start, end and strand of the seqlets within their sequences, each place once, in order."""
    seqlets = pattern.seqlets  # type: ignore[attr-defined]
    rows = sorted({(int(one.example_idx), int(one.start), int(one.end), bool(one.is_revcomp)) for one in seqlets})
    return [row for row in rows if row[1] >= 0 and row[2] <= length]


def _motif(pattern: object, positives: Sequence[Codes], background: npt.NDArray[np.float64], settings: MotifSettings) -> FoundMotif | None:
    inside = _inside(pattern, len(positives[0]))
    if len(inside) < settings.min_sites:
        return None
    numbers, starts, ends = (np.array([row[place] for row in inside], np.int64) for place in range(3))
    flip = np.array([row[3] for row in inside], np.bool_)
    width = int(ends[0] - starts[0])
    counts = count_bases(site_codes(positives, numbers, starts, width, flip))
    middle = width // 2
    first, last = informative_span(counts, settings.trim_bits, (max(middle - 2, 0), min(middle + 2, width)))
    starts = np.where(flip, ends - last, starts + first)
    sites = Sites(numbers, starts, starts + last - first, flip, np.ones(len(inside)))
    return FoundMotif("", probabilities(counts[first:last], background, settings.pseudocount), sites)
