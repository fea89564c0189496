"""Results on disk: whole or not at all, never over something that is there, and with their provenance.

A file is written under a temporary name beside its place and renamed when complete; on any error, a full disk or Ctrl-C the temporary
file is removed.
"""

import contextlib
import errno
import hashlib
import json
import os
import platform
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import IO, Any

from dnabert import __version__
from dnabert.errors import CheckpointError, DataFileError, OutputError
from dnabert.folder_kinds import first_foreign, kind_of

__all__ = [
    "check_free",
    "check_not_inputs",
    "new_directory",
    "open_output",
    "provenance",
    "provenance_lines",
    "sha256_of_file",
    "start_run",
    "write_bytes",
    "write_error",
    "write_json",
    "write_text",
]

_OTHER_OUT = "choose another --out"
_BESIDE = ("", ".fai", ".gzi", ".tbi", ".csi")
"""Endings of an input and of what lies beside it and belongs to it."""


def check_free(path: Path, force: bool, way_out: str = _OTHER_OUT) -> None:
    """Stop early, before the work, when a result could not be put in its place; leaves nothing behind.

    An empty folder is free, and so is a pipe or a device.

    Args:
        path: The file or folder that is to be made.
        force: Whether it may replace what is there.
        way_out: How the user takes another place, for what is not at ``--out``.

    Raises:
        OutputError: ``path`` exists and ``force`` is off, is a folder that may not be replaced, or cannot be written.
    """
    _check_taken(path, force)
    _check_removable(path)
    if not _is_stream(path):
        _check_writable(path, way_out)


def check_not_inputs(results: Iterable[Path | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Stop early where a result would take the place of an input, which ``--force`` must not do.

    Args:
        results: The files that are to be made; None is none.
        inputs: Files that are read, by what the user calls them (``INPUT``, ``--genome``); what is no file is passed over.

    Raises:
        OutputError: A result is an input, or the index of one.
    """
    read = [(name, Path(f"{path}{ending}")) for name, path in inputs.items() if path is not None for ending in _BESIDE]
    for result in results:
        for name, path in read:
            if result is not None and result.is_file() and path.is_file() and result.samefile(path):
                index = "" if str(path) == str(inputs[name]) else "the index of "
                raise OutputError(f"{result}: is {index}what {name} reads and would be replaced; choose another name for the result")


def _check_taken(path: Path, force: bool) -> None:
    try:
        taken = any(path.iterdir()) if path.is_dir() else path.exists() and not _is_stream(path)
    except OSError as error:
        raise write_error(error, path) from error
    if taken and not force:
        raise OutputError(f"{path}: exists already; choose another --out, or allow overwriting with --force")


def _check_writable(path: Path, way_out: str) -> None:
    """Makes a folder under the temporary name of ``path``, in the nearest folder that is there, and takes it away again."""
    try:
        place = next((parent for parent in path.absolute().parents if parent.exists()), path)
        probe = place / _temporary_name(path).name
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise write_error(error, path, way_out) from error


def _is_stream(path: Path) -> bool:
    """Whether this is a pipe or a device, such as ``/dev/null`` or ``>(gzip)``: written to, never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _temporary_name(path: Path) -> Path:
    """A name beside ``path`` that no other process takes, also where machines share the folder."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextlib.contextmanager
def _temporary(path: Path, way_out: str = _OTHER_OUT) -> Iterator[Path]:
    temporary = _temporary_name(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path, way_out) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_error(error: OSError, path: Path, way_out: str = _OTHER_OUT) -> OutputError:
    """The error to raise when ``path`` cannot be written.

    Args:
        error: What the system says.
        path: The file or folder.
        way_out: How the user takes another place for it.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"{path}: no space left on the device; free some, or {way_out}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path}: may not be written ({error.strerror}); {way_out}")
    return OutputError(f"{path}: cannot be written: {error.strerror or error}; {way_out}")


@contextlib.contextmanager
def open_output(path: Path | str, force: bool = False) -> Iterator[IO[str]]:
    """A text file that appears, whole, when the block ends without an error; ``-`` is stdout; a pipe or device is written to as it is.

    Args:
        path: Where to.
        force: Allow replacing what is there.

    Raises:
        OutputError: The place is taken or cannot be written.
    """
    if str(path) == "-":
        try:
            yield sys.stdout
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise write_error(error, Path("stdout")) from error
        return
    target = Path(path)
    _check_taken(target, force)
    if _is_stream(target):
        try:
            with target.open("w", encoding="utf-8", newline="") as handle:
                yield handle
        except OSError as error:
            raise write_error(error, target) from error
        return
    with _temporary(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as handle:
        yield handle
        handle.flush()
        os.fsync(handle.fileno())


def write_bytes(path: Path, content: bytes, way_out: str = _OTHER_OUT) -> None:
    """Replace ``path`` by ``content`` in one step, safe against a crash at any moment.

    Args:
        path: The file.
        content: What it is to hold.
        way_out: How the user takes another place, for a file that is not at ``--out``.

    Raises:
        OutputError: It cannot be written.
    """
    with _temporary(path, way_out) as temporary, temporary.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())


def write_text(path: Path, content: str) -> None:
    """As :func:`write_bytes`, in UTF-8."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, Any], way_out: str = _OTHER_OUT) -> None:
    """As :func:`write_bytes`, indented, keys in the given order."""
    write_bytes(path, f"{json.dumps(content, indent=2, allow_nan=False)}\n".encode(), way_out)


@contextlib.contextmanager
def new_directory(path: Path, force: bool = False, way_out: str = _OTHER_OUT) -> Iterator[Path]:
    """A directory that appears, whole, when the block ends without an error; work in the one that is yielded.

    Args:
        path: Where to.
        force: Allow replacing what is there.
        way_out: How the user takes another place, for a directory that is not at ``--out``.

    Raises:
        OutputError: The place is taken or cannot be written, or holds things that this package has not made.
    """
    _check_folder_place(path, force)
    temporary = _temporary_name(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _check_folder_place(path, force)
        _remove(path)
        temporary.rename(path)
    except OSError as error:
        raise write_error(error, path, way_out) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_folder_place(path: Path, force: bool) -> None:
    _check_taken(path, force)
    _check_removable(path)
    if _is_stream(path):
        raise OutputError(f"{path}: is a pipe or a device, and a folder is wanted; {_OTHER_OUT}")


def _check_removable(path: Path) -> None:
    if not path.is_dir():
        return
    if Path.cwd().is_relative_to(path.resolve()):
        raise OutputError(f"{path}: is the folder you are in, which cannot be replaced; choose another --out")
    if not any(path.iterdir()):
        return
    kind = kind_of(path)
    if kind is None:
        raise OutputError(f"{path}: holds files that are no result of dnabert, so --force does not remove it; choose another --out")
    try:
        foreign = first_foreign(path, kind)
    except OSError as error:
        raise write_error(error, path) from error
    if foreign is not None:
        raise OutputError(
            f"{path}: holds {foreign}, which is not of the {kind.name}, so --force does not remove it; move it elsewhere first"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def start_run(run: Path, facts: Mapping[str, Any], *, force: bool = False, resume: bool = False) -> None:
    """Make a run directory ready to be written to, with its ``run.json``; call it when all inputs have been read and found good.

    Args:
        run: The directory.
        facts: What ``run.json`` is to hold; ``fingerprint`` says what the run is made of.
        force: Empty the directory if it is there.
        resume: Keep what is there, to go on from it, if it is a run with the same fingerprint.

    Raises:
        OutputError: The place is taken or cannot be written, or holds things that this package has not made.
        CheckpointError: The run to resume has other settings or data.
    """
    if resume and run.is_dir() and any(run.iterdir()):
        _check_same_run(run, facts)
        for left in run.glob(".*.tmp"):  # of a write that was killed
            left.unlink()
        return
    _check_folder_place(run, force or resume)
    try:
        _remove(run)
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, run) from error
    write_json(run / "run.json", facts)


def _check_same_run(run: Path, facts: Mapping[str, Any]) -> None:
    try:
        stored = json.loads((run / "run.json").read_text(encoding="utf-8"))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        raise OutputError(f"{run}: holds no run that could be resumed; choose another --out") from None
    if stored != facts["fingerprint"]:
        raise CheckpointError(
            f"{run}: was made with other settings or data (see its run.json); give --resume the same command, or start anew with --force"
        )


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        DataFileError: It cannot be read.
    """
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error


def provenance(command: str, inputs: Mapping[str, str], seed: int | None = None) -> dict[str, Any]:
    """What a result was made with: for ``run.json``.

    Args:
        command: The command line.
        inputs: SHA-256 by input file.
        seed: The seed.
    """
    names = ("torch", "numpy", "safetensors", "scikit-learn", "pysam")
    return {
        "dnabert": __version__,
        "command": command,
        "seed": seed,
        "inputs": dict(inputs),
        "versions": {"python": platform.python_version(), **{name: metadata.version(name) for name in names}},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
    }


def provenance_lines(command: str, **facts: str) -> str:
    """The ``#`` lines that open a TSV or BED file: version, command, and the given facts."""
    lines = [f"# dnabert {__version__}", f"# command: {command}"]
    lines += [f"# {name.replace('_', ' ')}: {value}" for name, value in facts.items() if value]
    return "\n".join(lines) + "\n"
