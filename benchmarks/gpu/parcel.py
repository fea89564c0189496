"""Folders as few files that may travel: a tar.gz, cut into parts, with a list that says what belongs together and is whole.

`python -m benchmarks.gpu.parcel unpack FOLDER/NAME.json --to DIR` at home; `pack DIR... --out FOLDER --name NAME` on the device.
"""

import argparse
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from dnabert.errors import DataFileError, DnabertError, OutputError
from dnabert.output import write_bytes, write_json

__all__ = ["MAX_FILES", "PART_BYTES", "TOTAL_BYTES", "pack", "unpack"]

PART_BYTES = 15_000_000
"""Of one file; 16 MiB may travel."""
TOTAL_BYTES = 60_000_000
"""Of all parts together; 64 MiB may travel."""
MAX_FILES = 8
"""That come home of one command, lists included."""


def pack(files: Mapping[str, Path], out: Path, name: str) -> list[Path]:
    """Parts and list of a parcel, written to ``out``.

    Args:
        files: Files by the name that they are to have inside.
        out: The folder that travels.
        name: Name of the parcel: letters, digits, ``-``, ``_`` and ``.``.

    Raises:
        OutputError: It is too large to travel.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as tar:
        for inside, path in sorted(files.items()):
            tar.add(path, arcname=inside, recursive=False)
    content = buffer.getvalue()
    parts = [content[start : start + PART_BYTES] for start in range(0, len(content), PART_BYTES)]
    if len(content) > TOTAL_BYTES or len(parts) + 1 > MAX_FILES:
        raise OutputError(f"{name}: {len(content):,} bytes in {len(parts)} parts; at most {TOTAL_BYTES:,} bytes travel: pack less")
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / f"{name}.part-{number}" for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        write_bytes(path, part)
    listing = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "parts": [path.name for path in paths]}
    write_json(out / f"{name}.json", listing)
    return [*paths, out / f"{name}.json"]


def unpack(listing: Path, to: Path) -> list[Path]:
    """The files of a parcel, written to ``to``.

    Raises:
        DataFileError: A part is missing, or the whole is not what was packed.
    """
    try:
        facts = json.loads(listing.read_text(encoding="utf-8"))
        content = b"".join((listing.parent / name).read_bytes() for name in facts["parts"])
        digest = facts["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(f"{listing}: is no list of a parcel, or a part is missing: {error}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataFileError(f"{listing}: the parts are not those that were packed (SHA-256 differs); fetch them again")
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
        tar.extractall(to, filter="data")
        return [to / member.name for member in tar.getmembers()]


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.parcel")
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack", help="folders as a parcel")
    packing.add_argument("folders", type=Path, nargs="+")
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument("--name", required=True)
    unpacking = commands.add_parser("unpack", help="a parcel as folders")
    unpacking.add_argument("listing", type=Path)
    unpacking.add_argument("--to", type=Path, required=True)
    options = parser.parse_args(words)
    try:
        if options.command == "unpack":
            written = unpack(options.listing, options.to)
        else:
            files = {
                f"{folder.name}/{path.relative_to(folder).as_posix()}": path
                for folder in options.folders
                for path in folder.rglob("*")
                if path.is_file()
            }
            written = pack(files, options.out, options.name)
    except DnabertError as error:
        print(f"parcel: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
