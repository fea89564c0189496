"""A genome on this machine: fetched once, checked, as bgzip FASTA with its index, and a ``genome.json`` that says what it is."""

import hashlib
import json
import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from dnabert import __version__
from dnabert.data.download.bgzip import DAMAGE, open_bgzip, write_fasta
from dnabert.data.download.contents import add_up
from dnabert.data.download.providers import ONLINE, Address, ProviderName, find_annotation, find_genome, kind_of_name, short_name
from dnabert.data.download.transfer import Transfer, age_of_file, fetch, fetch_text
from dnabert.data.genome import cache_directory
from dnabert.dna.assembly import name_assembly
from dnabert.dna.fasta import open_bytes
from dnabert.errors import DataFileError, OutputError, SequenceError
from dnabert.output import check_free, sha256_of_file, write_json

__all__ = ["RECORD", "StoredGenome", "get_genome"]

log = logging.getLogger(__name__)

RECORD = "genome.json"
_ANNOTATION_COLUMNS = 9
_COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class StoredGenome:
    """A genome on this machine.

    Attributes:
        fasta: bgzip FASTA, with ``.fai`` and ``.gzi`` beside it.
        annotation: bgzip GTF or GFF3, or None.
        record: What ``genome.json`` holds.
        is_new: Whether it was fetched by this call.
    """

    fasta: Path
    annotation: Path | None
    record: dict[str, Any]
    is_new: bool


def get_genome(
    name: str,
    *,
    provider: ProviderName = "auto",
    out: Path | None = None,
    annotation: bool = False,
    annotation_from: str | None = None,
    sha256: str | None = None,
    force: bool = False,
    quiet: bool = False,
    wait_s: float = 1.0,
) -> StoredGenome:
    """A genome, fetched unless it is here already and undamaged.

    Args:
        name: Name that a provider has given (``hg38``), URL, or path of a FASTA or 2bit file.
        provider: Whom to ask for it.
        out: Folder to keep it in; None is one of its own in the cache.
        annotation: Fetch the provider's gene annotation too.
        annotation_from: URL or path of the annotation to take instead.
        sha256: What the SHA-256 of the file must be, as it comes from the provider.
        force: Fetch it anew, and replace what is in ``out``.
        quiet: No progress bar.
        wait_s: Pause after a transfer that broke off.

    Raises:
        DataFileError: There is no such genome, it cannot be fetched, is no FASTA, or a checksum is wrong.
        SequenceError: A letter is no nucleotide.
        OutputError: ``out`` holds another genome, or cannot be written.
        DnabertError: genomepy is needed and missing.
    """
    wanted = sha256.strip().lower() if sha256 else None
    stored = None if force else _find_stored(name, provider, out)
    if stored is None:
        address = find_genome(name, provider)
        stored = _install(address, name, out or _cache_folder(address.provider, name), wanted, force=force, quiet=quiet, wait_s=wait_s)
    elif wanted and stored.record["download"]["sha256"] != wanted:
        raise DataFileError(f"{stored.fasta}: {_not_equal(stored.record['download']['sha256'], wanted)}; --force fetches it anew")
    if (annotation or annotation_from) and not _has_annotation(stored, annotation_from):
        return _add_annotation(stored, annotation_from, quiet=quiet, wait_s=wait_s)
    return stored


def _not_equal(found: str, wanted: str) -> str:
    return f"the SHA-256 of the download is {found}, not {wanted} as given with --sha256"


def _cache_folder(provider: ProviderName, name: str) -> Path:
    where = str(Path(name).resolve()) if provider == "local" else name
    key = name if provider in ONLINE else f"{short_name(name)}-{hashlib.sha256(where.encode()).hexdigest()[:8]}"
    return cache_directory() / "downloads" / provider / key


def _find_stored(name: str, provider: ProviderName, out: Path | None) -> StoredGenome | None:
    """The genome, if it is here already; asks nobody."""
    kind = kind_of_name(name, provider)
    if out is not None:
        return _open_stored(out, name, kind)
    kinds = ONLINE if kind == "auto" else (kind,)
    return next((found for each in kinds if (found := _open_stored(_cache_folder(each, name), name, each)) is not None), None)


def _open_stored(folder: Path, name: str, kind: ProviderName) -> StoredGenome | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        fasta, digest, asked = folder / record["fasta"]["file"], record["fasta"]["sha256"], (record["asked_for"], record["provider"])
        annotation = record["annotation"]
        gene_file = None if annotation is None else folder / annotation["file"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(f"{folder / RECORD}: is damaged; --force fetches the genome anew") from error
    if asked[0] != name or kind not in ("auto", asked[1]):
        raise OutputError(f"{folder}: holds {asked[0]} of {asked[1]}; choose another --out, or replace it with --force")
    if kind == "local" and _has_changed(Path(name), record["download"]):
        return None
    for file, known in [(fasta, digest), *([(gene_file, annotation["sha256"])] if gene_file else [])]:
        if not file.is_file() or sha256_of_file(file) != known:
            raise DataFileError(f"{file}: is not what was fetched: its SHA-256 is not that of {RECORD}; --force fetches it anew")
    return StoredGenome(fasta, gene_file, record, is_new=False)


def _has_changed(source: Path, download: dict[str, Any]) -> bool:
    return source.is_file() and (source.stat().st_size, age_of_file(source)) != (download["bytes"], download["last_modified"])


def _install(address: Address, name: str, folder: Path, wanted: str | None, *, force: bool, quiet: bool, wait_s: float) -> StoredGenome:
    fasta = folder / f"{address.name}.fa.gz"
    check_free(fasta, force or (folder / RECORD).is_file())  # a record is of this genome: see _open_stored
    if address.provider == "local" and Path(address.url).resolve() == fasta.resolve():
        raise OutputError(f"{fasta}: is the file to be fetched; choose another --out")
    _make_folder(folder)
    part = folder / f"{address.name}.part"
    log.info("fetching %s into %s", address.url, folder)
    transfer = fetch(address.url, part, quiet=quiet, wait_s=wait_s)
    try:
        published = _check_download(transfer, address, wanted)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
            made = Path(place) / fasta.name
            contigs = write_fasta(part, made)
            pysam.faidx(str(made))
            digest = sha256_of_file(made)
            for ending in ("", ".fai", ".gzi"):
                Path(f"{made}{ending}").replace(f"{fasta}{ending}")
    except (DataFileError, SequenceError) as error:
        _remove_part(part)  # it is complete, and no good
        raise type(error)(str(error).replace(str(part), address.url)) from error
    except OSError as error:
        raise OutputError(f"{fasta}: cannot be written: {error.strerror or error}") from error
    totals = add_up(contigs)
    record = {
        "name": address.name,
        "asked_for": name,
        "provider": address.provider,
        "url": address.url,
        "assembly": name_assembly({contig.name: contig.length for contig in contigs}),
        "contigs": len(contigs),
        "bases": totals.length,
        "n": totals.num_n,
        "other_ambiguous": totals.num_other_ambiguous,
        "soft_masked": totals.num_soft_masked,
        "gc": totals.num_gc,
        "download": {
            "sha256": transfer.sha256,
            "md5": transfer.md5,
            "md5_is_published": published,
            "bytes": transfer.num_bytes,
            "last_modified": transfer.last_modified,
        },
        "fasta": {"file": fasta.name, "sha256": digest},
        "annotation": None,
        "dnabert": __version__,
    }
    write_json(folder / RECORD, record)
    _remove_part(part)
    return StoredGenome(fasta, None, record, is_new=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _check_download(transfer: Transfer, address: Address, wanted: str | None) -> bool:
    """Whether the provider publishes the checksum that the download has.

    Raises:
        DataFileError: It publishes another one, or ``wanted`` is another one.
    """
    if wanted and transfer.sha256 != wanted:
        raise DataFileError(f"{address.url}: {_not_equal(transfer.sha256, wanted)}; nothing is kept")
    listing = None if address.checksums is None else fetch_text(address.checksums)
    file = address.url.rsplit("/", 1)[-1]
    pairs = [line.split() for line in (listing or "").splitlines()]
    published = next((pair[0].lower() for pair in pairs if len(pair) == 2 and pair[1].removeprefix("./").lstrip("*") == file), None)
    if published is None:
        if address.checksums is not None:
            log.warning("%s: %s names no checksum of it; it is not compared", address.url, address.checksums)
        return False
    if published != transfer.md5:
        raise DataFileError(f"{address.url}: its MD5 is {transfer.md5}, but {address.checksums} says {published}; nothing is kept")
    return True


def _remove_part(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.json").unlink(missing_ok=True)


def _has_annotation(stored: StoredGenome, source: str | None) -> bool:
    return stored.annotation is not None and source in (None, stored.record["annotation"]["asked_for"])


def _add_annotation(stored: StoredGenome, source: str | None, *, quiet: bool, wait_s: float) -> StoredGenome:
    record, folder = stored.record, stored.fasta.parent
    url = source or find_annotation(Address(record["name"], record["provider"], record["url"]), record["asked_for"])
    part = folder / f"{record['name']}.annotation.part"
    log.info("fetching %s into %s", url, folder)
    transfer = fetch(url, part, quiet=quiet, wait_s=wait_s)
    try:
        target = folder / f"{record['name']}.annotation.{_annotation_format(part)}.gz"
        with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
            made = Path(place) / target.name
            with open_bytes(part) as handle, open_bgzip(made) as packed:
                shutil.copyfileobj(handle, packed, _COPY_BYTES)
            digest = sha256_of_file(made)
            made.replace(target)
    except (DataFileError, *DAMAGE) as error:
        _remove_part(part)
        raise DataFileError(f"{url}: {str(error).removeprefix(f'{part}: ')}") from error
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    facts = {"asked_for": source, "url": url, "file": target.name, "sha256": digest, "download_sha256": transfer.sha256}
    record = {**record, "annotation": {**facts, "last_modified": transfer.last_modified}}
    write_json(folder / RECORD, record)
    _remove_part(part)
    return StoredGenome(stored.fasta, target, record, stored.is_new)


def _annotation_format(download: Path) -> str:
    with open_bytes(download) as handle:
        for line in handle:
            text = line.decode("utf-8", "replace")
            if not text.strip() or text.startswith("#"):
                continue
            fields = text.rstrip("\r\n").split("\t")
            if len(fields) != _ANNOTATION_COLUMNS:
                raise DataFileError(f"{download}: is no GTF or GFF3: a line has {len(fields)} columns, not {_ANNOTATION_COLUMNS}")
            return "gff3" if "=" in fields[-1] and '"' not in fields[-1] else "gtf"
    raise DataFileError(f"{download}: holds no line of an annotation")
