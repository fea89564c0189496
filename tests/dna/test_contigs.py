import pickle

import pytest

from dnabert.dna.contigs import ContigNames, other_names
from dnabert.errors import RegionError


def names(*contigs: str, length: int = 100) -> ContigNames:
    return ContigNames(dict.fromkeys(contigs, length), "g.fa")


@pytest.mark.parametrize(
    ("genome", "name", "found"),
    [
        (("chr1", "chr2"), "chr2", "chr2"),
        (("chr1", "chr2"), "2", "chr2"),
        (("1", "2"), "chr2", "2"),
        (("1", "chr1"), "1", "1"),
        (("1", "chr1"), "chr1", "chr1"),
        (("chrM",), "MT", "chrM"),
        (("chrM",), "M", "chrM"),
        (("chrM",), "chrMT", "chrM"),
        (("MT",), "chrM", "MT"),
        (("MT", "chrM"), "chrM", "chrM"),
        (("chrX_random",), "X_random", "chrX_random"),
    ],
)
def test_exact_name_wins_else_the_only_contig_that_fits(genome: tuple[str, ...], name: str, found: str) -> None:
    assert names(*genome).find(name, "a.bed:1", "a.bed") == found


def test_other_names_name_each_other() -> None:
    for name in ("chr1", "1", "chrM", "M", "MT", "chrMT", "scaffold_7", "chrUn_gl000220"):
        assert name not in other_names(name)
        assert all(name in other_names(other) for other in other_names(name))


def test_renaming_is_told_once_for_each_file(caplog: pytest.LogCaptureFixture) -> None:
    genome = names("chr1", "chr2")
    for source in ("peaks.bed", "peaks.bed", "genes.gtf", "same.bed"):
        for name in ("chr1", "chr2") if source == "same.bed" else ("1", "2"):
            genome.find(name, f"{source}:1", source)
    told = "contigs are named 1, ..., g.fa has chr1, ...: taken for the same"
    assert caplog.messages == [f"peaks.bed: {told}", f"genes.gtf: {told}"]


def test_two_names_of_one_file_for_the_same_contig_are_an_error() -> None:
    genome = names("chr1", "chr2")
    assert genome.find("chr1", "a.bed:1", "a.bed") == "chr1"
    assert genome.find("1", "b.bed:1", "b.bed") == "chr1"
    for _ in range(2):
        with pytest.raises(RegionError) as caught:
            genome.find("1", "a.bed:9", "a.bed")
        assert str(caught.value) == "a.bed:9: a.bed has contigs chr1 and 1, and both would be chr1 of g.fa; rename one of them"


def test_without_a_file_names_may_differ_and_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    genome = names("chr1")
    assert genome.find("1", "request", "") == genome.find("chr1", "request", "") == "chr1"
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("genome", "name", "message"),
    [
        (("chr1", "chr2", "chr3", "chr4"), "chr9", "contig chr9 is not in g.fa (it has chr1, chr2, chr3, ...)"),
        (("I", "II"), "chrUn", "contig chrUn is not in g.fa (it has I, II)"),
        ((), "1", "contig 1 is not in g.fa (it has no contigs)"),
    ],
)
def test_an_unknown_contig_is_named_with_examples_and_the_way_out(genome: tuple[str, ...], name: str, message: str) -> None:
    with pytest.raises(RegionError) as caught:
        names(*genome).find(name, "a.bed:3", "a.bed")
    assert str(caught.value) == f"a.bed:3: {message}; give the genome that the positions refer to, or leave such entries out"


def test_a_name_that_fits_two_contigs_is_an_error() -> None:
    with pytest.raises(RegionError) as caught:
        names("chrM", "MT").find("M", "a.vcf: M:5", "a.vcf")
    assert str(caught.value) == "a.vcf: M:5: contig M may be chrM or MT of g.fa; give it the name that is meant"


def test_equal_lengths_and_contigs_of_elsewhere_pass() -> None:
    genome = names("chr1", "chrM", "MT")
    genome.check_length("chr1", 100, "a.vcf")
    genome.check_length("1", 100, "a.vcf")
    genome.check_length("chr7", 5, "a.vcf")
    genome.check_length("M", 5, "a.vcf")


@pytest.mark.parametrize("name", ["chr1", "1"])
def test_another_length_is_another_assembly(name: str) -> None:
    with pytest.raises(RegionError) as caught:
        names("chr1", length=248_956_422).check_length(name, 249_250_621, "a.vcf")
    assert str(caught.value) == (
        f"a.vcf: contig {name} has 249,250,621 bases, but chr1 of g.fa has 248,956,422: the files are of different assemblies;"
        " give the genome that the positions refer to, or lift them over"
    )


def test_what_ends_beyond_its_contig_is_named() -> None:
    genome = names("chr1", length=100)
    genome.check_end("transcript T1", 100, "chr1", "a.gtf:3")
    with pytest.raises(RegionError) as caught:
        genome.check_end("transcript T1", 101, "chr1", "a.gtf:3")
    rule = "give the genome that the annotation was made on"
    assert str(caught.value) == f"a.gtf:3: transcript T1 ends at 101, but chr1 has 100 bases; {rule}"


def test_names_survive_pickling() -> None:
    genome = names("chr1")
    assert genome.find("1", "a.bed:1", "a.bed") == "chr1"
    copy: ContigNames = pickle.loads(pickle.dumps(genome))
    assert copy.find("1", "a.bed:2", "a.bed") == "chr1"
    assert copy.lengths == genome.lengths
