"""Where a genome is: the name that a user gives, to addresses.

genomepy knows the naming of UCSC, Ensembl, GENCODE and NCBI, keeps their lists of genomes, and gives the address of a genome and of its
annotation; that is what it is used for. Its transfer is not used (see :mod:`dnabert.data.download.transfer`), nor its installation of
annotations, which needs UCSC's command-line tools. It keeps its lists in the user's cache folder, and its settings in the user's
configuration folder.
"""

import difflib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dnabert.errors import DataFileError, requires_extra

__all__ = ["Address", "ProviderName", "find_annotation", "find_genome", "short_name"]

log = logging.getLogger(__name__)

ProviderName = Literal["auto", "ucsc", "ensembl", "gencode", "ncbi", "url", "local"]

ONLINE: tuple[ProviderName, ...] = ("ucsc", "ensembl", "gencode", "ncbi")
"""Providers in the order in which they are asked; the list of NCBI is the longest by far."""

_CHECKSUM_LISTS: dict[ProviderName, str] = {"ucsc": "md5sum.txt", "gencode": "md5sum.txt", "ncbi": "md5checksums.txt"}
_SERVED_OVER_HTTPS = ("ftp.ebi.ac.uk", "ftp.ncbi.nlm.nih.gov", "ftp.ensembl.org", "hgdownload.soe.ucsc.edu")
_ENDINGS = re.compile(r"(\.(fa|fna|fasta|fas|2bit|tar|tgz))?(\.(gz|bgz|zip))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """Where a genome can be fetched.

    Attributes:
        name: What to call it.
        provider: Who has it.
        url: URL or path of its FASTA.
        checksums: URL of a list of MD5 sums that the provider publishes beside it, or None.
    """

    name: str
    provider: ProviderName
    url: str
    checksums: str | None = None


def short_name(location: str) -> str:
    """Name of a genome file without folders and endings.

    Examples:
        >>> [short_name(text) for text in ("/data/hg38.fa.gz", "https://host/yeast.2bit", "chromFa.tar.gz")]
        ['hg38', 'yeast', 'chromFa']
    """
    last = location.rstrip("/").rsplit("/", 1)[-1]
    return _ENDINGS.sub("", last) or last


def kind_of_name(name: str, provider: ProviderName) -> ProviderName:
    """The provider itself, or, for ``auto``, ``url`` or ``local`` where the name is an address or a path; else still ``auto``."""
    if provider != "auto":
        return provider
    if urlsplit(name).scheme in ("http", "https", "ftp", "file"):
        return "url"
    return "local" if "/" in name or Path(name).is_file() else "auto"


def find_genome(name: str, provider: ProviderName = "auto") -> Address:
    """Where a genome is.

    Args:
        name: Name that a provider has given (``hg38``, ``GRCh38.p14``), URL, or path.
        provider: Whom to ask; ``auto`` asks one after the other.

    Raises:
        DnabertError: genomepy is not installed.
        DataFileError: Nobody has a genome of this name, or nobody can be reached.
    """
    kind = kind_of_name(name, provider)
    if kind == "local" and not Path(name).is_file():
        raise DataFileError(f"{name}: there is no such file; a genome is a FASTA or 2bit file, an address, or a name such as hg38")
    if kind in ("local", "url"):
        return Address(short_name(name), kind, str(Path(name).resolve()) if kind == "local" else name)
    failures = _failures()
    near: list[str] = []
    missed: list[str] = []
    for each in ONLINE if kind == "auto" else (kind,):
        try:
            known = _provider(each)
            if name not in known.genomes:
                missed.append(f"{known.name} has no such genome")
                near += difflib.get_close_matches(name, list(known.genomes), n=3)
                continue
            url = _over_https(known.get_genome_download_link(name, mask="soft"))
        except failures as error:
            missed.append(f"{each}: {' '.join(str(error).split()) or type(error).__name__}")
            continue
        listing = _CHECKSUM_LISTS.get(each)
        return Address(name, each, url, None if listing is None else f"{url.rsplit('/', 1)[0]}/{listing}")
    alike = f"; names like it: {', '.join(dict.fromkeys(near))}" if near else ""
    raise DataFileError(f"{name}: no address found: {'; '.join(missed)}{alike}; give a URL or a file, if you have one")


def find_annotation(address: Address, name: str) -> str:
    """URL or path of the gene annotation of a genome, GTF or GFF3.

    Args:
        address: The genome.
        name: The name by which it was asked for.

    Raises:
        DnabertError: genomepy is not installed.
        DataFileError: There is none.
    """
    if address.provider == "url":
        raise DataFileError(f"{name}: an address says nothing of an annotation; give that too, with --annotation-from")
    try:
        known = _provider(address.provider)
        if address.provider == "local":
            # genomepy also gives name.gff where only name.gff3 is there.
            link = next((link for link in known.get_annotation_download_links(address.url) if Path(link).is_file()), "")
        else:
            link = known.get_annotation_download_link(name)
            if known.name == "UCSC":  # the name of a table; the same as a file stands beside the genome
                link = f"{address.url.rsplit('/', 1)[0]}/genes/{name}.{link}.gtf.gz"
    except _failures() as error:
        raise DataFileError(f"{name}: no annotation found: {' '.join(str(error).split())}; give one with --annotation-from") from error
    if not link:
        raise DataFileError(f"{name}: there is no GTF or GFF3 beside the genome; give one with --annotation-from")
    return _over_https(link)


def _provider(name: ProviderName) -> Any:
    try:
        from genomepy.providers import create
        from loguru import logger
    except ImportError as error:
        raise requires_extra("genomepy", "genomes", "a genome by name, or its annotation,") from error
    logger.disable("genomepy")
    if name in ONLINE:
        log.info("asking %s for its genomes; the first time, this fetches the list", name)
    return create(name)


def _failures() -> tuple[type[Exception], ...]:
    """What genomepy lets through when a provider is away or answers something else than before."""
    try:
        from genomepy.exceptions import GenomeDownloadError
        from mysql.connector import Error as DatabaseError
    except ImportError as error:
        raise requires_extra("genomepy", "genomes", "a genome by name, or its annotation,") from error
    return (OSError, ValueError, KeyError, TypeError, NotImplementedError, GenomeDownloadError, DatabaseError)


def _over_https(url: str) -> str:
    """The same file over https, where it is known to be there: an FTP transfer cannot be taken up again here."""
    parts = urlsplit(url)
    return parts._replace(scheme="https").geturl() if parts.scheme == "ftp" and parts.hostname in _SERVED_OVER_HTTPS else url
