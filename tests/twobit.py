"""2bit files for tests: no package writes them.

Source: UCSC Genome Browser FAQ, "twoBit sequence archive format".
"""

import re
import struct

NUMBER = {"T": 0, "C": 1, "A": 2, "G": 3}


def twobit(sequences: list[tuple[str, str]], byte_order: str = "<", version: int = 0) -> bytes:
    """The bytes of a 2bit file: N in blocks, lower case in mask blocks."""
    offset_kind = "Q" if version else "I"
    records = [record(letters, byte_order) for _, letters in sequences]
    offset = 16 + sum(1 + len(name) + struct.calcsize(offset_kind) for name, _ in sequences)
    index = b""
    for (name, _), content in zip(sequences, records, strict=True):
        index += bytes([len(name)]) + name.encode() + struct.pack(byte_order + offset_kind, offset)
        offset += len(content)
    return struct.pack(byte_order + "4I", 0x1A412743, version, len(sequences), 0) + index + b"".join(records)


def record(letters: str, byte_order: str) -> bytes:
    numbers = [NUMBER.get(letter, 0) for letter in letters.upper()] + [0] * (-len(letters) % 4)
    packed = bytes(a << 6 | b << 4 | c << 2 | d for a, b, c, d in zip(*[iter(numbers)] * 4, strict=True))
    size = struct.pack(byte_order + "I", len(letters))
    return size + blocks("[Nn]+", letters, byte_order) + blocks("[a-z]+", letters, byte_order) + bytes(4) + packed


def blocks(pattern: str, letters: str, byte_order: str) -> bytes:
    found = list(re.finditer(pattern, letters))
    starts, sizes = [run.start() for run in found], [len(run.group()) for run in found]
    return struct.pack(f"{byte_order}{1 + 2 * len(found)}I", len(found), *starts, *sizes)
