"""The gene annotation that goes with a genome: where it is, and its file beside the genome, as bgzip GTF or GFF3."""

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from dnabert.data.download.bgzip import DAMAGE, open_bgzip
from dnabert.data.download.providers import Address, find_annotation, is_address
from dnabert.data.download.transfer import fetch, remove_part
from dnabert.dna.packing import open_bytes
from dnabert.errors import DataFileError
from dnabert.output import sha256_of_file, write_error

__all__ = ["annotation_source", "fetch_annotation"]

log = logging.getLogger(__name__)

_COLUMNS = 9
_COPY_BYTES = 1 << 20


def annotation_source(address: Address, name: str, given: str | None) -> str:
    """URL or path of the annotation of a genome.

    Args:
        address: The genome.
        name: The name by which it was asked for.
        given: What the user says; None asks the provider.

    Raises:
        DnabertError: genomepy is needed and missing.
        DataFileError: There is none.
        OutputError: genomepy cannot keep its lists.
    """
    if not given:
        return find_annotation(address, name)
    if not is_address(given) and not Path(given).is_file():
        raise DataFileError(f"{given}: there is no such file; --annotation-from takes a GTF or GFF3 file, or its address")
    return given


def fetch_annotation(url: str, folder: Path, name: str, *, quiet: bool, wait_s: float) -> dict[str, Any]:
    """What a record says of an annotation, which is fetched into the folder of its genome.

    Args:
        url: URL or path.
        folder: The folder.
        name: What the genome is called.
        quiet: No progress bar.
        wait_s: Pause after a transfer that broke off.

    Raises:
        DataFileError: It cannot be fetched, or is no GTF or GFF3.
        OutputError: It cannot be written.
    """
    part = folder / f"{name}.annotation.part"
    log.info("fetching %s into %s", url, folder)
    transfer = fetch(url, part, quiet=quiet, wait_s=wait_s)
    try:
        target = folder / f"{name}.annotation.{_format(part)}.gz"
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
            made = Path(place) / target.name
            with open_bytes(part) as handle, open_bgzip(made) as packed:
                shutil.copyfileobj(handle, packed, _COPY_BYTES)
            digest = sha256_of_file(made)
            made.replace(target)
    except (DataFileError, *DAMAGE) as error:
        remove_part(part)
        raise DataFileError(f"{url}: {str(error).removeprefix(f'{part}: ')}") from error
    except OSError as error:
        raise write_error(error, folder) from error
    remove_part(part)
    return {
        "url": url,
        "file": target.name,
        "sha256": digest,
        "download_sha256": transfer.sha256,
        "last_modified": transfer.last_modified,
    }


def _format(download: Path) -> str:
    with open_bytes(download) as handle:
        for line in handle:
            text = line.decode("utf-8", "replace")
            if not text.strip() or text.startswith("#"):
                continue
            fields = text.rstrip("\r\n").split("\t")
            if len(fields) != _COLUMNS:
                raise DataFileError(f"{download}: is no GTF or GFF3: a line has {len(fields)} columns, not {_COLUMNS}")
            return "gff3" if "=" in fields[-1] and '"' not in fields[-1] else "gtf"
    raise DataFileError(f"{download}: holds no line of an annotation")
