import gzip
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnabert.data import genome
from dnabert.data.genome import Contig, GenomeStore, build_genome, cache_directory, clean_runs
from dnabert.dna.sequence import decode_bases, encode_bases
from dnabert.errors import DataFileError, OutputError, SequenceError
from tests.twobit import twobit


def write_fasta(path: Path, **contigs: str) -> Path:
    path.write_text("".join(f">{name} some words\n{sequence}\n" for name, sequence in contigs.items()))
    return path


def entries(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "genomes").glob("*")) if cache.exists() else []


def contig_text(store: GenomeStore, name: str) -> str:
    contig = next(contig for contig in store.contigs if contig.name == name)
    return decode_bases(store.codes[contig.start : contig.start + contig.length])


def test_a_store_holds_all_contigs_of_all_files_in_order(tmp_path: Path) -> None:
    first = write_fasta(tmp_path / "one.fa", chr1="ACGTn", chr2="uuR")
    second = tmp_path / "two.fa.gz"
    second.write_bytes(gzip.compress(b">chr3\nGG\nCC\n", mtime=0))
    store = build_genome([first, second], tmp_path / "cache")
    assert store.contigs == (Contig("chr1", 0, 5), Contig("chr2", 5, 3), Contig("chr3", 8, 4))
    assert decode_bases(store.codes) == "ACGTNTTNGGCC"
    assert store.num_ambiguous == 2
    assert list(store.files) == [str(first), str(second)]
    assert isinstance(store.codes, np.memmap)
    assert not store.codes.flags.writeable


def test_a_store_is_made_once_and_found_again_by_content_under_another_name(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    made = build_genome([path], cache)
    (folder,) = (cache / "genomes").iterdir()
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    renamed = path.rename(tmp_path / "b.fa")
    with mock.patch.object(genome, "read_contigs", side_effect=AssertionError("read again")):
        found = build_genome([renamed], cache)
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before
    assert found.key == made.key
    assert found.contigs == made.contigs
    assert list(found.files) == [str(renamed)]
    assert (found.codes == made.codes).all()


def test_a_changed_file_gets_a_store_of_its_own(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    before = build_genome([path], tmp_path / "cache")
    write_fasta(path, chr1="ACGTACGA")
    after = build_genome([path], tmp_path / "cache")
    assert before.key != after.key
    assert len(entries(tmp_path / "cache")) == 2
    assert contig_text(after, "chr1") == "ACGTACGA"


def test_the_order_of_the_files_is_part_of_the_key(tmp_path: Path) -> None:
    paths = [write_fasta(tmp_path / "a.fa", one="ACGT"), write_fasta(tmp_path / "b.fa", two="GGCC")]
    forward, backward = build_genome(paths, tmp_path / "cache"), build_genome(paths[::-1], tmp_path / "cache")
    assert forward.key != backward.key
    assert [contig.name for contig in backward.contigs] == ["two", "one"]


def test_a_2bit_file_gives_the_bases_of_its_fasta(tmp_path: Path) -> None:
    sequence = "ACGTTGCANNNNACGTACG"
    path = tmp_path / "g.2bit"
    path.write_bytes(twobit([("chr1", sequence)]))
    store = build_genome([path], tmp_path / "cache")
    assert contig_text(store, "chr1") == sequence
    assert store.num_ambiguous == 4


def test_a_contig_name_in_two_files_names_both(tmp_path: Path) -> None:
    paths = [write_fasta(tmp_path / "a.fa", chr1="ACGT"), write_fasta(tmp_path / "b.fa", chr1="GGCC")]
    with pytest.raises(DataFileError, match=r"b\.fa: contig chr1 is also in .*a\.fa; rename one of them"):
        build_genome(paths, tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_genome_of_n_alone_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "n.fa", chr1="NNNN", chr2="nnRY")
    with pytest.raises(DataFileError, match=r"n\.fa: holds no A, C, G or T at all"):
        build_genome([path], tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_letter_that_is_no_nucleotide_is_named_with_its_place_and_leaves_nothing(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "p.fa", chr1="ACGT", prot="ACGMKLV")
    with pytest.raises(SequenceError, match=r"p\.fa: prot: 'L' at position 6 is not a nucleotide"):
        build_genome([path], tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_no_file_and_a_missing_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no genome file is given"):
        build_genome([], tmp_path / "cache")
    with pytest.raises(DataFileError, match=r"absent\.fa: cannot be read: No such file"):
        build_genome([tmp_path / "absent.fa"], tmp_path / "cache")


KILLED = """
import os, sys
from pathlib import Path
from dnabert.data import genome
genome.write_json = lambda *_: os.kill(os.getpid(), 9)
genome.build_genome([Path(sys.argv[1])], Path(sys.argv[2]))
"""


def test_a_build_that_is_killed_half_way_leaves_no_index_and_is_made_anew(tmp_path: Path) -> None:
    path, cache = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT", chr2="GGCC"), tmp_path / "cache"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), str(cache)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(cache.rglob("codes.bin"))) == 1
    assert list(cache.rglob("index.json")) == []
    assert contig_text(build_genome([path], cache), "chr2") == "GGCC"


def test_a_build_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    with mock.patch.object(genome, "write_json", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        build_genome([path], tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_a_store_without_its_index_is_made_anew(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    build_genome([path], tmp_path / "cache")
    (folder,) = (tmp_path / "cache" / "genomes").iterdir()
    (folder / "index.json").unlink()
    assert contig_text(build_genome([path], tmp_path / "cache"), "chr1") == "ACGTACGT"


def test_a_damaged_store_says_which_folder_to_remove(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    build_genome([path], tmp_path / "cache")
    (folder,) = (tmp_path / "cache" / "genomes").iterdir()
    (folder / "codes.bin").write_bytes(b"\0\1")
    with pytest.raises(DataFileError, match=rf"{folder.name}: the genome store is damaged; remove this folder"):
        build_genome([path], tmp_path / "cache")


def test_two_processes_that_make_the_same_store_agree(tmp_path: Path) -> None:
    path, cache = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT"), tmp_path / "cache"
    write = genome._write_store

    def slow(directory: Path, paths: list[Path]) -> None:
        with mock.patch.object(genome, "_write_store", write):
            build_genome(paths, cache)  # the other process is faster
        write(directory, paths)

    with mock.patch.object(genome, "_write_store", slow):
        store = build_genome([path], cache)
    assert contig_text(store, "chr1") == "ACGTACGT"
    assert len(entries(cache)) == 1


def test_a_cache_that_cannot_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OutputError, match=r"cache/genomes/\w+: cannot be written"):
        build_genome([path], tmp_path / "cache")


def test_the_cache_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNABERT_CACHE", "/own")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_directory() == Path("/own")
    monkeypatch.delenv("DNABERT_CACHE")
    assert cache_directory() == Path("/xdg/dnabert")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "dnabert"


def store_of(*texts: str) -> GenomeStore:
    starts = np.cumsum([0, *map(len, texts)]).tolist()
    contigs = tuple(Contig(f"c{i}", start, len(text)) for i, (start, text) in enumerate(zip(starts, texts, strict=False)))
    return GenomeStore(encode_bases("".join(texts)), contigs, "key", {"file.fa": "sha"}, 0)


def slow_runs(texts: list[str], min_bp: int) -> list[list[int]]:
    rows, origin = [], 0
    for text in texts:
        start = 0
        for position, letter in enumerate([*text, "N"]):
            if letter == "N":
                if position - start >= max(min_bp, 0):
                    rows.append([origin + start, origin + position])
                start = position + 1
        origin += len(text)
    return rows


@given(texts=st.lists(st.text("ACN", min_size=1, max_size=20), min_size=1, max_size=5), min_bp=st.integers(1, 6))
def test_clean_runs_equal_a_slow_loop(texts: list[str], min_bp: int) -> None:
    store = store_of(*texts)
    assert clean_runs(store, store.contigs, min_bp).tolist() == slow_runs(texts, min_bp)


def test_clean_runs_of_some_contigs_have_places_in_the_store() -> None:
    store = store_of("ACGTN", "NNACG", "TT")
    assert clean_runs(store, store.contigs[1:], 2).tolist() == [[7, 10], [10, 12]]
    assert clean_runs(store, (), 2).shape == (0, 2)


def test_the_cache_can_be_thrown_away(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    first = build_genome([path], tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    assert (build_genome([path], tmp_path / "cache").codes == first.codes).all()
