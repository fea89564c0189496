from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.dna.readers.features import Feature, FeatureFile
from dnabert.errors import RegionError

names = st.sampled_from(["gene_id", "transcript_id", "my_transcript_id", "Parent", "note", "tag"])
values = st.text(alphabet='ab ;=,%"\t', min_size=1, max_size=6)


def feature(attributes: str, is_gff3: bool) -> Feature:
    return Feature("chr1", "X", "exon", 0, 9, "+", attributes, is_gff3, Path("a.gtf"), 3)


@given(st.lists(st.tuples(names, values), max_size=5), st.booleans())
def test_one_attribute_is_what_the_whole_parser_finds(pairs: list[tuple[str, str]], is_gff3: bool) -> None:
    if is_gff3:
        text = ";".join(f"{name}={quote(value)}" for name, value in pairs)
    else:
        text = " ".join(f'{name} "{value.replace(chr(34), "")}";' for name, value in pairs)
    found = feature(text, is_gff3)
    attributes = found.parse_attributes()
    for name in ("gene_id", "transcript_id", "Parent", "note", "absent"):
        stated = [quote(value) if is_gff3 else value.replace('"', "") for other, value in pairs if other == name]
        assert found.attribute(name) == attributes.get(name, "") == (stated[0] if stated else "")


def test_positions_become_zero_based_and_half_open(tmp_path: Path) -> None:
    path = tmp_path / "a.gtf"
    path.write_text('#c\nchr1\tX\texon\t1\t9\t.\t?\t.\tgene_id "g";\nchr%201\tX\texon\t5\t5\t.\t-\t.\tID=e\n')
    one, two = FeatureFile(path).read(lambda kind: kind == "exon")
    assert one == Feature("chr1", "X", "exon", 0, 9, ".", 'gene_id "g";', False, path, 2)
    assert two == Feature("chr 1", "X", "exon", 4, 5, "-", "ID=e", True, path, 3)
    assert two.where == f"{path}:3"


def test_kinds_are_listed_and_those_not_wanted_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gff3"
    path.write_text(
        "##sequence-region chr1 1 90\nchr1\tX\tgene\tx\ty\t.\tz\t.\t\nchr1\tX\texon\t5\t9\t.\t-\t.\tID=e\n##sequence-region c2 5 90\n"
    )
    file = FeatureFile(path)
    assert [found.kind for found in file.read(lambda kind: kind == "exon")] == ["exon"]
    assert (list(file.kinds), file.lengths) == (["gene", "exon"], {"chr1": 90})


def test_an_open_quote_is_an_error_for_one_attribute_too() -> None:
    with pytest.raises(RegionError, match=r"^a\.gtf:3: a quote in column 9 is not closed; GTF attributes are  name \"value\";$"):
        feature('gene_id "g; transcript_id "t";', False).attribute("transcript_id")
