"""A second opinion: TF-MoDISco on attributions, by modisco-lite.

It looks for stretches of high contribution ("seqlets"), clusters them by how alike their contributions are, and needs no negatives.

Source: Shrikumar et al. 2018, arXiv 1811.00416; Schreiber's modisco-lite.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnabert.dna.sequence import Codes
from dnabert.errors import SequenceError, requires_extra
from dnabert.motif.found import Discovery, FoundMotif, Sites, Step
from dnabert.motif.pwm import background_of, count_bases, informative_span, one_hot, probabilities, site_codes
from dnabert.motif.settings import MotifSettings

__all__ = ["discover_with_modisco"]


def discover_with_modisco(
    contributions: Sequence[npt.NDArray[np.float32]], positives: Sequence[Codes], settings: MotifSettings | None = None
) -> Discovery:
    """Motifs that raise the model's score, by the number of their seqlets.

    Args:
        contributions: Hypothetical contributions of each positive, rows A, C, G, T, (4, L).
        positives: Base codes, all of one length.
        settings: ``min_sites``, ``pseudocount`` and ``trim_bits`` are used.

    Raises:
        SequenceError: The positives are of different lengths.
        DnabertError: modisco-lite is not installed.
    """
    settings = settings or MotifSettings()
    lengths = {len(codes) for codes in positives}
    if len(lengths) > 1:
        raise SequenceError(
            f"TF-MoDISco reads sequences of one length, and the positives have from {min(lengths)} to {max(lengths)} bases;"
            " cut them to one length, or use --method viz"
        )
    try:
        from modiscolite.tfmodisco import TFMoDISco
    except ImportError:
        raise requires_extra("modisco-lite", "interpret", "--method modisco") from None
    bases = np.stack([one_hot(codes) for codes in positives]).astype(np.float32)  # (N, L, 4)
    hypothetical = np.stack([np.asarray(rows, np.float32).T for rows in contributions])  # (N, L, 4)
    raising, lowering = TFMoDISco(one_hot=bases, hypothetical_contribs=hypothetical)
    background = background_of(positives, True)
    found = [motif for pattern in raising or () if (motif := _motif(pattern, positives, background, settings)) is not None]
    found.sort(key=lambda motif: (-len(motif.sites), motif.consensus))
    motifs = tuple(FoundMotif(f"motif{number}", motif.probs, motif.sites) for number, motif in enumerate(found, start=1))
    steps = (
        Step("positives", len(positives)),
        Step("patterns", len(raising or ()), f"that raise the score; {len(lowering or ())} that lower it are left out"),
        Step("seqlets", sum(len(pattern.seqlets) for pattern in raising or ()), "stretches of high contribution in them"),
        Step("motifs", len(motifs), f"patterns with {settings.min_sites} seqlets or more"),
    )
    hint = "" if motifs else "TF-MoDISco found no pattern: it wants some hundred positives or more; give more, or use --method viz"
    return Discovery(motifs, steps, hint, background, True)


def _motif(pattern: object, positives: Sequence[Codes], background: npt.NDArray[np.float64], settings: MotifSettings) -> FoundMotif | None:
    seqlets = pattern.seqlets  # type: ignore[attr-defined]
    rows = sorted({(int(one.example_idx), int(one.start), int(one.end), bool(one.is_revcomp)) for one in seqlets})
    inside = [row for row in rows if row[1] >= 0 and row[2] <= len(positives[row[0]])]
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
