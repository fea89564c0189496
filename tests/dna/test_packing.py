import gzip
from pathlib import Path

import pysam
import pytest

from dnabert.dna.packing import first_bytes, open_bytes, packing_of
from dnabert.errors import DataFileError

TEXT = b"chr1\t5\t9\n" * 40


def write(folder: Path, kind: str) -> Path:
    path = folder / kind
    if kind == "bgzip":
        plain = folder / "text"
        plain.write_bytes(TEXT)
        pysam.tabix_compress(str(plain), str(path))
    else:
        path.write_bytes(gzip.compress(TEXT, mtime=0) if kind == "gzip" else TEXT)
    return path


@pytest.mark.parametrize("kind", ["plain", "gzip", "bgzip"])
def test_the_first_bytes_tell_the_packing_and_the_content_comes_out_unpacked(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind)
    assert packing_of(first_bytes(path)) == kind
    with open_bytes(path) as handle:
        assert handle.read() == TEXT


@pytest.mark.parametrize(("start", "packing"), [(b"", "plain"), (b"\x1f", "plain"), (b"\x1f\x8b", "gzip"), (b"\x1f\x8b\x08\x04", "gzip")])
def test_a_file_that_is_shorter_than_its_telling_bytes_has_a_packing_too(start: bytes, packing: str) -> None:
    assert packing_of(start) == packing


def test_as_many_bytes_as_are_wanted_come_and_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert first_bytes(write(tmp_path, "plain"), 4) == b"chr1"
    with pytest.raises(DataFileError) as caught:
        first_bytes(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path}/none: cannot be read: No such file or directory"
