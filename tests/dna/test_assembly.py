from collections.abc import Callable

import pytest

from dnabert.dna.assembly import name_assembly

# Lengths as UCSC's chrom.sizes files state them.
HG38 = {"chr1": 248_956_422, "chr2": 242_193_529, "chrX": 156_040_895, "chrM": 16_569}
HG19 = {"chr1": 249_250_621, "chr2": 243_199_373, "chrX": 155_270_560, "chrM": 16_571}
GRCH37 = {"1": 249_250_621, "2": 243_199_373, "X": 155_270_560, "MT": 16_569}
SACCER3 = {"chrI": 230_218, "chrXVI": 948_066, "chrM": 85_779}


def bare(lengths: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix("chr"): length for name, length in lengths.items()}


def with_decoys(lengths: dict[str, int]) -> dict[str, int]:
    return {**lengths, "chrUn_KI270302v1": 2274, "phiX": 5386, "my_plasmid": 10}


@pytest.mark.parametrize("change", [dict, bare, with_decoys, lambda lengths: dict(list(lengths.items())[:1])])
@pytest.mark.parametrize(("lengths", "name"), [(HG38, "hg38"), (HG19, "hg19"), (SACCER3, "sacCer3")])
def test_names_and_lengths_tell_the_assembly(
    change: Callable[[dict[str, int]], dict[str, int]], lengths: dict[str, int], name: str
) -> None:
    assert name_assembly(change(lengths)) == name


def test_the_mitochondrion_tells_grch37_from_hg19() -> None:
    assert name_assembly(GRCH37) == "GRCh37"


def test_accessions_are_names_too() -> None:
    assert name_assembly({"NC_000001.11": 248_956_422}) == "hg38"


@pytest.mark.parametrize(
    "lengths",
    [
        {},
        {"ctg1": 100, "ctg2": 248_956_422},
        {"chr1_1015123": 42_990},
        {**HG38, "chr2": 243_199_373},
        {"chr1": 9_876_492},
        # hg38, GRCh37 and hs1 have mitochondria of one length.
        {"chrM": 16_569},
    ],
)
def test_what_fits_none_or_several_has_no_name(lengths: dict[str, int]) -> None:
    assert name_assembly(lengths) is None
