import errno
import gzip
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnabert.data import genome
from dnabert.data.genome import Contig, GenomeStore, build_genome, cache_directory, clean_runs
from dnabert.dna.regions import Region
from dnabert.dna.sequence import decode_bases
from dnabert.errors import DataFileError, OutputError, RegionError, SequenceError
from tests.data.stores import genomes, opposite, random_bases, runs_of, store_of
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
    assert isinstance(store.codes.base, np.memmap)
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
    with pytest.raises(SequenceError, match=r"p\.fa:4: prot: 'L' at position 6 is not a nucleotide"):
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
    with pytest.raises(OutputError) as caught:
        build_genome([path], tmp_path / "cache")
    rest = "cannot be written: Not a directory; set DNABERT_CACHE to another folder, where genomes are then kept"
    assert re.fullmatch(rf"{re.escape(str(tmp_path))}/cache/genomes/\w+: {rest}", str(caught.value))


@pytest.mark.parametrize("number", range(1, 4))
def test_a_cache_that_is_full_is_an_error_with_its_name_at_whatever_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    left = iter([*[None] * (number - 1), OSError(errno.ENOSPC, "No space left on device")])

    def full(descriptor: int) -> None:
        if error := next(left):
            raise error

    monkeypatch.setattr("dnabert.data.genome.os.fsync", full)
    with pytest.raises(OutputError, match=r"cache/genomes/\S+: no space left on the device; free some, or set DNABERT_CACHE to another"):
        build_genome([path], tmp_path / "cache")
    assert entries(tmp_path / "cache") == []


def test_the_cache_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DNABERT_CACHE", "/own")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_directory() == Path("/own")
    monkeypatch.delenv("DNABERT_CACHE")
    assert cache_directory() == Path("/xdg/dnabert")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "dnabert"


@given(store=genomes("ACN", max_bp=20), min_bp=st.integers(1, 6), block=st.integers(1, 30))
def test_clean_runs_equal_a_slow_loop(store: GenomeStore, min_bp: int, block: int) -> None:
    expected = runs_of(set(np.flatnonzero(store.codes < 4).tolist()), store)
    with mock.patch.object(genome, "_BLOCK", block):
        assert store.clean.tolist() == expected
    assert clean_runs(store, store.contigs, min_bp).tolist() == [run for run in expected if run[1] - run[0] >= min_bp]


@given(data=st.data(), store=genomes("ACN", max_bp=20))
def test_clean_runs_of_parts_of_contigs_come_in_the_order_of_the_parts(data: st.DataObject, store: GenomeStore) -> None:
    parts, expected = [], []
    for contig in data.draw(st.permutations(store.contigs)):
        first = data.draw(st.integers(0, contig.length - 1))
        length = data.draw(st.integers(1, contig.length - first))
        parts.append(Contig(contig.name, contig.start + first, length))
        inside = range(contig.start + first, contig.start + first + length)
        expected += runs_of({base for base in inside if store.codes[base] < 4})
    assert clean_runs(store, tuple(parts), 1).tolist() == expected


def test_clean_runs_of_some_contigs_have_places_in_the_store() -> None:
    store = store_of("ACGTN", "NNACG", "TT")
    assert clean_runs(store, store.contigs[1:], 2).tolist() == [[7, 10], [10, 12]]
    assert clean_runs(store, (), 2).shape == (0, 2)
    assert clean_runs(store_of("NN", "N"), store_of("NN", "N").contigs, 1).shape == (0, 2)


def test_the_cache_can_be_thrown_away(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTACGT")
    first = build_genome([path], tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    assert (build_genome([path], tmp_path / "cache").codes == first.codes).all()


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text("ACGTNacgtn", min_size=1, max_size=25), min_size=1, max_size=4), block=st.integers(1, 12))
def test_blocks_of_any_size_give_the_same_bases_and_runs_of_lower_case(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], block: int
) -> None:
    texts = [*texts, "A"]
    folder = tmp_path_factory.mktemp("genome")
    path = write_fasta(folder / "g.fa", **{f"c{number}": text for number, text in enumerate(texts)})
    with mock.patch.object(genome, "_BLOCK", block):
        store = build_genome([path], folder / "cache")
    whole = "".join(texts)
    assert decode_bases(store.codes) == whole.upper()
    assert store.soft_masked.tolist() == runs_of({place for place, letter in enumerate(whole) if letter.islower()}, store)
    assert store.num_ambiguous == whole.upper().count("N")


@given(data=st.data(), texts=st.lists(st.text("ACGTN", min_size=1, max_size=20), min_size=1, max_size=4))
def test_a_region_is_read_on_its_strand_and_found_in_the_store(data: st.DataObject, texts: list[str]) -> None:
    store = store_of(*texts)
    number = data.draw(st.integers(0, len(texts) - 1))
    start = data.draw(st.integers(0, len(texts[number]) - 1))
    end = data.draw(st.integers(start + 1, len(texts[number])))
    bases = texts[number][start:end]
    for strand, expected in (("+", bases), (".", bases), ("-", opposite(bases))):
        region = Region(f"c{number}", start, end, strand=strand)
        codes = store.read(region)
        assert decode_bases(codes) == expected
        assert not np.shares_memory(codes, store.codes)
        first = store.position(region)
        assert decode_bases(store.codes[first : first + end - start]) == bases


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (3, 2), (2, 5), (4, 6)])
def test_a_region_that_is_not_within_its_contig_is_an_error_with_its_place(start: int, end: int) -> None:
    store = store_of("ACGT", "ACGT")
    with pytest.raises(RegionError, match=rf"^c0:{start}-{end}: c0:{start}-{end} is not within c0, which has 4 bases$"):
        store.read(Region("c0", start, end))
    with pytest.raises(RegionError, match=rf"^a\.bed:3: c1:{start}-{end}\(-\) is not within c1, which has 4 bases$"):
        store.position(Region("c1", start, end, "", "-", "a.bed:3"))


def test_a_region_on_a_contig_that_the_genome_has_not_is_an_error() -> None:
    with pytest.raises(RegionError, match=r"^a\.bed:3: contig chr1 is not in the genome \(it has c0, c1, c2, \.\.\.\)$"):
        store_of("A", "C", "G", "T").read(Region("chr1", 0, 1, where="a.bed:3"))


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_leave_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "g.fa"
    path.write_bytes(b"\xef\xbb\xbf>chr1 some words\r\nACg\r\ntN\r\n\r\n>chr2\r\nG\r\n\r\n")
    store = build_genome([path], tmp_path / "cache")
    assert store.contigs == (Contig("chr1", 0, 5), Contig("chr2", 5, 1))
    assert decode_bases(store.codes) == "ACGTNG"
    assert store.soft_masked.tolist() == [[2, 4]]


def test_the_soft_mask_of_a_2bit_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "g.2bit"
    path.write_bytes(twobit([("chr1", "ACGTtgcaNNNNacgTACG"), ("chr2", "acgt")]))
    store = build_genome([path], tmp_path / "cache")
    assert decode_bases(store.codes) == "ACGTTGCANNNNACGTACGACGT"
    assert store.soft_masked.tolist() == [[4, 8], [12, 15], [19, 23]]


def test_a_letter_that_is_no_nucleotide_is_counted_from_the_start_of_its_contig(tmp_path: Path) -> None:
    path = write_fasta(tmp_path / "p.fa", chr1="ACGT", chr2="ACGTACGTAC-T")
    with (
        mock.patch.object(genome, "_BLOCK", 4),
        pytest.raises(SequenceError, match=r"p\.fa:4: chr2: '-' at position 11 is not a nucleotide"),
    ):
        build_genome([path], tmp_path / "cache")


def test_many_contigs_are_found_by_name(tmp_path: Path) -> None:
    texts = {f"scaffold_{number}": random_bases(1 + number % 70, number) for number in range(3_000)}
    store = build_genome([write_fasta(tmp_path / "g.fa", **texts)], tmp_path / "cache")
    for name, text in texts.items():
        assert decode_bases(store.read(Region(store.names.find(name, "", ""), 0, len(text)))) == text
    assert store.lengths == {name: len(text) for name, text in texts.items()}


def test_making_a_store_takes_memory_for_the_text_of_three_contigs_and_little_more(tmp_path: Path) -> None:
    contig_bp = 9_000_000
    line = random_bases(30, 0) + random_bases(30, 1).lower() + "\n"
    path = write_fasta(tmp_path / "g.fa", **{f"c{number}": line * (contig_bp // 60) for number in range(2)})
    tracemalloc.start()
    try:
        with mock.patch.object(genome, "_BLOCK", 1 << 16):
            build_genome([path], tmp_path / "cache")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * contig_bp + 8_000_000


def test_what_killed_builds_have_left_is_removed_after_a_day(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    cache = tmp_path / "cache" / "genomes"
    a_day_ago = time.time() - 24 * 3600 - 60
    for name in (".one.17-ab.tmp", ".two.18-cd.tmp", ".three.19-ef.tmp", "four"):
        (cache / name).mkdir(parents=True)
        (cache / name / "codes.bin").write_bytes(b"ACGT")
    (cache / ".file.tmp").write_text("not ours")
    for path in (*cache.glob("*/*"), *cache.glob("*")):
        os.utime(path, (a_day_ago, a_day_ago))
    os.utime(cache / ".two.18-cd.tmp" / "codes.bin")  # still written to, by a process of another machine perhaps
    os.utime(cache / ".three.19-ef.tmp")
    store = build_genome([write_fasta(tmp_path / "a.fa", chr1="ACGT")], tmp_path / "cache")
    assert entries(tmp_path / "cache") == sorted([".two.18-cd.tmp", ".three.19-ef.tmp", "four", ".file.tmp", store.key[:20]])
    assert caplog.messages == [f"{cache / '.one.17-ab.tmp'}: left by a run that was killed; removed"]


@pytest.mark.parametrize("damage", ["no contigs", "too few lengths", "runs of one column", "no runs"])
def test_a_store_with_a_damaged_part_says_which_folder_to_remove(tmp_path: Path, damage: str) -> None:
    path = write_fasta(tmp_path / "a.fa", chr1="ACGTacgt", chr2="ACGT")
    build_genome([path], tmp_path / "cache")
    (folder,) = (tmp_path / "cache" / "genomes").iterdir()
    index = json.loads((folder / "index.json").read_text())
    if damage == "no contigs":
        del index["names"]
    elif damage == "too few lengths":
        index["lengths"] = [12]
    elif damage == "runs of one column":
        np.save(folder / "soft_masked.npy", np.arange(4))
    else:
        (folder / "soft_masked.npy").unlink()
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(DataFileError, match=rf"{folder.name}: the genome store is damaged; remove this folder, it will be made again"):
        build_genome([path], tmp_path / "cache")
