"""The file of codes."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.gpu.corpus import main, make_code_file, pack_bases, read_code_file, unpack_bases
from dnabert.dna.fasta import read_fasta
from dnabert.dna.sequence import decode_bases, encode_bases, reverse_complement
from dnabert.errors import DataFileError
from tests.benchmarks.gpu.made import random_bases, write_genome, write_table

CONTIGS = {"a": random_bases(701, 1), "b": "NNN" + random_bases(300, 2) + "N", "c": random_bases(400, 3)}
SPLIT = {"a": "train", "b": "valid", "c": "test"}


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 103])
def test_packed_bases_come_back(count: int) -> None:
    codes = np.random.default_rng(count).integers(0, 4, count, dtype=np.uint8)
    packed = pack_bases(codes)
    assert len(packed) == -(-count // 4)
    assert np.array_equal(unpack_bases(packed, count), codes)


def test_the_file_holds_train_and_valid_contigs_with_their_n_and_never_the_test(tmp_path: Path) -> None:
    made = make_code_file([write_genome(tmp_path, CONTIGS)], write_table(tmp_path, SPLIT), tmp_path / "codes.npz")
    assert made.split == {"a": "train", "b": "valid"}
    assert (made.bases("train"), made.bases("valid")) == (701, 304)
    records = {record.name: record.sequence for record in read_fasta(made.write_fasta(tmp_path / "again.fa"))}
    assert records == {"a": CONTIGS["a"], "b": CONTIGS["b"]}
    assert set(made.sources) == {"genome.fa", "split.tsv"}
    assert (tmp_path / "codes.npz").stat().st_size < 3000


def test_a_file_that_the_table_does_not_speak_of_is_for_training(tmp_path: Path) -> None:
    more = write_genome(tmp_path, {"x": random_bases(500, 9)}, "more.fa")
    made = make_code_file([write_genome(tmp_path, CONTIGS), more], write_table(tmp_path, SPLIT), tmp_path / "codes.npz")
    assert made.split["x"] == "train"


def test_a_file_of_which_the_table_names_a_part_is_refused(tmp_path: Path) -> None:
    table = write_table(tmp_path, {"a": "train", "b": "valid"})
    with pytest.raises(DataFileError, match=r"does not name contig c of .*genome.fa \(1 of 3\)"):
        make_code_file([write_genome(tmp_path, CONTIGS)], table, tmp_path / "codes.npz")


@pytest.mark.parametrize("held", ["b", "c"])
@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_held_out_is_found_in_training_files_on_either_strand(tmp_path: Path, held: str, reverse: bool) -> None:
    stolen = CONTIGS[held].strip("N")
    if reverse:
        stolen = decode_bases(reverse_complement(encode_bases(stolen)))
    leak = write_genome(tmp_path, {"x": random_bases(333, 5) + stolen + random_bases(80, 6)}, "leak.fa")
    with pytest.raises(DataFileError, match=rf"100.0 % of {held} \({SPLIT[held]}\) is in the training part too, at most 5 % may be"):
        make_code_file([write_genome(tmp_path, CONTIGS), leak], write_table(tmp_path, SPLIT), tmp_path / "codes.npz")
    assert not (tmp_path / "codes.npz").exists()


def test_a_split_without_training_is_refused(tmp_path: Path) -> None:
    table = write_table(tmp_path, dict.fromkeys(CONTIGS, "test"))
    with pytest.raises(DataFileError, match="names no contig of these files as train"):
        make_code_file([write_genome(tmp_path, CONTIGS)], table, tmp_path / "codes.npz")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.npz"
    make_code_file([write_genome(tmp_path, CONTIGS)], write_table(tmp_path, SPLIT), path)
    with np.load(path) as stored:
        parts = dict(stored)
    parts["packed"][7] ^= 1
    np.savez(tmp_path / "other.npz", **parts)
    with pytest.raises(DataFileError, match="is damaged"):
        read_code_file(tmp_path / "other.npz")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataFileError, match="is no file of codes, or is damaged"):
        read_code_file(path)


def test_the_command_says_what_it_made_or_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    genome, table, out = write_genome(tmp_path, CONTIGS), write_table(tmp_path, SPLIT), tmp_path / "new" / "codes.npz"
    assert main([str(genome), "--split", str(table), "--out", str(out)]) == 0
    assert "2 contigs; 701 bases train, 304 valid" in capsys.readouterr().out
    assert main([str(tmp_path / "none.fa"), "--split", str(table), "--out", str(out)]) == 1
    assert "corpus: " in capsys.readouterr().err
