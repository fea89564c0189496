import os
import shutil
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
    with pytest.raises(CheckpointError, match=r"a known name \(dnabert-3-toy\)"):
        resolve_model("dnabert-4-toy")


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that ships with the package, of which the source lies in a checkout."""
    package = tmp_path / "checkout" / "src" / "dnabert"
    (package / "weights").mkdir(parents=True)
    (tmp_path / "checkout" / "pyproject.toml").touch()
    monkeypatch.setattr("dnabert.registry.resources.files", lambda _: package)
    return save_toy_run(tmp_path).rename(package / "weights" / "dnabert-3-toy")


@pytest.mark.parametrize("place", ["models", "checkout/models"])
def test_a_model_too_large_to_ship_is_found_in_a_folder_of_models(place: str, tmp_path: Path, packaged: Path) -> None:
    large = tmp_path / place / "dnabert-3-large"
    shutil.copytree(packaged, large)
    (large.parent / "other").mkdir()
    (large.parent / "other" / "config.json").write_text('{"model_type": "gpt2"}')
    shutil.copytree(packaged, large.with_name("dnabert-3-toy"))  # the packaged one comes first
    assert resolve_model("dnabert-3-large").resolve() == large
    assert resolve_model("dnabert-3-toy") == packaged
    listed = [(model.name, model.where) for model in known_models()]
    assert listed[:2] == [("dnabert-3-toy", "packaged"), ("dnabert-3-large", "models")]
    assert {where for _, where in listed[2:]} == {"hub"}
    with pytest.raises(CheckpointError, match=r"a known name \(dnabert-3-toy, dnabert-3-large\)"):
        resolve_model("other")


def test_an_installed_package_has_no_folder_of_models_beside_it(tmp_path: Path, packaged: Path) -> None:
    shutil.copytree(packaged, tmp_path / "checkout" / "models" / "dnabert-3-large")
    (tmp_path / "checkout" / "pyproject.toml").unlink()
    with pytest.raises(CheckpointError, match="dnabert-3-large: no such model"):
        resolve_model("dnabert-3-large")


def test_a_folder_that_hides_a_packaged_model_is_taken_with_a_warning(
    tmp_path: Path, packaged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(packaged, tmp_path / "dnabert-3-toy")
    assert resolve_model("dnabert-3-toy") == Path("dnabert-3-toy")
    assert caplog.messages == [
        "dnabert-3-toy: taken from ./dnabert-3-toy; the packaged model of that name is hidden: rename the folder, or give"
        f" --model ./dnabert-3-toy if it is meant, --model {packaged} if not"
    ]
    caplog.clear()
    assert resolve_model("./dnabert-3-toy") == Path("dnabert-3-toy")
    assert not caplog.messages


def test_a_folder_that_is_no_model_says_that_it_hides_one(
    tmp_path: Path, packaged: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "dnabert-3-toy").mkdir()
    with pytest.raises(CheckpointError) as caught:
        resolve_model("dnabert-3-toy")
    assert str(caught.value) == (
        "./dnabert-3-toy: is no model (it holds no config.json), and it hides the packaged model of that name: rename the folder,"
        f" or give --model {packaged}"
    )
    monkeypatch.chdir(packaged.parent)  # the folder is the packaged model itself
    assert resolve_model("dnabert-3-toy") == Path("dnabert-3-toy")
    assert not caplog.messages


def test_the_published_models_are_known() -> None:
    hub = {model.name: model.kmer for model in known_models() if model.where == "hub"}
    assert hub == {f"zhihan1996/DNA_bert_{kmer}": kmer for kmer in (3, 4, 5, 6)}


@pytest.mark.parametrize("name", ["no-such-model", "./runs/tata", "/no/such/run", "a/b/c", "~nobody/x/y", "runs/tata/"])
def test_an_unknown_name_lists_the_ways_out(name: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        resolve_model(name)
    message = str(caught.value)
    assert message.startswith(f"{name}: no such model; give a run directory, a known name (")
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
