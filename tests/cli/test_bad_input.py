"""Every bad input ends in one line on stderr and exit code 1, with nothing written."""

import errno
import io
import json
import logging
import os
import pickle
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dnabert import output
from dnabert.cli.main import run
from dnabert.model.config import HeadConfig
from dnabert.output import check_free
from tests.toy import save_toy_run

TABLE = "sequence,label\nACGTACGTAC,1\nGGGCCCGGGC,0\nTTTTACGTTT,1\nCCCCGCGCAA,0\n"
FASTA = ">a\nACGTACGTACGT\n>b\nGGGCCCGGGCCC\n"
GENOME = ">chr1\n" + "ACGTTGCAAC" * 80 + "\n>chr2\n" + "GGATCCATTA" * 80 + "\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, good and bad, by name."""
    folder = tmp_path_factory.mktemp("models")
    heads = {
        "pretrained": HeadConfig(),
        "good": HeadConfig(task="classify"),
        "pair": HeadConfig(task="pair"),
        "token": HeadConfig(task="token"),
        "regress": HeadConfig(task="regress", num_outputs=1),
    }
    for name, head in heads.items():
        save_toy_run(folder, head).rename(folder / name)
    for name in ("truncated", "other_k", "no_config", "bad_config", "missing_tensor"):
        shutil.copytree(folder / "good", folder / name)
    weights = (folder / "good" / "model.safetensors").read_bytes()
    (folder / "truncated" / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    config = json.loads((folder / "good" / "config.json").read_text())
    (folder / "other_k" / "config.json").write_text(json.dumps({**config, "vocab_size": 4101}))
    (folder / "no_config" / "config.json").unlink()
    (folder / "bad_config" / "config.json").write_text("{")
    renamed = weights.replace(b"classifier.bias", b"classifier.bios")
    (folder / "missing_tensor" / "model.safetensors").write_bytes(renamed)
    (folder / "code").mkdir()
    shutil.copy(folder / "good" / "config.json", folder / "code")
    (folder / "code" / "pytorch_model.bin").write_bytes(pickle.dumps(Malicious()))
    (folder / "empty").mkdir()
    return folder


CANARY = Path(tempfile.gettempdir()) / f"dnabert-code-was-run-{os.getpid()}"


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (CANARY,)


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The genome cache elsewhere, the inputs in the folder we are in, the logging as it was."""
    monkeypatch.setenv("DNABERT_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@dataclass(frozen=True)
class Case:
    """A command, the files that it needs, and what it says."""

    command: str
    message: str
    files: dict[str, str | bytes] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.command


def on_reading(command: str, name: str) -> list[Case]:
    """What every command that reads sequences has to refuse; ``IN`` stands for the file."""
    tables = {
        "": "IN: is empty",
        "hello world\n": "IN:1: the header is 'hello world'; it needs a column 'sequence'",
        "id,sequence,label\na,ACGT,1\na,CCCC,0\n": "IN:3: the id a occurs twice \\(first at IN:2\\); ids must be unique",
        "sequence,label\nACGT,1\nAC,0\n": "IN:3: row2: 2 bases are fewer than k = 3; leave it out",
        "sequence,label\nMKVLIPE,1\n": "IN:2: row1: 'L' at position 4 is not a nucleotide; this looks like protein",
        "sequence,label\nACG7,1\n": "IN:2: row1: '7' at position 4 is not a nucleotide; digits are no DNA",
        "sequence,label\nACGT,1\nCCCC,0,9\n": "IN:3: 3 columns, but the header has 2 \\(sequence, label\\)",
        "sequence,label\n": "IN: holds no entries",
        ">a label=1\nACGT\n>a label=0\nCCCC\n": "IN:3: the name a occurs twice",
        ">a label=1\nAC\n": "IN: a: 2 bases are fewer than k = 3",
    }
    cases = [
        Case(command.replace("IN", name), message.replace("IN", re.escape(name)), {name: content}) for content, message in tables.items()
    ]
    return [*cases, Case(command.replace("IN", "absent.csv"), "absent\\.csv: cannot be read: No such file or directory")]


READING = [
    *on_reading("tokenize IN --kmer 3 --out out", "in.csv"),
    *on_reading("predict IN --model M/good --out out", "in.csv"),
    *on_reading("evaluate IN --model M/good --out out", "in.csv"),
    *on_reading("finetune --train IN --model M/pretrained --out out", "in.csv"),
    *on_reading("finetune --train t.csv --valid IN --model M/pretrained --out out", "valid.csv"),
    *on_reading("finetune --train t.csv --valid t.csv --test IN --model M/pretrained --out out", "test.csv"),
]

LABELS = [
    Case("evaluate in.csv --model M/good --out out", "in\\.csv:2: has no label", {"in.csv": "sequence\nACGT\n"}),
    Case(
        "evaluate in.csv --model M/good --out out",
        "in\\.csv:2: the label '7' is not among those of the training data \\(0, 1\\)",
        {"in.csv": "sequence,label\nACGT,7\n"},
    ),
    Case(
        "evaluate in.csv --model M/regress --out out",
        "in\\.csv:2: the label 'high' is no number; the task is regress",
        {"in.csv": "sequence,label\nACGT,high\n"},
    ),
    Case(
        "evaluate in.csv --model M/token --out out",
        "in\\.csv:2: 3 labels for 4 bases",
        {"in.csv": "sequence,label\nACGT,010\n"},
    ),
    Case("evaluate t.csv --model M/pair --out out", "t\\.csv:2: one sequence where a pair is needed"),
    Case(
        "finetune --train in.csv --valid t.csv --model M/pretrained --out out", "in\\.csv:2: has no label", {"in.csv": "sequence\nACGT\n"}
    ),
    Case(
        "finetune --train in.csv --valid t.csv --model M/pretrained --out out",
        "in\\.csv: the only label is '1'; training needs at least 2 classes: add examples of another one",
        {"in.csv": "sequence,label\nACGT,1\nCCCC,1\n"},
    ),
    Case(
        "finetune --train in.csv --model M/pretrained --out out",
        "in\\.csv: no label has two different sequences, so nothing can be held out for validation; give --valid",
        {"in.csv": "sequence,label\nACGT,1\n"},
    ),
    Case(
        "finetune --train t.csv --valid v.csv --model M/pretrained --out out",
        "v\\.csv:3: the label '2' is not among those of the training data \\(0, 1\\)",
        {"v.csv": "sequence,label\nACGT,1\nACGT,2\n"},
    ),
    Case(
        "finetune --train t.csv --valid t.csv --test s.csv --model M/pretrained --out out",
        "s\\.csv:2: the label '2' is not among those of the training data \\(0, 1\\)",
        {"s.csv": "sequence,label\nACGT,2\n"},
    ),
    Case("finetune --train t.csv --task pair --model M/pretrained --out out", "t\\.csv:2: one sequence where a pair is needed"),
    Case("finetune --train t.csv --valid t.csv --task token --model M/pretrained --out out", "t\\.csv:2: 1 labels for 10 bases"),
    Case(
        "finetune --train r.csv --valid r.csv --task regress --model M/pretrained --out out",
        "r\\.csv:3: the label 'nan' must be 1 finite number\\(s\\)",
        {"r.csv": "sequence,label\nACGT,1\nACGT,nan\n"},
    ),
]

MODELS = [
    Case(command.replace("M/X", f"M/{name}"), message)
    for command in (
        "predict f.fa --model M/X --out out",
        "evaluate t.csv --model M/X --out out",
        "finetune --train t.csv --model M/X --out out",
        "ensemble M/good M/X --out out",
        "pretrain g.fa --model M/X --out out",
    )
    for name, message in {
        "truncated": "truncated/model\\.safetensors: cannot be read: .*; the file is damaged or truncated: fetch it again",
        "code": "code/pytorch_model\\.bin: is no plain weights file \\(damaged, or a pickle that carries code, which is never run\\)",
        "other_k": "other_k/config\\.json: vocab_size 4101.* is not that of the weights \\(69, k = 3\\)",
        "no_config": "no_config/config\\.json: is missing; copy the config\\.json that belongs to the weights",
        "bad_config": "bad_config/config\\.json: cannot be read",
        "empty": "empty: holds no model\\.safetensors or pytorch_model\\.bin",
        "absent/really": "absent/really: no such model; give a run directory",
    }.items()
]

OTHERS = [
    Case("tokenize f.fa --kmer 9 --out out", "k-mer length 9 is outside 1\\.\\.8"),
    Case("tokenize f.fa --max-tokens -1 --out out", "max_tokens is -1; at least 1 token is needed"),
    Case("tokenize f.fa --max-tokens 0 --out out", "max_tokens is 0; at least 1 token is needed"),
    Case("predict f.fa --model M/pretrained --out out", "pretrained: is a pre-trained model without a task; fine-tune it first"),
    Case("predict f.fa --model M/missing_tensor --out out", "missing_tensor/model\\.safetensors: .*classifier\\.bi"),
    Case("predict r.bed --model M/good --out out", "r\\.bed: a BED file needs its genome: add --genome FASTA", {"r.bed": "chr1\t0\t9\n"}),
    Case(
        "predict r.bed --model M/good --genome g.fa --out out",
        "r\\.bed:1: end 9000 is beyond chr1, which has 800 bases",
        {"r.bed": "chr1\t0\t9000\n", "g.fa.fai": "chr1\t800\t6\t800\t801\nchr2\t800\t813\t800\t801\n"},
    ),
    Case("predict f.fa --model M/good --ambiguous error --out out", "f\\.fa: a: 1 ambiguous bases", {"f.fa": ">a\nACGTN\n"}),
    Case("predict . --model M/good --out out", "\\.: is a folder; give a CSV, TSV, FASTA or BED file"),
    Case("ensemble M/good M/regress --out out", "answer different questions; an ensemble needs the same"),
    Case("ensemble M/good M/pretrained --out out", "pretrained"),
    Case("pretrain e.fa --out out", "e\\.fa: (is empty|holds no sequences)", {"e.fa": ""}),
    Case("pretrain e.fa --out out", "e\\.fa: begins with 'hello world', not with '>': this is no FASTA file", {"e.fa": "hello world\n"}),
    Case("pretrain absent.fa --out out", "absent\\.fa: cannot be read: No such file or directory"),
    Case("pretrain e.fa --out out", "e\\.fa:3: the name a occurs twice", {"e.fa": ">a\nACGT\n>a\nACGT\n"}),
    Case("pretrain g.fa g2.fa --out out", "g2\\.fa: contig chr1 is also in g\\.fa; rename one of them", {"g2.fa": ">chr1\nACGT\n"}),
    Case(
        "pretrain e.fa --out out", "e\\.fa:2: a: 'L' at position 4 is not a nucleotide; this looks like protein", {"e.fa": ">a\nMKVLIPE\n"}
    ),
    Case("pretrain e.fa --out out", "e\\.fa: holds no A, C, G or T at all", {"e.fa": ">a\nNNNN\n"}),
    Case("pretrain e.fa --out out", "e\\.fa: no run of 10 bases without N in contigs a", {"e.fa": ">a\nACGTNACGT\n"}),
    Case("pretrain g.fa --kmer 9 --out out", "k-mer length 9 is outside 1\\.\\.8"),
    Case("finetune --train t.csv --kmer 9 --out out", "k-mer length 9 is outside 1\\.\\.8"),
    Case("pretrain g.fa --model M/good --out out", "good: is fine-tuned; pre-training goes on from a pre-trained model"),
    Case("pretrain g.fa --split s.tsv --out out", "s\\.tsv:1: needs the columns 'contig' and 'split'", {"s.tsv": "a\tb\n"}),
    Case(
        "pretrain g.fa --split s.tsv --out out",
        "s\\.tsv:2: 1 columns, but the header has 2",
        {"s.tsv": "contig\tsplit\nchr1\n"},
    ),
    Case(
        "pretrain g.fa --split s.tsv --out out",
        "the split names no contig of this genome as train",
        {"s.tsv": "contig\tsplit\n1\ttrain\n"},
    ),
    Case("pretrain g.fa --split absent.tsv --out out", "absent\\.tsv: cannot be read: No such file or directory"),
    *(
        Case(f"{command} --out out {extra}", message, {"c.toml": content})
        for command in ("pretrain g.fa", "finetune --train t.csv --model M/pretrained")
        for extra, content, message in (
            ("--config c.toml", "batchsize = 4\n", "c\\.toml: unknown key batchsize; did you mean batch_size\\?"),
            ("--config c.toml", "[optim]\nlr = 0\n", "c\\.toml: optim\\.lr 0: Input should be greater than 0"),
            ("--config c.toml", "batch_size =\n", "c\\.toml: is no valid TOML"),
            ("--config absent.toml", "", "absent\\.toml: cannot be read: No such file or directory"),
            ("--set optim.warmpu=1", "", "--set optim\\.warmpu=1: unknown key optim\\.warmpu; did you mean optim\\.warmup\\?"),
            ("--set optim.warmup", "", "--set optim\\.warmup: has no '='"),
        )
    ),
    Case("finetune --train t.csv --lr -1 --out out --model M/pretrained", "--lr: optim\\.lr -1\\.0: Input should be greater than 0"),
    Case("pretrain g.fa --steps 0 --out out", "--steps: steps 0: Input should be greater than or equal to 1"),
    *(
        Case(command, "taken: exists already; choose another --out, or allow overwriting with --force", {"taken": "before"})
        for command in (
            "tokenize f.fa --out taken",
            "predict f.fa --model M/good --out taken",
            "evaluate t.csv --model M/good --out taken",
            "finetune --train t.csv --model M/pretrained --out taken",
            "pretrain g.fa --out taken",
            "ensemble M/good M/good --out taken",
        )
    ),
    *(
        Case(command, "taken/out: (cannot|may not) be written", {"taken": "a file"})
        for command in (
            "tokenize f.fa --out taken/out",
            "predict f.fa --model M/good --out taken/out",
            "evaluate t.csv --model M/good --out taken/out --rounds 1",
            "finetune --train t.csv --valid t.csv --model M/pretrained --out taken/out",
            "pretrain g.fa --out taken/out --kmer 3",
            "ensemble M/good M/good --out taken/out",
        )
    ),
]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def prepare(case: Case, folder: Path, models: Path) -> list[str]:
    files: dict[str, str | bytes] = {"t.csv": TABLE, "f.fa": FASTA, "g.fa": GENOME, **case.files}
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return [word.replace("M/", f"{models}/") for word in case.command.split()] + ["--quiet"]


@pytest.mark.parametrize("case", [*READING, *LABELS, *MODELS, *OTHERS], ids=str)
def test_bad_input_is_one_line_and_leaves_nothing(case: Case, tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = prepare(case, tmp_path, models)
    before = snapshot(tmp_path)
    code = run(arguments)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert (code, len(lines)) == (1, 1), shown.err
    assert lines[0].startswith("dnabert: ")
    assert re.search(case.message, lines[0]), lines[0]
    assert shown.out == ""
    assert snapshot(tmp_path) == before
    assert not CANARY.exists()


WRITING = {
    "tokenize f.fa --kmer 3 --out out": [],
    "predict f.fa --model M/good --out out": [],
    "evaluate t.csv --model M/good --rounds 1 --out out": [],
    "ensemble M/good M/good --out out": [],
    "pretrain g.fa --kmer 3 --out out": [],
    # A run that fails later can be resumed, so that its folder stays; here it is empty, which is no obstacle to the next try.
    "finetune --train t.csv --valid t.csv --model M/pretrained --out out": ["out"],
}


@pytest.mark.parametrize("command", WRITING)
def test_a_full_disk_is_one_line_and_leaves_nothing(
    command: str, tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arguments = prepare(Case(command, ""), tmp_path, models)
    before = snapshot(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(output.os, "fsync", full)
        code = run(arguments)
    shown = capsys.readouterr()
    assert (code, shown.out) == (1, "")
    # A genome is kept in the cache before anything is written to --out.
    way_out = "set DNABERT_CACHE to another folder, where genomes are then kept" if "pretrain g.fa" in command else "choose another --out"
    assert re.fullmatch(rf"dnabert: \S+: no space left on the device; free some, or {way_out}\n", shown.err), shown.err
    assert snapshot(tmp_path) == before | dict.fromkeys(WRITING[command], b"")
    check_free(tmp_path / "out", force=False)


def test_an_error_of_the_system_that_has_no_words_of_ours_is_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "somewhere")

    monkeypatch.setattr("dnabert.data.labelled.read_set", refuse)
    assert run(["tokenize", "f.fa", "--out", "out"]) == 1
    assert capsys.readouterr().err == "dnabert: somewhere: Too many open files\n"
    with pytest.raises(OSError, match="Too many open files"):
        run(["tokenize", "f.fa", "--out", "out"], debug=True)


def test_stdin_is_called_stdin(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"sequence\nACGTACGT\nMKVLIPE\n")))
    assert run(["tokenize", "-", "--out", "-"]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("dnabert: stdin:3: row2: 'L' at position 4 is not a nucleotide")
    assert shown.out == ""
