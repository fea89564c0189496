import contextlib
import struct
from pathlib import Path

import py2bit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.dna.sequence import decode_bases
from dnabert.dna.twobit import TwoBitFile, is_twobit, read_twobit
from dnabert.errors import DataFileError
from tests.twobit import twobit

LONG = [("a", "GATTACA" * 900), ("b", "TTGACCA" * 900)]


def put(folder: Path, content: bytes) -> Path:
    path = folder / "a.2bit"
    path.write_bytes(content)
    return path


def message_of(path: Path) -> str:
    with pytest.raises(DataFileError) as caught:
        list(read_twobit(path))
    return str(caught.value)


def test_bases_of_a_file_written_by_hand(tmp_path: Path) -> None:
    # One sequence x at byte 22: 6 bases, one N block [1, 3), no mask block; T 0, C 1, A 2, G 3 from the highest bits down.
    head = struct.pack("<4I", 0x1A412743, 0, 1, 0) + b"\x01x" + struct.pack("<I", 22)
    body = struct.pack("<6I", 6, 1, 1, 2, 0, 0) + bytes([0b10_00_00_11, 0b01_00_00_00])
    assert list(read_twobit(put(tmp_path, head + body))) == [("x", "ANNGCT")]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(alphabet="ACGTNacgtn", min_size=1, max_size=70), min_size=1, max_size=5),
    st.sampled_from("<>"),
    st.sampled_from([0, 1]),
)
def test_any_sequences_come_out_with_their_case_in_either_byte_order_and_version(
    tmp_path_factory: pytest.TempPathFactory, sequences: list[str], byte_order: str, version: int
) -> None:
    named = [(f"s{number}", letters) for number, letters in enumerate(sequences)]
    path = put(tmp_path_factory.mktemp("twobit"), twobit(named, byte_order, version))
    assert is_twobit(path)
    assert list(read_twobit(path)) == named


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ACGTNacgtn", min_size=1, max_size=70), st.data())
def test_any_part_of_a_sequence_is_that_part_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, letters: str, data: st.DataObject
) -> None:
    path = put(tmp_path_factory.mktemp("twobit"), twobit([("first", "GATTACA"), ("s", letters)]))
    start = data.draw(st.integers(0, len(letters) - 1))
    end = data.draw(st.integers(start + 1, len(letters)))
    file = TwoBitFile(path)
    try:
        assert file.lengths == {"first": 7, "s": len(letters)}
        assert decode_bases(file.codes("s", start, end)) == letters[start:end].upper()
    finally:
        file.close()


def test_random_access_refuses_a_name_that_occurs_twice(tmp_path: Path) -> None:
    path = put(tmp_path, twobit([("a", "AC"), ("a", "GG")]))
    with pytest.raises(DataFileError) as caught:
        TwoBitFile(path)
    assert str(caught.value) == f"{path}: the name a occurs twice; give each sequence a name of its own"


def test_bases_equal_those_of_py2bit(tmp_path: Path) -> None:
    path = put(tmp_path, twobit([*LONG, ("n", "NNacgtnnACGTN"), ("one", "C")]))
    handle = py2bit.open(str(path), True)  # with soft masking
    try:
        # py2bit leaves a masked N in upper case, twoBitToFa does not.
        found = [(name, letters.replace("n", "N")) for name, letters in read_twobit(path)]
        assert found == [(name, handle.sequence(name)) for name in handle.chroms()]
    finally:
        handle.close()


@pytest.mark.parametrize("cut", [1, 100, 1500, 3000])
def test_a_truncated_file_is_an_error_and_never_wrong_bases(tmp_path: Path, cut: int) -> None:
    # py2bit returns T for the bases that are missing.
    path = put(tmp_path, twobit(LONG)[:-cut])
    assert message_of(path) == f"{path}: the 2bit file is truncated or damaged; fetch it again"


@pytest.mark.parametrize("keep", range(4, 40, 3))
def test_a_file_cut_in_its_header_or_index_is_an_error(tmp_path: Path, keep: int) -> None:
    assert "truncated or damaged" in message_of(put(tmp_path, twobit(LONG)[:keep]))


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=12, max_size=200), st.sampled_from([0, 1]))
def test_damaged_bytes_behind_the_signature_are_an_error_or_letters(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, version: int
) -> None:
    path = put(tmp_path_factory.mktemp("twobit"), struct.pack("<2I", 0x1A412743, version) + content)
    letters = ""
    with contextlib.suppress(DataFileError):
        letters = "".join(letters for _, letters in read_twobit(path))
    assert set(letters) <= set("ACGTNacgtn")
    with contextlib.suppress(DataFileError):
        file = TwoBitFile(path)
        file.close()


def test_an_unknown_version_is_an_error(tmp_path: Path) -> None:
    path = put(tmp_path, twobit(LONG)[:4] + struct.pack("<I", 7) + twobit(LONG)[8:])
    assert message_of(path) == f"{path}: is 2bit version 7; only versions 0 and 1 are known"


def test_other_files_are_not_taken_for_2bit(tmp_path: Path) -> None:
    assert not is_twobit(put(tmp_path, b">a\nACGT\n"))
    assert not is_twobit(put(tmp_path, b""))
    with pytest.raises(DataFileError, match=r"none\.2bit: cannot be read: No such file or directory"):
        is_twobit(tmp_path / "none.2bit")
