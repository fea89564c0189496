"""What each kind of masking hides and what it gives away: `python benchmarks/masking.py`, the table of recipe 1.4 measured again.

3,000 random rows of 510 k-mers; hidden: bases whose covering k-mers are all to be predicted; leaked: the share of these that an
unchanged k-mer in the input still shows.
"""

import numpy as np
import numpy.typing as npt

from dnabert.data.masking import Masked, hidden_bases, mask_legacy, mask_spans
from dnabert.dna.kmers import kmer_ids

ROWS, TOKENS = 3000, 510
LEGACY = ((6, 0.025), (5, 0.03), (4, 0.0375), (3, 0.05), (6, 0.0333))


def shares(ids: npt.NDArray[np.int64], masked: Masked, kmer: int) -> tuple[float, float, float]:
    lengths = np.full(len(ids), ids.shape[1])
    hidden = hidden_bases(masked.targets, lengths, kmer)
    unchanged = masked.targets & (masked.inputs == ids)
    shown = np.zeros_like(hidden)
    for offset in range(kmer):
        shown[:, offset : offset + ids.shape[1]] |= unchanged
    return masked.targets.mean(), hidden.mean(), (hidden & shown).sum() / hidden.sum()


def main() -> None:
    rng = np.random.default_rng(0)
    print("masking            masked tokens   hidden bases   of these leaked")
    for kmer, probability in LEGACY:
        codes = rng.integers(0, 4, size=(ROWS, TOKENS + kmer - 1), dtype=np.uint8)
        ids = np.stack([kmer_ids(row, kmer) for row in codes]).astype(np.int64)
        lengths = np.full(ROWS, TOKENS)
        found = shares(ids, mask_legacy(ids, lengths, kmer, probability, rng), kmer)
        print(f"legacy k={kmer} p={probability:<7} " + "".join(f"{100 * value:13.1f} %" for value in found))
        found = shares(ids, mask_spans(ids, lengths, kmer, 0.15, 1, 0.1, rng), kmer)
        print(f"span   k={kmer} rate=.15  " + "".join(f"{100 * value:13.1f} %" for value in found))


if __name__ == "__main__":
    main()
