"""`python -m benchmarks.quality.documents`: the documents of kept results, each by the command that stands in it.

`--check` changes nothing and says which of them, or of their figures, are not what their commands write.
"""

import argparse
import logging
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.quality.markdown import read_markdown
from benchmarks.quality.options import run_command
from dnabert.errors import DataFileError

__all__ = ["DOCUMENTS", "README", "differing", "main", "stated_command"]

ROOT = Path(__file__).parents[2]
FOLDER = Path("docs/results")
README = "readme"
DOCUMENTS = {
    "gue": "--out",
    "scarce": "--document",
    "organisms": "--document",
    "ensembles": "--out",
    "probe": "--document",
    "corpus-overlap": "--out",
}
"""Names of the documents, and the flag of their commands that says where they are written to; beside them :data:`README`'s table."""

_STATED = re.compile(r"^Written by `python -m (benchmarks\.quality\.[^`]+)`; do not edit\.$", re.MULTILINE)
log = logging.getLogger("benchmarks.quality.documents")  # also where this module is the program


def stated_command(path: Path) -> list[str]:
    """The words of the command that a document says it was written by, from the module on.

    Raises:
        DataFileError: The document cannot be read, or names none.
    """
    found = _STATED.search(read_markdown(path))
    if found is None:
        raise DataFileError(f"{path}: does not say which command of benchmarks.quality it was written by")
    return shlex.split(found[1])


def differing(name: str) -> list[str]:
    """Files that are not what the command of a document writes: the document, its figures. None of them is changed.

    Args:
        name: One of :data:`DOCUMENTS`, or :data:`README`.

    Raises:
        DataFileError: The document names no command, or that fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh, kept = Path(folder), ROOT if name == README else ROOT / FOLDER
        if name == README:
            shutil.copy(kept / "README.md", fresh)
        _run(name, fresh)
        found = sorted(path.relative_to(fresh) for path in fresh.rglob("*") if path.is_file())
        return [str(path) for path in found if not (kept / path).is_file() or _content(kept / path) != _content(fresh / path)]


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return _STATED.sub("", content.decode()).encode() if path.suffix == ".md" else content  # the command writes to another place


def _run(name: str, folder: Path | None = None) -> None:
    """Writes a document where it stands, or into a folder."""
    if name == README:
        words = ["benchmarks.quality.readme", str((folder or ROOT) / "README.md")]
    else:
        document = ROOT / FOLDER / f"{name}.md"
        words = stated_command(document) + ([] if folder is None else [DOCUMENTS[name], str(folder / document.name)])
    if subprocess.run([sys.executable, "-m", *words], cwd=ROOT, check=False).returncode:
        raise DataFileError(f"{name}: its command failed, see above: python -m {shlex.join(words)}")


def main() -> int:
    names = [*DOCUMENTS, README]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.documents", description="The documents of kept results.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(names)}, the table in README.md (default: all)")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a document is not what its command writes")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in names]:
        parser.error(f"{', '.join(unknown)}: no document of {', '.join(names)}")

    def work() -> None:
        stale, failed = [], []
        for name in options.names or names:
            try:
                if options.check:
                    if found := differing(name):
                        stale.append(name)
                    log.info("%s: %s", name, f"stale: {', '.join(found)}" if found else "is what its command writes")
                else:
                    _run(name)
                    log.info("%s: written", name)
            except DataFileError as error:
                log.info("%s", error)
                failed.append(name)
        said = [f"stale: {', '.join(stale)}; write them anew without --check"] if stale else []
        said += [f"failed: {', '.join(failed)}"] if failed else []
        if said:
            raise DataFileError("; ".join(said))

    return run_command(work)


if __name__ == "__main__":
    sys.exit(main())
