"""Each verb that writes a folder looks at its place before anything else: the inputs named here are not there at all."""

from pathlib import Path

import pytest

from dnabert.cli.main import run

VERBS = {
    "promoters": ["dataset", "promoters", "absent.bed", "--genome", "absent.fa"],
    "tfbs": ["dataset", "tfbs", "absent.narrowPeak", "--genome", "absent.fa"],
    "tfbs separate": ["dataset", "tfbs", "a.narrowPeak", "b.narrowPeak", "--mode", "separate", "--genome", "absent.fa"],
    "splice": ["dataset", "splice", "absent.gtf", "--genome", "absent.fa"],
    "finetune": ["finetune", "--train", "absent.csv"],
    "pretrain": ["pretrain", "absent.fa"],
    "demo": ["demo"],
}
ONE_FOLDER = [verb for verb in VERBS if verb != "tfbs separate"]


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def refusal(verb: str, out: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run([*VERBS[verb], "--out", out, "--force"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("verb", VERBS)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("before")
    place = "file/set/a" if verb == "tfbs separate" else "file/set"
    assert refusal(verb, "file/set", capsys) == f"dnabert: {place}: cannot be written: Not a directory; choose another --out\n"
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize("verb", ONE_FOLDER)
def test_a_folder_with_other_peoples_files_is_refused_before_the_work(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    reason = "holds files that are no result of dnabert, so --force does not remove it; choose another --out"
    assert refusal(verb, "thesis", capsys) == f"dnabert: thesis: {reason}\n"
    assert listing(tmp_path) == ["thesis", "thesis/chapter1.tex"]


@pytest.mark.parametrize("verb", ONE_FOLDER)
def test_the_folder_one_is_in_is_refused_before_the_work(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(verb, ".", capsys) == "dnabert: .: is the folder you are in, which cannot be replaced; choose another --out\n"
    assert listing(tmp_path) == []


@pytest.mark.parametrize("trouble", ["file", "taken"])
def test_simulate_looks_at_its_place_before_it_draws_a_genome(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dnabert.data.simulate.simulate_genome", None)
    if trouble == "file":
        (tmp_path / "out").write_text("before")
        message = "genome.fa: cannot be written: Not a directory; choose another --out"
    else:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "truth.json").write_text("{}")
        message = "truth.json: exists already; choose another --out, or allow overwriting with --force"
    before = listing(tmp_path)
    assert run(["simulate", "--out", "out"]) == 1
    assert capsys.readouterr().err == f"dnabert: out/{message}\n"
    assert listing(tmp_path) == before


@pytest.mark.parametrize("verb", ["tokenize", "predict", "evaluate", "attention", "attribute", "embed", "report"])
def test_no_verb_replaces_its_own_input_even_by_force(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = {"evaluate": "in.json", "embed": "in.npz", "report": "in.html"}.get(verb, "in.tsv")
    (tmp_path / name).write_text("sequence\tlabel\nACGTACGTACGT\t1\n")
    model = ["--kmer", "3"] if verb == "tokenize" else ["--model", "dnabert-6-mini"]
    assert run([verb, name, *model, "--out", name, "--force"]) == 1
    called = "DATA" if verb in ("evaluate", "report") else "INPUT"
    assert f"{name}: is what {called} reads and would be replaced; choose another name for the result" in capsys.readouterr().err
    assert (tmp_path / name).read_text().startswith("sequence")


@pytest.mark.parametrize("name", ["TRAIN", "VALID", "TEST"])
def test_the_report_of_a_check_replaces_no_table_even_by_force(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"{split}.csv" for split in ("TRAIN", "VALID", "TEST")]
    for file in files:
        (tmp_path / file).write_text("sequence,label\nACGTACGT,1\n")
    assert run(["dataset", "check", *files, "--json", f"{name}.csv", "--force"]) == 1
    assert f"{name}.csv: is what {name} reads and would be replaced; choose another name for the result" in capsys.readouterr().err
    assert (tmp_path / f"{name}.csv").read_text().startswith("sequence")
