"""Motifs out of scores: islands, their enrichment, merging, windows, matrices - the DNABERT-viz procedure.

Source: Ji et al. 2021 and ``find_motifs.py``, as listed step by step in docs/motifs.md. Different from 2021 on purpose: a window that
ends exactly at the end of its sequence is kept (2021 lost it to a ``<``); merging does not depend on the version of Biopython; a window
that two islands share counts once; both strands may be pooled; ends without information are cut off the matrix.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from dnabert.dna.sequence import Codes
from dnabert.motif.found import Discovery, FoundMotif, Sites, Step
from dnabert.motif.pwm import background_of, count_bases, informative_span, probabilities, site_codes
from dnabert.motif.settings import MotifSettings
from dnabert.motif.steps.candidates import Candidates, pool_islands
from dnabert.motif.steps.enrichment import Enrichment, enrichment_of, hypergeometric_log_p, hypergeometric_p
from dnabert.motif.steps.hints import hint_for_islands, hint_for_motifs, hint_for_strings
from dnabert.motif.steps.islands import FoundIslands, Islands, find_islands
from dnabert.motif.steps.merge import Group, merge_strings
from dnabert.motif.steps.occurrences import count_sequences_like, median_score
from dnabert.motif.steps.presence import count_sequences_with

__all__ = ["centre_windows", "discover_motifs"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Windows:
    """Windows of one group that lie within their sequences, and where the founder's bases stand in them."""

    sites: Sites
    core: tuple[int, int]
    num_islands: int
    num_outside: int
    num_double: int


def discover_motifs(
    scores: Iterable[npt.NDArray[np.floating]],
    positives: Sequence[Codes],
    negatives: Sequence[Codes],
    settings: MotifSettings | None = None,
) -> Discovery:
    """Motifs that score high in positives and occur there more often than in negatives.

    The order of the sequences changes nothing but the numbers of the sequences in the sites.

    Args:
        scores: One score of 0 or more for each base of each positive, in their order; read once.
        positives: Base codes of the sequences to search.
        negatives: Base codes of the sequences to compare with.
        settings: What can be set; ``both_strands`` unset is no.

    Raises:
        SequenceError: A score is below 0 or no number.
    """
    settings = settings or MotifSettings()
    both = bool(settings.both_strands)
    background = background_of([*positives, *negatives], both)
    found = find_islands(scores, positives, settings.mean_factor, settings.min_factor, settings.min_len_bp)
    islands = found.islands
    candidates = pool_islands(islands, positives, both)
    tested = _tested(candidates.letters, positives, negatives, both)
    kept = np.flatnonzero(tested.q < settings.max_q)
    letters = [candidates.letters[number] for number in kept.tolist()]
    groups = merge_strings(letters, tested.p[kept], settings.min_len_bp, settings.merge_share, both)
    rows_of = candidates.islands_of()
    windows = [_windows(group, kept, islands, candidates, rows_of, positives, settings.window_bp) for group in groups]
    enough = [number for number, one in enumerate(windows) if len(one.sites) >= settings.min_sites]
    motifs = _motifs(
        [(groups[number], windows[number]) for number in enough], letters, kept, tested, positives, negatives, background, settings
    )
    steps = _steps(found, len(positives), len(negatives), len(candidates), len(kept), windows, len(motifs), settings)
    hint = ""
    if not len(islands):
        hint = hint_for_islands(found, settings)
    elif not len(kept):
        hint = hint_for_strings(tested, len(positives), len(negatives))
    elif not motifs:
        hint = hint_for_motifs(max((len(one.sites) for one in windows), default=0), sum(one.num_outside for one in windows), settings)
    return Discovery(motifs, steps, hint, background, both)


def _steps(
    found: FoundIslands,
    num_positives: int,
    num_negatives: int,
    num_candidates: int,
    num_kept: int,
    windows: Sequence[_Windows],
    num_motifs: int,
    settings: MotifSettings,
) -> tuple[Step, ...]:
    """What each step left."""
    short = found.num_runs - len(found.islands)
    return (
        Step("positives", num_positives, f"{num_negatives:,} negatives; {found.num_constant:,} positives have scores that are all equal"),
        Step("runs", found.num_runs, f"bases above {settings.mean_factor:g} x mean and {settings.min_factor:g} x lowest score, in a row"),
        Step("islands", len(found.islands), f"{short:,} runs are shorter than {settings.min_len_bp} bases"),
        Step(
            "candidates",
            num_candidates,
            "distinct strings" + (", a string and its reverse complement being one" if settings.both_strands else ""),
        ),
        Step("kept", num_kept, f"strings with q < {settings.max_q:g}"),
        Step("merged", len(windows), "groups of alike strings"),
        Step(
            "windows",
            sum(len(one.sites) for one in windows),
            f"of {sum(one.num_islands for one in windows):,} islands: {sum(one.num_outside for one in windows):,} windows of"
            f" {settings.window_bp} bases leave their sequence, {sum(one.num_double for one in windows):,} are the same as another",
        ),
        Step("motifs", num_motifs, f"groups with {settings.min_sites} windows or more"),
    )


def _tested(letters: Sequence[str], positives: Sequence[Codes], negatives: Sequence[Codes], both: bool) -> Enrichment:
    own = np.arange(len(letters))
    counts = [count_sequences_with(letters, own, len(letters), part, both) for part in (positives, negatives)]
    return enrichment_of(counts[0], counts[1], len(positives), len(negatives))


def centre_windows(starts: Integers, ends: Integers, is_reverse: Flags, window_bp: int) -> Integers:
    """First base of a window about the middle of each stretch.

    Where the bases to add are odd in number one more is added behind the stretch, as its strand is read.

    Examples:
        >>> centre_windows(np.array([10, 10]), np.array([15, 15]), np.array([False, True]), 24).tolist()
        [1, 0]
    """
    spare = window_bp - (ends - starts)
    before = spare // 2
    return np.asarray(starts - np.where(is_reverse, spare - before, before), np.int64)


def _windows(
    group: Group,
    kept: Integers,
    islands: Islands,
    candidates: Candidates,
    rows_of: Sequence[Integers],
    positives: Sequence[Codes],
    window_bp: int,
) -> _Windows:
    """Windows about the founder's place in each island of a group."""
    width = len(candidates.letters[int(kept[group.founder])])
    parts: list[tuple[Integers, Integers, Flags]] = []
    for member in group.members:
        rows = rows_of[int(kept[member.string])]
        # The string may be read backwards in the island, and laid backwards over the founder.
        flip = candidates.is_reverse[rows] != member.is_reverse
        starts = np.where(flip, islands.ends[rows] - member.offset - width, islands.starts[rows] + member.offset)
        parts.append((rows, starts, flip))
    rows, starts, flip = (np.concatenate([part[place] for part in parts]) for place in range(3))
    first = centre_windows(starts, starts + width, flip, window_bp)
    numbers = islands.sequences[rows]
    lengths = np.array([len(positives[number]) for number in numbers.tolist()], np.int64)
    inside = (first >= 0) & (first + window_bp <= lengths)
    # In the order of the sequences; of two islands with the same window that of the higher score stands for both.
    order = np.flatnonzero(inside)[np.lexsort((-islands.scores[rows][inside], flip[inside], first[inside], numbers[inside]))]
    places = np.stack([numbers[order], first[order], flip[order]], axis=1)
    is_new = np.ones(len(order), np.bool_)
    is_new[1:] = (places[1:] != places[:-1]).any(axis=1)
    order = order[is_new]
    before = (window_bp - width) // 2
    return _Windows(
        Sites(numbers[order], first[order], first[order] + window_bp, flip[order], islands.scores[rows][order]),
        (max(before, 0), min(before + width, window_bp)),
        len(rows),
        int((~inside).sum()),
        int((~is_new).sum()),
    )


def _motifs(
    chosen: Sequence[tuple[Group, _Windows]],
    letters: Sequence[str],
    kept: Integers,
    tested: Enrichment,
    positives: Sequence[Codes],
    negatives: Sequence[Codes],
    background: npt.NDArray[np.float64],
    settings: MotifSettings,
) -> tuple[FoundMotif, ...]:
    """Matrices of the groups, the one that is the most enriched first."""
    if not chosen:
        return ()
    owners = [(member.string, place) for place, (group, _) in enumerate(chosen) for member in group.members]
    strings, places = [letters[string] for string, _ in owners], [place for _, place in owners]
    both = bool(settings.both_strands)
    with_any, without = (count_sequences_with(strings, places, len(chosen), part, both) for part in (positives, negatives))
    num_all = len(positives) + len(negatives)
    p = hypergeometric_p(with_any, with_any + without, len(positives), num_all)
    q = np.asarray(false_discovery_control(p), np.float64)
    made = [_matrix(windows, positives, background, settings) for _, windows in chosen]
    occurrences = np.array([_occurrences(*one, positives, negatives, background, both) for one in made], np.int64)
    with_matrix, in_all = occurrences[:, 0], occurrences.sum(axis=1)
    matrix_p = hypergeometric_p(with_matrix, in_all, len(positives), num_all)
    log_p = hypergeometric_log_p(with_matrix, in_all, len(positives), num_all)
    found = []
    for place, (group, _) in enumerate(chosen):
        members = [member.string for member in group.members]
        best = min(members, key=lambda string: (tested.p[kept[string]], letters[string]))
        sites = made[place][1]
        motif = FoundMotif(
            "",
            *made[place],
            tuple(letters[string] for string in members),
            int(with_any[place]),
            int(without[place]),
            float(p[place]),
            float(q[place]),
            letters[best],
            float(tested.q[kept[best]]),
            int(occurrences[place, 0]),
            int(occurrences[place, 1]),
            float(matrix_p[place]),
        )
        found.append((float(log_p[place]), -len(sites), letters[group.founder], motif))
    ranked = sorted(found, key=lambda one: one[:3])
    return tuple(replace(motif, name=f"motif{number}") for number, (_, _, _, motif) in enumerate(ranked, start=1))


def _occurrences(
    probs: npt.NDArray[np.float64],
    sites: Sites,
    positives: Sequence[Codes],
    negatives: Sequence[Codes],
    background: npt.NDArray[np.float64],
    both: bool,
) -> tuple[int, int]:
    """Positives and negatives in which the matrix occurs."""
    least = median_score(probs, background, site_codes(positives, sites.sequences, sites.starts, len(probs), sites.is_reverse))
    with_it, without = (count_sequences_like(probs, background, least, part, both) for part in (positives, negatives))
    return with_it, without


def _matrix(
    windows: _Windows, positives: Sequence[Codes], background: npt.NDArray[np.float64], settings: MotifSettings
) -> tuple[npt.NDArray[np.float64], Sites]:
    """Probabilities of the columns that carry information, and the sites cut as they are."""
    sites = windows.sites
    counts = count_bases(site_codes(positives, sites.sequences, sites.starts, settings.window_bp, sites.is_reverse))
    first, last = informative_span(counts, settings.trim_bits, windows.core)
    starts = np.where(sites.is_reverse, sites.ends - last, sites.starts + first)
    cut = replace(sites, starts=starts, ends=starts + last - first)
    return probabilities(counts[first:last], background, settings.pseudocount), cut
