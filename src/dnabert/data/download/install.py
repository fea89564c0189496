"""A genome on this machine: fetched once, checked, as bgzip FASTA with its index, and a ``genome.json`` that says what it is."""

import hashlib
import json
import logging
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from dnabert import __version__
from dnabert.data.download.annotation import annotation_source, fetch_annotation
from dnabert.data.download.bgzip import write_fasta
from dnabert.data.download.contents import add_up
from dnabert.data.download.providers import ONLINE, Address, ProviderName, find_genome, kind_of_name, short_name
from dnabert.data.download.transfer import Transfer, age_of_file, fetch, fetch_text, remove_part
from dnabert.data.genome import cache_directory
from dnabert.dna.assembly import name_assembly
from dnabert.errors import ConfigError, DataFileError, OutputError, SequenceError
from dnabert.output import check_free, sha256_of_file, write_error, write_json

__all__ = ["RECORD", "StoredGenome", "get_genome"]

log = logging.getLogger(__name__)

RECORD = "genome.json"
_SHA256 = re.compile("[0-9a-f]{64}")
_INDICES = (".fai", ".gzi")


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
        ConfigError: ``sha256`` is none.
        DataFileError: There is no such genome or annotation, it cannot be fetched, is no FASTA, or a checksum is wrong.
        SequenceError: A letter is no nucleotide.
        OutputError: ``out`` holds another genome, or cannot be written.
        DnabertError: genomepy is needed and missing.
    """
    wanted = None if sha256 is None else _check_sha256(sha256)
    stored = None if force else _find_stored(name, provider, out)
    if stored is None:
        _check_writable(out)  # before a provider is asked
        address = find_genome(name, provider)
        # Asked before the genome comes: if there is none, the user need not wait to hear it.
        genes = annotation_source(address, name, annotation_from) if annotation or annotation_from else None
        stored = _install(address, name, out or _cache_folder(address.provider, name), wanted, force=force, quiet=quiet, wait_s=wait_s)
    elif wanted and stored.record["download"]["sha256"] != wanted:
        raise DataFileError(f"{stored.fasta}: {_not_equal(stored.record['download']['sha256'], wanted)}; --force fetches it anew")
    elif not (annotation or annotation_from) or _has_annotation(stored, annotation_from):
        genes = None
    else:
        genes = annotation_source(Address(stored.record["name"], stored.record["provider"], stored.record["url"]), name, annotation_from)
    return stored if genes is None else _add_annotation(stored, genes, annotation_from, quiet=quiet, wait_s=wait_s)


def _check_writable(out: Path | None) -> None:
    if out is not None:
        check_free(out / RECORD, force=True)
    else:
        check_free(cache_directory() / "downloads" / RECORD, True, "set DNABERT_CACHE to another folder, or say where with --out")


def _check_sha256(text: str) -> str:
    wanted = text.strip().lower()
    if not _SHA256.fullmatch(wanted):
        kind = "; it may be an MD5" if re.fullmatch("[0-9a-f]{32}", wanted) else ""
        raise ConfigError(f"--sha256 {text!r}: a SHA-256 has 64 digits 0-9 and a-f, this has {len(wanted)} characters{kind}")
    return wanted


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
    replaced = _made_before(folder)
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
            for ending in ("", *_INDICES):
                Path(f"{made}{ending}").replace(f"{fasta}{ending}")
    except (DataFileError, SequenceError) as error:
        remove_part(part)  # it is complete, and no good
        raise type(error)(str(error).replace(str(part), address.url)) from error
    except OSError as error:
        raise write_error(error, fasta) from error
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
    remove_part(part)
    for file, known in replaced.items():
        if file != fasta:
            _remove_made(file, known)
    return StoredGenome(fasta, None, record, is_new=True)


def _made_before(folder: Path) -> dict[Path, str]:
    """SHA-256 of the files that an earlier call has made in a folder, by file; none where its record is missing or damaged."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {folder / Path(made["file"]).name: made["sha256"] for made in (record["fasta"], record["annotation"]) if made is not None}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remove_made(file: Path, known: str) -> None:
    """Removes a file that was made here, with its index, unless it has been changed since: beside another genome it would mislead."""
    if not file.is_file():
        return
    if sha256_of_file(file) != known:
        log.warning("%s: belongs to what was here before, but has been changed since; it is left", file)
        return
    try:
        for ending in ("", *_INDICES):
            Path(f"{file}{ending}").unlink(missing_ok=True)
    except OSError as error:
        raise write_error(error, file) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(error, folder) from error


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


def _has_annotation(stored: StoredGenome, source: str | None) -> bool:
    return stored.annotation is not None and source in (None, stored.record["annotation"]["asked_for"])


def _add_annotation(stored: StoredGenome, url: str, asked_for: str | None, *, quiet: bool, wait_s: float) -> StoredGenome:
    folder = stored.fasta.parent
    check_free(folder / RECORD, force=True)
    facts = {"asked_for": asked_for, **fetch_annotation(url, folder, stored.record["name"], quiet=quiet, wait_s=wait_s)}
    record = {**stored.record, "annotation": facts}
    write_json(folder / RECORD, record)
    target = folder / facts["file"]
    if stored.annotation not in (None, target):
        _remove_made(stored.annotation, stored.record["annotation"]["sha256"])
    return StoredGenome(stored.fasta, target, record, stored.is_new)
