import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from dnabert.errors import CheckpointError, DnabertError
from dnabert.registry import known_models, resolve_model
from tests.toy import save_toy_run


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["zhihan1996/DNA_bert_6", "runs/tata", "plain", "./here", "with.dot"])
def test_a_directory_of_that_name_wins(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir(parents=True)
    assert resolve_model(name) == Path(name)


def test_a_home_directory_may_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    run = save_toy_run(tmp_path)
    assert resolve_model(f"~/{run.name}") == run


def test_a_packaged_model_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = tmp_path / "weights" / "dnabert-3-toy"
    packaged.parent.mkdir()
    save_toy_run(tmp_path).rename(packaged)
    monkeypatch.setattr("dnabert.registry.resources.files", lambda _: tmp_path)
    assert resolve_model("dnabert-3-toy") == packaged
    first = known_models()[0]
    assert (first.name, first.kmer, first.where) == ("dnabert-3-toy", 3, "packaged")
    assert first.note == f"2 x 32, 0.2 MB; card: {packaged / 'README.md'}"
    with pytest.raises(CheckpointError, match=r"a packaged name \(dnabert-3-toy\)"):
        resolve_model("dnabert-4-toy")


def test_the_published_models_are_known() -> None:
    hub = {model.name: model.kmer for model in known_models() if model.where == "hub"}
    assert hub == {f"zhihan1996/DNA_bert_{kmer}": kmer for kmer in (3, 4, 5, 6)}


@pytest.mark.parametrize("name", ["no-such-model", "./runs/tata", "/no/such/run", "a/b/c", "~nobody/x/y", "runs/tata/"])
def test_an_unknown_name_lists_the_ways_out(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        resolve_model(name)
    message = str(caught.value)
    assert message.startswith(f"{name}: no such model; give a run directory, a packaged name (")
    assert message.endswith("or a hub id such as zhihan1996/DNA_bert_6")


def test_a_file_is_no_model_but_lies_in_one(tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: is a file; give the directory that holds it"):
        resolve_model(str(run / "model.safetensors"))


def test_a_hub_id_without_huggingface_hub_tells_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_hub(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("dnabert.registry.import_module", without_hub)
    with pytest.raises(DnabertError) as caught:
        resolve_model("zhihan1996/DNA_bert_6")
    assert str(caught.value) == (
        "zhihan1996/DNA_bert_6: there is no such directory; reading it as a hub id needs the package huggingface_hub:"
        " install it with  pip install 'dnabert[hub]'"
    )


@pytest.mark.parametrize("name", ["zhihan1996/DNA_bert_6", "runs/tata.v2", "runs/forbidden--name..here"])
def test_an_unreachable_hub_is_one_line_with_both_readings(name: str, tmp_path: Path) -> None:
    # A process of its own: the hub's package reads its settings, and finds its parts, when it is first imported.
    program = "import sys; from dnabert.registry import resolve_model; resolve_model(sys.argv[1])"
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    ended = subprocess.run([sys.executable, "-c", program, name], env=environment, capture_output=True, text=True, check=False)
    message = ended.stderr.rstrip("\n").splitlines()[-1]
    start = f"dnabert.errors.CheckpointError: {name}: there is no such directory, and as a hub id it cannot be fetched ("
    assert message.startswith(start)
    assert message.endswith("); check the path, or download the model's files elsewhere and give their directory")


def test_an_error_of_the_hubs_network_library_is_told_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = import_module("huggingface_hub")
    network_error = import_module("huggingface_hub.errors").HfHubHTTPError.__bases__[0]

    def fail(*_: object, **__: object) -> str:
        raise network_error("")

    monkeypatch.setattr(hub, "snapshot_download", fail)
    with pytest.raises(CheckpointError, match=rf"cannot be fetched \({network_error.__name__}\)"):
        resolve_model("runs/tata")


def test_a_model_of_the_hub_is_where_the_hub_puts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = import_module("huggingface_hub")
    asked: list[str] = []

    def fetch(name: str, allow_patterns: list[str]) -> str:
        asked.append(name)
        assert {"config.json", "model.safetensors", "pytorch_model.bin"} <= set(allow_patterns)
        return str(tmp_path / "snapshot")

    monkeypatch.setattr(hub, "snapshot_download", fetch)
    assert resolve_model("zhihan1996/DNA_bert_6") == tmp_path / "snapshot"
    assert asked == ["zhihan1996/DNA_bert_6"]
