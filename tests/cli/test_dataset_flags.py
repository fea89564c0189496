"""What the builders of data sets say of their flags: defaults in --help, contradictions, runs of hard negatives."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.main import run as command
from dnabert.data.datasets.promoters import PromoterConfig
from dnabert.data.datasets.splice import SpliceConfig
from dnabert.data.datasets.tfbs import TfbsConfig
from dnabert.model.config import HeadConfig
from tests.toy import toy_model

FLAGS: list[tuple[str, BaseModel, dict[str, str]]] = [
    ("promoters", PromoterConfig(), {"kind": "kind", "negatives": "negatives"}),
    ("tfbs", TfbsConfig(), {"mode": "mode", "negatives": "negatives", "summit": "summit"}),
    ("splice", SpliceConfig(), {"length": "window_bp", "level": "level"}),
]


@pytest.mark.parametrize(("verb", "config", "fields"), FLAGS, ids=[verb for verb, *_ in FLAGS])
def test_help_shows_the_default_of_each_flag(
    verb: str, config: BaseModel, fields: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["dataset", verb, "--help"]) == 0
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", capsys.readouterr().out).split())
    parts = {part.split()[0]: part for part in re.split(r" --(?=\S+ [A-Z]{3})", text)[1:]}
    for flag, field in fields.items():
        assert f"[default: {getattr(config, field)}]" in parts[flag]
    assert "[default: contigs are drawn]" in parts["split"]
    assert "[default: none is left out]" in parts["drop-near-duplicates"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("splice --length 3", "--length: window_bp 3: Input should be greater than or equal to 4"),
        ("splice --length 100 --set window_bp=200", "--length 100 contradicts --set window_bp=200: both set window_bp; give one of them"),
        ("tfbs --mode separate --set mode=binary", "--mode separate contradicts --set mode=binary: both set mode; give one of them"),
        (
            "promoters --split a.tsv --set splits.file=b.tsv",
            "--split a.tsv contradicts --set splits.file=b.tsv: both set splits.file; give one of them",
        ),
        (
            "promoters --set kind=scan --negatives tata",
            "--negatives: negatives = tata has no meaning for kind = scan; leave it out",
        ),
    ],
)
def test_settings_that_cannot_be_are_told_by_the_flags_that_were_typed(
    words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *rest = words.split()
    assert command(["dataset", verb, "in.gtf", "--genome", "g.fa", "--out", str(tmp_path / "set"), *rest]) == 1
    assert capsys.readouterr().err == f"dnabert: {message}\n"


def _save_run(directory: Path, window_bp: int) -> str:
    head = HeadConfig(task="classify", num_outputs=3)
    save_model(directory, toy_model(head), ModelInfo(head=head, labels=("acceptor", "donor", "none"), window_bp=window_bp))
    return str(directory)


def test_a_run_of_hard_negatives_is_given_once_and_was_trained_on_windows_as_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _save_run(tmp_path / "run", 60)
    words = ["dataset", "splice", "in.gtf", "--genome", "g.fa", "--out", str(tmp_path / "set"), "--hard-negatives", run]
    assert command(words) == 1
    assert capsys.readouterr().err == (
        f"dnabert: --hard-negatives {run}: was trained on windows of 60 bases, and these are to have 400, so that it would look for sites"
        " at another place; give --length 60, or a run that was trained on 400\n"
    )
    copy = _save_run(tmp_path / "copy", 60)
    assert command([*words, "--length", "60", "--hard-negatives", copy]) == 1
    assert capsys.readouterr().err == (
        f"dnabert: --hard-negatives {copy}: is the same model as --hard-negatives {run}; give the run of each round once\n"
    )
