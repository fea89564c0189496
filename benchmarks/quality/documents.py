"""`python -m benchmarks.quality.documents`: the documents of kept results, each by the command that stands in it.

`--check` writes nothing and says which of them are not what their commands write.
"""

import argparse
import logging
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.options import run_command
from dnabert.errors import DataFileError

__all__ = ["DOCUMENTS", "differs", "main", "stated_command"]

ROOT = Path(__file__).parents[2]
FOLDER = Path("docs/results")
DOCUMENTS = {
    "gue": "--out",
    "scarce": "--document",
    "organisms": "--document",
    "ensembles": "--out",
    "probe": "--document",
    "corpus-overlap": "--out",
}
"""Names of the documents, and the flag of their commands that says where they are written to."""

_STATED = re.compile(r"^Written by `python -m (benchmarks\.quality\.[^`]+)`; do not edit\.$", re.MULTILINE)
log = logging.getLogger("benchmarks.quality.documents")  # also where this module is the program


def stated_command(path: Path) -> list[str]:
    """The words of the command that a document says it was written by, from the module on.

    Raises:
        DataFileError: The document cannot be read, or names none.
    """
    try:
        found = _STATED.search(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataFileError(f"{path}: cannot be read: {error.strerror or error}") from error
    if found is None:
        raise DataFileError(f"{path}: does not say which command of benchmarks.quality it was written by")
    return shlex.split(found[1])


def differs(name: str) -> bool:
    """Whether a document is not what its command writes; nothing is written.

    Args:
        name: One of :data:`DOCUMENTS`.

    Raises:
        DataFileError: There is no such document, it names no command, or that fails.
    """
    kept = ROOT / FOLDER / f"{name}.md"
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / f"{name}.md"
        _run(kept, [DOCUMENTS[name], str(fresh)])
        texts = [_STATED.sub("", path.read_text(encoding="utf-8")) for path in (kept, fresh)]  # the place is another one
    return texts[0] != texts[1]


def _run(document: Path, more: Sequence[str] = ()) -> None:
    words = [*stated_command(document), *more]
    if subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode:
        raise DataFileError(f"{document}: its command failed, see above: python -m {shlex.join(words)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.documents", description="The documents of kept results.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(DOCUMENTS)} (default: all, and the README's table)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a document is not what its command writes")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in DOCUMENTS]:
        parser.error(f"{', '.join(unknown)}: no document of {', '.join(DOCUMENTS)}")

    def work() -> None:
        stale = []
        for name in options.names or DOCUMENTS:
            if not options.check:
                _run(ROOT / FOLDER / f"{name}.md")
            elif differs(name):
                stale.append(name)
            log.info("%s: %s", name, "done" if name not in stale else "is not what its command writes")
        if stale:
            raise DataFileError(f"{', '.join(stale)}: stale; write anew without --check")
        if not options.check and not options.names:
            subprocess.run([sys.executable, "-m", "benchmarks.quality.readme"], cwd=ROOT, check=True)

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
