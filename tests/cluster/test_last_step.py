"""A job that is killed while its results are put in their places goes on with --resume; what is not its own stays."""

import csv
import gzip
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.main import run as command
from dnabert.infer.shards import ShardStore
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=400>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
SCAN = ("scan", "g.fa", "--out", "OUT", "--set", "stride_bp=10", "--threshold", "0.5", "--set", "background.windows=4")
VARIANTS = ("variants", "in.vcf", "--genome", "g.fa", "--out", "OUT.vcf.gz", "--tsv", "OUT.tsv", "--candidates", "OUT.found.tsv")
EMBED = ("embed", "in.csv", "--out", "OUT.npz", "--map", "pca", "--plot", "OUT.map.svg", "--neighbours", "2")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with a genome, variants, sequences and a model."""
    rng = random.Random(4)
    bases = "".join(rng.choices("ACGT", k=400))
    (tmp_path / "g.fa").write_text(f">chr1\n{bases}\n")
    rows = [(at, bases[at], next(base for base in "ACGT" if base != bases[at])) for at in range(50, 350, 20)]
    (tmp_path / "in.vcf").write_text(HEAD + "".join(f"chr1\t{at + 1}\t.\t{ref}\t{alt}\t.\t.\t.\n" for at, ref, alt in rows))
    with (tmp_path / "in.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([("id", "sequence"), *((f"s{at}", bases[at : at + 30]) for at in range(0, 300, 20))])
    head = HeadConfig(task="classify", num_outputs=2)
    save_model(tmp_path / "model", toy_model(head, toy_config(3), 1), ModelInfo(head=head, labels=("off", "on"), window_bp=24))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(words: tuple[str, ...], *more: str, out: str = "out") -> int:
    named = [word.replace("OUT", out) for word in words]
    return command([*named, "--model", "model", "--device", "cpu", "--dtype", "float32", "--quiet", *more])


def _results(place: Path, out: str) -> dict[str, list[bytes]]:
    """What the files of a job hold, by the ends of their names; without the lines that name the command, and without positions in them."""
    found = {}
    for path in place.glob(f"{out}.*"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                lines = [arrays["embeddings"].tobytes(), arrays["ids"].tobytes()]
        elif path.suffix == ".tbi":
            lines = []
        elif path.suffix == ".bw":
            lines = [content]
        else:
            lines = content.replace(f'"{out}.'.encode(), b'"').splitlines()
        found[path.name.removeprefix(out)] = [line for line in lines if b"ommand" not in line]
    return found


def _names(place: Path) -> set[str]:
    return {path.name.removeprefix("out") for path in place.glob("out.*")}


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "last", "there"),
    [
        (VARIANTS, "dnabert.infer.shards.ShardStore.clear", {".vcf.gz", ".vcf.gz.tbi", ".tsv", ".found.tsv"}),
        (SCAN, "dnabert.cli.jobs.scan.write_json", {".forward.bw", ".reverse.bw", ".bed"}),
        (SCAN, "dnabert.infer.shards.ShardStore.clear", {".forward.bw", ".reverse.bw", ".bed", ".json"}),
        (EMBED, "dnabert.cli.jobs.embed.BesideFiles.neighbours", {".npz", ".map.svg"}),
    ],
)
def test_a_job_that_is_killed_in_its_last_step_goes_on(
    place: Path,
    words: tuple[str, ...],
    last: str,
    there: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _run(words, out="whole") == 0
    with monkeypatch.context() as broken:
        clear = ShardStore.clear
        # A job that begins anew clears the folder, too, when nothing is there.
        dying = (lambda store: _killed() if store.count() else clear(store)) if last.endswith(".clear") else _killed
        broken.setattr(last, dying)
        assert _run(words) == 130
    (parts,) = (name for name in _names(place) if name.endswith(".parts"))
    assert _names(place) == there | {parts}
    assert _run(words) == 1
    assert "go on with" in capsys.readouterr().err
    with monkeypatch.context() as broken:
        broken.setattr("dnabert.infer.shards.ShardStore.keep", _killed)  # nothing is done again
        assert _run(words, "--resume") == 0
    assert _results(place, "out") == _results(place, "whole")
    assert not list(place.glob("out.*parts"))


def test_a_kill_between_the_scored_file_and_its_tables_is_gone_on_from(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run(VARIANTS, out="whole") == 0
    with monkeypatch.context() as broken:
        publish: Callable[[ShardStore, list[Path]], None] = ShardStore.publish

        def dying(store: ShardStore, paths: list[Path]) -> None:
            publish(store, paths)
            raise KeyboardInterrupt

        broken.setattr(ShardStore, "publish", dying)
        assert _run(VARIANTS) == 130
    assert _names(place) == {".vcf.gz", ".vcf.gz.tbi", ".vcf.gz.parts"}
    assert _run(VARIANTS, "--resume") == 0
    assert _results(place, "out") == _results(place, "whole")


def test_resume_replaces_no_table_that_is_not_of_the_killed_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("dnabert.cli.jobs.variants.read_line_blocks", lambda *_: iter(_killed, 0))
        assert _run(VARIANTS) == 130
    ShardStore(place / "out.vcf.gz.parts").keep("piece", b"")
    (place / "out.tsv").write_text("mine")
    assert _run(VARIANTS, "--resume") == 1
    assert "out.tsv: exists already" in capsys.readouterr().err
    assert (place / "out.tsv").read_text() == "mine"


@pytest.mark.parametrize("words", [VARIANTS, SCAN, EMBED])
def test_a_result_without_pieces_is_not_replaced_by_resume(place: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(words) == 0
    assert _run(words, "--resume") == 1
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize("words", [VARIANTS, SCAN, EMBED])
def test_pieces_of_another_number_of_threads_are_told_and_done_anew(
    place: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as broken:
        clear = ShardStore.clear
        broken.setattr(ShardStore, "clear", lambda store: _killed() if store.count() else clear(store))
        assert _run(words) == 130
        assert _run(words, "--resume") == 130
    assert "pieces there are of" not in capsys.readouterr().err
    before = torch.get_num_threads()
    now = before + 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: now)
    assert _run(words, "--resume") == 0
    said = capsys.readouterr().err
    assert f"pieces there are of other input or settings, such as another number of threads ({now} now), and are not used" in said


@pytest.mark.parametrize("engine", ["ray", "ranks"])
def test_a_map_of_a_region_is_made_in_this_process_only(
    place: Path, engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dnabert.cluster.choose.open_engine", _killed)
    words = ("variants", "--genome", "g.fa", "--out", "OUT.tsv", "--mutagenesis", "chr1:100-103", "--engine", engine)
    assert _run(words) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.endswith(f"--engine {engine}: --mutagenesis maps its region in this process; leave out --engine")
