"""Where a genome is: the name that a user gives, to addresses.

genomepy knows the naming of UCSC, Ensembl, GENCODE and NCBI, keeps their lists of genomes, and gives the address of a genome and of its
annotation; that is what it is used for. Its transfer is not used (see :mod:`dnabert.data.download.transfer`), nor its installation of
annotations, which needs UCSC's command-line tools. It keeps its lists in the user's cache folder, and its settings in the user's
configuration folder.
"""

import difflib
import ftplib
import http.client
import logging
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from dnabert.errors import DataFileError, OutputError, requires_extra

__all__ = ["Address", "ProviderName", "find_annotation", "find_genome", "is_address", "kind_of_name", "short_name"]

log = logging.getLogger(__name__)

ProviderName = Literal["auto", "ucsc", "ensembl", "gencode", "ncbi", "url", "local"]

ONLINE: tuple[ProviderName, ...] = ("ucsc", "ensembl", "gencode", "ncbi")
"""Providers in the order in which they are asked; the list of NCBI is the longest by far."""

_CHECKSUM_LISTS: dict[ProviderName, str] = {"ucsc": "md5sum.txt", "gencode": "md5sum.txt", "ncbi": "md5checksums.txt"}
_SERVED_OVER_HTTPS = ("ftp.ebi.ac.uk", "ftp.ncbi.nlm.nih.gov", "ftp.ensembl.org", "hgdownload.soe.ucsc.edu")
_ENDINGS = re.compile(r"(\.(fa|fna|fasta|fas|2bit|tar|tgz))?(\.(gz|bgz|zip))?$", re.IGNORECASE)
_NAME_OF_FILE = re.compile(r"\.(fa|fna|fasta|fas|2bit|tar|tgz|gz|bgz|zip)(\.|$)", re.IGNORECASE)
_ADDRESS = re.compile("(https?|ftp|file):", re.IGNORECASE)

_Answer = TypeVar("_Answer")


class _NoAnswerError(Exception):
    """A provider is away, or answers something else than before; the text says which."""


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
    """Name of a genome file without folders and endings, and, of an address, without its query.

    Examples:
        >>> [short_name(text) for text in ("/data/hg38.fa.gz", "https://host/yeast.2bit?dl=1", "chromFa.tar.gz")]
        ['hg38', 'yeast', 'chromFa']
    """
    if is_address(location):
        location = re.split("[?#]", location, maxsplit=1)[0]
    last = location.rstrip("/").rsplit("/", 1)[-1]
    return _ENDINGS.sub("", last) or last


def is_address(location: str) -> bool:
    """Whether this is a URL that can be fetched, not a path."""
    return _ADDRESS.match(location) is not None


def kind_of_name(name: str, provider: ProviderName) -> ProviderName:
    """The provider itself, or, for ``auto``, ``url`` or ``local`` where the name is an address or a path; else still ``auto``."""
    if provider != "auto":
        return provider
    if is_address(name):
        return "url"
    return "local" if "/" in name or _NAME_OF_FILE.search(name) or Path(name).is_file() else "auto"


def find_genome(name: str, provider: ProviderName = "auto") -> Address:
    """Where a genome is.

    Args:
        name: Name that a provider has given (``hg38``, ``GRCh38.p14``), URL, or path.
        provider: Whom to ask; ``auto`` asks one after the other.

    Raises:
        DnabertError: genomepy is not installed.
        DataFileError: Nobody has a genome of this name, or nobody can be reached.
        OutputError: genomepy cannot keep its lists.
    """
    kind = kind_of_name(name, provider)
    if kind == "local" and not Path(name).is_file():
        hint = "" if provider == "local" or "/" in name else "; if a provider has a genome of this name, say which with --provider"
        raise DataFileError(f"{name}: there is no such file; a genome is a FASTA or 2bit file, an address, or a name such as hg38{hint}")
    if kind in ("local", "url"):
        return Address(short_name(name), kind, str(Path(name).resolve()) if kind == "local" else name)
    near: list[str] = []
    missed: list[str] = []
    for each in ONLINE if kind == "auto" else (kind,):
        try:
            known = _provider(each)
            if name not in known.genomes:
                missed.append(f"{known.name} has no such genome")
                near += difflib.get_close_matches(name, list(known.genomes), n=3)
                continue
            url = _over_https(_ask(partial(known.get_genome_download_link, name, mask="soft")))
        except _NoAnswerError as error:
            missed.append(f"{each}: {error}")
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
        OutputError: genomepy cannot keep its lists.
    """
    if address.provider == "url":
        raise DataFileError(f"{name}: an address says nothing of an annotation; give that too, with --annotation-from")
    try:
        known = _provider(address.provider)
        if address.provider == "local":
            links = _ask(partial(known.get_annotation_download_links, address.url))
        else:
            links = [_ask(partial(known.get_annotation_download_link, name))]
    except _NoAnswerError as error:
        raise DataFileError(f"{name}: no annotation found: {error}; give one with --annotation-from") from error
    if address.provider == "local":
        # genomepy also gives name.gff where only name.gff3 is there.
        links = [link for link in links if Path(link).is_file()]
    if not links:
        raise DataFileError(f"{name}: there is no GTF or GFF3 beside the genome; give one with --annotation-from")
    if known.name == "UCSC":  # the name of a table; the same as a file stands beside the genome
        return f"{address.url.rsplit('/', 1)[0]}/genes/{name}.{links[0]}.gtf.gz"
    return _over_https(links[0])


def _provider(name: ProviderName) -> Any:
    try:
        from genomepy.providers import create
        from loguru import logger
    except ImportError as error:
        raise requires_extra("genomepy", "genomes", "a genome by name, or its annotation,") from error
    except (OSError, sqlite3.Error) as error:  # it makes its folders when it is imported
        raise OutputError(
            f"genomepy cannot make the folders that it keeps its lists and settings in ({error});"
            " set XDG_CACHE_HOME and XDG_CONFIG_HOME to folders that can be written"
        ) from error
    logger.disable("genomepy")
    if name in ONLINE:
        log.info("asking %s for its genomes; the first time, this fetches the list", name)
    return _ask(partial(create, name))


_CLIENT_ERRORS = (OSError, EOFError, http.client.HTTPException, ftplib.Error, sqlite3.Error)


def _ask(question: Callable[[], _Answer]) -> _Answer:
    """What genomepy answers; hold nothing but its own call in the question, so that no mistake of ours is taken for one of a provider.

    Raises:
        _NoAnswerError: It has none.
    """
    from genomepy.exceptions import GenomeDownloadError
    from mysql.connector import Error as MysqlError

    try:
        return question()
    # What genomepy 0.16.4 says on purpose (a download fails, a part of Ensembl is not supported), and what the clients say that it uses:
    # requests and urllib (OSError), FTP, UCSC's MySQL, and the SQLite file in which it keeps its lists.
    except (GenomeDownloadError, NotImplementedError, *_CLIENT_ERRORS, MysqlError) as error:
        log.debug("genomepy has no answer", exc_info=True)
        raise _NoAnswerError(" ".join(str(error).split()) or type(error).__name__) from error
    # What its readers of lists and pages stumble over: its retry() gives None for a service that fails (TypeError), a key or a column is
    # gone (LookupError), a list is empty or no text (StopIteration, ValueError), a file name is taken for a pattern (re.error).
    except (TypeError, LookupError, StopIteration, ValueError, re.error) as error:
        log.debug("genomepy does not understand the answer", exc_info=True)
        raise _NoAnswerError(f"genomepy does not understand the answer ({type(error).__name__}: {' '.join(str(error).split())})") from error


def _over_https(url: str) -> str:
    """The same file over https, where it is known to be there: an FTP transfer cannot be taken up again here."""
    parts = urlsplit(url)
    return parts._replace(scheme="https").geturl() if parts.scheme == "ftp" and parts.hostname in _SERVED_OVER_HTTPS else url
