"""The steps of recipe 1.9, straight from its text, over plain strings and lists: slow, and written apart from the code under test."""

from fractions import Fraction
from math import comb

COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}


def turned(text: str) -> str:
    return "".join(COMPLEMENT[letter] for letter in reversed(text))


def regions(scores: list[float], text: str, mean_factor: float, min_factor: float, min_len: int) -> list[tuple[int, int]]:
    """``score > mean`` and ``score > 10 min``, in runs of min_len; an N ends a run."""
    if len(set(scores)) <= 1:
        return []
    mean, low = sum(scores) / len(scores), min(scores)
    high = [
        value > mean_factor * mean and value > min_factor * low and letter in "ACGT" for value, letter in zip(scores, text, strict=False)
    ]
    found, start = [], None
    for place, flag in enumerate([*high, False]):
        if flag and start is None:
            start = place
        if not flag and start is not None:
            if place - start >= min_len:
                found.append((start, place))
            start = None
    return found


def num_with(strings: list[str], sequences: list[str], both: bool) -> int:
    wanted = set(strings) | ({turned(text) for text in strings} if both else set())
    return sum(any(text in sequence for text in wanted) for sequence in sequences)


def tail(x: int, n: int, K: int, N: int) -> Fraction:
    """P(X >= x) of n draws from N with K hits, exactly."""
    return Fraction(sum(comb(K, k) * comb(N - K, n - k) for k in range(x, min(n, K) + 1) if n - k <= N - K), comb(N, n))


def benjamini_hochberg(p: list[float]) -> list[float]:
    ranked = sorted(range(len(p)), key=lambda number: p[number])
    q, least = [0.0] * len(p), 1.0
    for rank in range(len(p), 0, -1):
        number = ranked[rank - 1]
        least = min(least, p[number] * len(p) / rank)
        q[number] = least
    return q


def fits(text: str, founder: str) -> list[tuple[int, int]]:
    """Matches and offset of every way to lay the founder over the text without gaps."""
    return [
        (sum(text[place + offset] == letter for place, letter in enumerate(founder) if 0 <= place + offset < len(text)), offset)
        for offset in range(1 - len(founder), len(text))
    ]


def merged(strings: list[str], p: list[float], min_len: int, share: float, both: bool) -> list[list[tuple[str, int, bool]]]:
    """Groups as lists of string, offset of the founder in it (turned round where the flag says so)."""
    groups: list[list[tuple[str, int, bool]]] = []
    for _, _, text in sorted((len(text), value, text) for text, value in zip(strings, p, strict=True)):
        options = []
        for number, group in enumerate(groups):
            founder = group[0][0]
            for is_reverse in (False, True) if both else (False,):
                for matches, offset in fits(turned(text) if is_reverse else text, founder):
                    if matches >= max(min_len - 1, share * min(len(text), len(founder))):
                        apart = abs(2 * offset + len(founder) - len(text))
                        options.append((-matches, number, is_reverse, apart, offset))
        if options:
            _, number, is_reverse, _, offset = min(options)
            groups[number].append((text, offset, is_reverse))
        else:
            groups.append([(text, 0, False)])
    return groups


def window(start: int, end: int, is_reverse: bool, length: int, size: int) -> tuple[int, int] | None:
    """The window about the middle; on the reverse strand everything is mirrored."""
    if is_reverse:
        mirrored = window(length - end, length - start, False, length, size)
        return None if mirrored is None else (length - mirrored[1], length - mirrored[0])
    first = start - (size - (end - start)) // 2
    return (first, first + size) if first >= 0 and first + size <= length else None


def discover(
    scores: list[list[float]], positives: list[str], negatives: list[str], *, both: bool, max_q: float, size: int, min_sites: int
) -> list[tuple[str, list[tuple[int, int, int, bool]]]]:
    """Founder and windows of each motif, sorted; mean factor 1, min factor 10, min_len 5, share 0.5."""
    where: dict[str, list[tuple[int, int, int, bool]]] = {}
    for number, (row, text) in enumerate(zip(scores, positives, strict=True)):
        for start, end in regions(row, text, 1.0, 10.0, 5):
            spelt = text[start:end]
            name = min(spelt, turned(spelt)) if both else spelt
            where.setdefault(name, []).append((number, start, end, spelt != name))
    names = sorted(where)
    N, K = len(positives) + len(negatives), len(positives)
    p = []
    for name in names:
        x = num_with([name], positives, both)
        p.append(float(tail(x, x + num_with([name], negatives, both), K, N)))
    q = benjamini_hochberg(p)
    kept = [number for number in range(len(names)) if q[number] < max_q]
    found = []
    for group in merged([names[number] for number in kept], [p[number] for number in kept], 5, 0.5, both):
        founder = group[0][0]
        sites = set()
        for name, offset, laid_back in group:
            for number, start, end, read_back in where[name]:
                is_reverse = read_back != laid_back
                first = end - offset - len(founder) if is_reverse else start + offset
                place = window(first, first + len(founder), is_reverse, len(positives[number]), size)
                if place is not None:
                    sites.add((number, *place, is_reverse))
        if len(sites) >= min_sites:
            found.append((founder, sorted(sites)))
    return sorted(found)
