"""``.npz`` files written as the arrays come, so that what they hold need not fit in memory.

Source: NumPy ``.npz`` (a zip of ``.npy``) and ``.npy`` format 1.0.
"""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from dnabert.output import open_output

__all__ = ["NpzWriter", "open_npz"]


class NpzWriter:
    """Arrays into a zip, one after the other.

    Args:
        archive: The open zip.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, name: str, array: npt.NDArray[Any]) -> None:
        """A whole array."""
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as handle:
            np.lib.format.write_array(handle, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)

    def add_facts(self, facts: Mapping[str, Any]) -> None:
        """``metadata``: a text in JSON."""
        self.add("metadata", np.array(json.dumps(facts)))

    @contextmanager
    def rows(self, name: str, shape: tuple[int, ...]) -> Iterator[Callable[[npt.NDArray[np.float32]], None]]:
        """A float32 array whose rows come one piece after the other; all of them must have come when the block ends.

        Args:
            name: Its name.
            shape: Its shape in the end.

        Yields:
            Takes the next piece.
        """
        with self._archive.open(f"{name}.npy", "w", force_zip64=True) as handle:
            np.lib.format.write_array_header_1_0(handle, {"descr": "<f4", "fortran_order": False, "shape": shape})
            written = 0

            def write(piece: npt.NDArray[np.float32]) -> None:
                nonlocal written
                handle.write(np.ascontiguousarray(piece, dtype="<f4").tobytes())
                written += piece.size

            yield write
            assert written == np.prod(shape, dtype=np.int64), f"{name}: {written} numbers for shape {shape}"


@contextmanager
def open_npz(path: Path, force: bool = False) -> Iterator[NpzWriter]:
    """An ``.npz`` that appears, whole, when the block ends without an error.

    Raises:
        OutputError: The place is taken or cannot be written.
    """
    with open_output(path, force) as handle:
        content = cast(IO[bytes], handle.buffer)  # type: ignore[attr-defined]
        with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
            yield NpzWriter(archive)
