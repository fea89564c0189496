"""`dnabert report`: one offline page for every task, and what it says where something cannot be shown."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.jobs.motifs import find_motifs
from dnabert.cli.main import run as command
from dnabert.data.labelled import read_set
from dnabert.infer.ensemble import make_ensemble
from dnabert.model.config import HeadConfig
from dnabert.motif.files import meme_text
from dnabert.motif.found import Discovery
from tests.report.run_writer import write_finetuned
from tests.toy import save_toy_run, toy_model

BINARY = HeadConfig(task="classify")
LOOSE = ["motifs.min_factor=0", "motifs.min_len_bp=3", "motifs.max_q=1", "motifs.window_bp=6"]
Reporter = Callable[..., str]


@pytest.fixture
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("dnabert.report.page", "dnabert.report.motifs"):
        monkeypatch.setattr(f"{module}.svg_text", lambda *_: "<svg></svg>")


def _sequence(seed: int, length: int = 40) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def _table(path: Path, labels: list[str], length: int = 40, columns: int = 1) -> Path:
    header = ["id", "sequence", "label"] if columns == 1 else ["id", "sequence1", "sequence2", "label"]
    rows = [
        [f"s{number}", *(_sequence(number * columns + c, length) for c in range(columns)), label] for number, label in enumerate(labels)
    ]
    path.write_text("".join(",".join(row) + "\n" for row in [header, *rows]))
    return path


def _report(model: Path, data: Path | None, out: Path, *words: str, settings: tuple[str, ...] = ()) -> int:
    flags = [word for text in (*LOOSE, "rounds=20", *settings) for word in ("--set", text)]
    given = [] if data is None else [str(data)]
    return command(["report", *given, "--model", str(model), "--out", str(out), "--device", "cpu", "--dtype", "float32", *flags, *words])


def _page(model: Path, data: Path, out: Path, *words: str, settings: tuple[str, ...] = ()) -> str:
    assert _report(model, data, out, *words, "--quiet", settings=settings) == 0
    return out.read_text(encoding="utf-8")


def test_a_classifier_has_every_part_and_the_page_loads_nothing(tmp_path: Path) -> None:
    data, out = _table(tmp_path / "t.csv", ["0", "1"] * 8), tmp_path / "r.html"
    settings = ("anchor=20", "anchor_name=TSS", "class_names=not promoter,promoter", "examples=3")
    html = _page(save_toy_run(tmp_path, BINARY), data, out, settings=settings)
    titles = ["How good is it?", "What it attends to", "Motifs", "How it arranges the sequences", "Where this comes from"]
    places = [html.index(f">{title}</h2>") for title in titles]
    assert places == sorted(places)
    for figure in ("ROC curve", "Precision and recall", "Confusion matrix", "Calibration", "Mean attention along", "Map of the sequences"):
        assert f"{figure}" in html
    assert "promoter (n = 8)" in html
    assert "typical of not promoter" in html
    assert "Here (95% interval)" in html
    assert "positions count from the TSS" in html
    assert "Not compared with known motifs: ask for it with <code>--database jaspar</code>" in html
    assert "dnabert report" in html
    loaded = re.findall(r'(?:src|href)="([^"#][^"]*)"', html)
    assert [address for address in loaded if not address.startswith(("data:", "https://doi.org/"))] == []
    assert "<script" not in html
    assert _report(tmp_path / "run-classify-3mer-0", data, out, "--quiet") == 1  # nothing is overwritten


@pytest.mark.usefixtures("no_drawing")
def test_three_classes_ask_for_the_one_that_motifs_are_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save_toy_run(tmp_path, HeadConfig(task="classify", num_outputs=3), ("no", "yes", "maybe"))
    data = _table(tmp_path / "t.csv", ["no", "yes", "maybe"] * 4)
    said = "they set one class against the rest, and this model has 3: say which with --positive-class: no, yes, maybe"
    assert f"Motifs are left out: {said}." in _page(model, data, tmp_path / "a.html")
    assert said in capsys.readouterr().err
    html = _page(model, data, tmp_path / "b.html", "--positive-class", "yes")
    assert "labelled yes, negatives 8 of the 8 others" in html
    assert _report(model, data, tmp_path / "c.html", "--positive-class", "nay") == 1
    assert "--positive-class nay: the model knows no such class; it has no, yes, maybe" in capsys.readouterr().err


@pytest.mark.usefixtures("no_drawing")
def test_without_negatives_motifs_say_what_to_do_and_the_rest_is_shown(tmp_path: Path) -> None:
    html = _page(save_toy_run(tmp_path, BINARY), _table(tmp_path / "t.csv", ["1"] * 6), tmp_path / "r.html")
    assert "there are no negatives: all sequences are labelled 1. Add sequences of another label, or compare with shuffles" in html
    assert "ROC and precision-recall curves are left out: only one class occurs" in html
    assert "Mean attention along the sequences" in html
    html = _page(tmp_path / "run-classify-3mer-0", _table(tmp_path / "u.csv", ["0"] * 6), tmp_path / "s.html")
    assert "no sequence that the model can read at once is labelled 1; try another --positive-class" in html


@pytest.mark.usefixtures("no_drawing")
def test_motifs_may_be_looked_for_in_another_file(tmp_path: Path) -> None:
    data, more = _table(tmp_path / "t.csv", ["1"] * 6), _table(tmp_path / "more.csv", ["1", "0"] * 8)
    html = _page(save_toy_run(tmp_path, BINARY), data, tmp_path / "r.html", settings=(f"motifs_in={more}",))
    assert "Positives are 8 of the 8 sequences of more.csv labelled 1" in html
    assert f"Input {more} (content), SHA-256" in html


@pytest.mark.usefixtures("no_drawing")
def test_report_and_motifs_find_the_same_motifs_on_hardware_with_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dnabert.device._has_fast_bfloat16", lambda _: True)
    model, data = save_toy_run(tmp_path, BINARY), _table(tmp_path / "t.csv", ["0", "1"] * 40)
    found: list[Discovery] = []

    def noted(*given: object, **named: object) -> Discovery:
        found.append(find_motifs(*given, **named))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr("dnabert.cli.jobs.report.motifs.find_motifs", noted)
    loose = ("min_factor=0", "mean_factor=1.5", "min_len_bp=3", "max_q=1", "window_bp=6")
    out = tmp_path / "r.html"
    settings = [word for text in ("rounds=0", *(f"motifs.{one}" for one in loose)) for word in ("--set", text)]
    assert command(["report", str(data), "--model", str(model), "--out", str(out), "--device", "cpu", "--quiet", *settings]) == 0
    settings = [word for text in loose for word in ("--set", text)]
    words = ["motifs", str(data), "--model", str(model), "--out", str(tmp_path / "m"), "--device", "cpu", "--quiet", "--database", "none"]
    assert command([*words, *settings]) == 0
    (mine,) = found
    assert mine.motifs
    texts = (tmp_path / "m" / "motifs.meme").read_text(), meme_text(mine.motifs, mine.background, mine.both_strands)
    assert texts[0].partition("ALPHABET")[2] == texts[1].partition("ALPHABET")[2]
    diagnostics = json.loads((tmp_path / "m" / "diagnostics.json").read_text())
    assert [step["count"] for step in diagnostics["steps"]] == [step.count for step in mine.steps]
    assert "figures bfloat16; attention, motifs and map float32" in out.read_text()


def test_a_package_that_attribution_needs_is_named_before_the_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dnabert.infer.attribution.gradients.find_spec", lambda _: None)
    settings = ("motifs_from=attribution", "motifs.attribution=ig")
    assert _report(tmp_path / "no-such-model", _table(tmp_path / "t.csv", ["0", "1"]), tmp_path / "r.html", settings=settings) == 1
    assert "attribution by integrated gradients needs the package captum" in capsys.readouterr().err


@pytest.mark.usefixtures("no_drawing")
def test_equal_attention_is_told_and_not_drawn(tmp_path: Path) -> None:
    flat = toy_model(BINARY)
    with torch.no_grad():
        for part in flat.encoder.blocks[-1].modules():
            if isinstance(part, nn.Linear):
                part.weight.zero_()
    (tmp_path / "flat").mkdir()
    save_model(tmp_path / "flat", flat, ModelInfo(head=BINARY, labels=("0", "1")))
    html = _page(tmp_path / "flat", _table(tmp_path / "t.csv", ["0", "1"] * 4), tmp_path / "r.html")
    assert "All bases have the same score in every sequence: this attention says nothing of them. Try another layer" in html
    assert "Mean attention along" not in html
    assert "No motif was found: all scores are equal" in html
    assert "try another layer (--set motifs.layer=0), --set motifs_from=attribution" in html


@pytest.mark.usefixtures("no_drawing")
def test_unequal_lengths_have_examples_and_no_mean_landscape(tmp_path: Path) -> None:
    rows = [f"s{number},{_sequence(number, 30 + number)},{number % 2}" for number in range(8)]
    (tmp_path / "t.csv").write_text("\n".join(["id,sequence,label", *rows]) + "\n")
    html = _page(save_toy_run(tmp_path, BINARY), tmp_path / "t.csv", tmp_path / "r.html", settings=("example_bp=20",))
    assert "The mean landscape is left out: the sequences have 30 to 37 bases" in html
    assert "Mean attention along" not in html
    assert "typical of 1" in html
    assert "are shown, where the scores are highest in sum. Position 0 is base" in html


@pytest.mark.usefixtures("no_drawing")
@pytest.mark.parametrize("pooling", ["lstm", "mean"])
def test_a_model_of_long_sequences_is_read_window_by_window(tmp_path: Path, pooling: str) -> None:
    head = HeadConfig.model_validate({"task": "classify", "chunk_pooling": pooling})
    html = _page(save_toy_run(tmp_path, head), _table(tmp_path / "t.csv", ["0", "1"] * 2, length=600), tmp_path / "r.html")
    assert "Each window has a [CLS] of its own; their scores are joined." in html
    assert "Of sequences longer than a window these are the vectors of the first window." in html
    assert "Mean attention along" in html


@pytest.mark.usefixtures("no_drawing")
def test_sequences_beyond_the_window_are_left_out_of_attention_and_motifs(tmp_path: Path) -> None:
    data = _table(tmp_path / "t.csv", ["0", "1"] * 3)
    with data.open("a") as handle:
        handle.write(f"long,{_sequence(99, 600)},1\n")
    model = save_toy_run(tmp_path, BINARY)
    html = _page(model, data, tmp_path / "r.html")
    assert "1 sequences are longer than the model reads at once, and are not read here." in html
    assert "Positives are 3 of the 4 sequences" in html
    html = _page(model, _table(tmp_path / "u.csv", ["0", "1"], length=600), tmp_path / "s.html")
    assert "Attention is left out: all sequences are longer than the model reads at once." in html
    assert "The map is left out: it needs at least 3 sequences, and there are 2." in html


@pytest.mark.usefixtures("no_drawing")
def test_many_sequences_are_read_in_a_stated_sample(tmp_path: Path) -> None:
    data = _table(tmp_path / "t.csv", ["0", "1"] * 10)
    html = _page(save_toy_run(tmp_path, BINARY), data, tmp_path / "r.html", settings=("max_sequences=4",))
    assert "8 of 20 sequences were read, drawn at random." in html
    assert "8 of 20 sequences are shown, drawn at random." in html
    assert "Positives are 4 of the 10 sequences" in html
    assert "On 20 sequences of t.csv." in html  # figures are of all


@pytest.mark.usefixtures("no_drawing")
def test_a_regression_sets_high_against_low_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save_toy_run(tmp_path, HeadConfig(task="regress", num_outputs=1, pooling="mean"), ("activity",))
    data = _table(tmp_path / "t.csv", [str(number / 4) for number in range(9)])
    html = _page(model, data, tmp_path / "r.html")
    for text in (
        "Measured and predicted activity",
        "lowest third: ",
        "highest third: ",
        "its measured activity",
        "highest predicted activity",
    ):
        assert text in html
    assert "they set positives against negatives, and the task of this model is regress" in html
    assert "This model answers from the mean of its k-mers, not from [CLS]" in html
    capsys.readouterr()
    assert _report(model, data, tmp_path / "s.html", "--positive-class", "activity") == 1
    assert "sets one class against the rest, and the task of this model is regress; leave it out" in capsys.readouterr().err


@pytest.mark.usefixtures("no_drawing")
def test_several_labels_have_a_curve_and_a_landscape_each(tmp_path: Path) -> None:
    model = save_toy_run(tmp_path, HeadConfig(task="multilabel", num_outputs=3), ("tata", "gc", "cat"))
    data = _table(tmp_path / "t.csv", ["tata", "tata;gc", "none", "gc"] * 3)
    html = _page(model, data, tmp_path / "r.html")
    assert "ROC curve of each label" in html
    assert "tata: " in html
    assert "no label: " in html
    assert "this model has 3: say which with --positive-class: tata, gc, cat" in html
    html = _page(model, data, tmp_path / "s.html", "--positive-class", "gc")
    assert "not gc: " in html
    assert "labelled gc, negatives 6 of the 6 others" in html


@pytest.mark.usefixtures("no_drawing")
@pytest.mark.parametrize("level", ["base", "kmer"])
def test_a_token_model_shows_its_calls_base_by_base(tmp_path: Path, level: str) -> None:
    model = save_toy_run(tmp_path, HeadConfig.model_validate({"task": "token", "token_level": level}), ("intron", "exon"))
    size = 40 if level == "base" else 38
    (tmp_path / "t.csv").write_text(
        "id,sequence,label\n" + "".join(f"s{n},{_sequence(n)},{' '.join(['intron'] * (size - 9) + ['exon'] * 9)}\n" for n in range(4))
    )
    html = _page(model, tmp_path / "t.csv", tmp_path / "r.html", settings=("class_names=outside,inside",))
    assert f"{4 * size} labelled places in them; intervals draw whole sequences" in html
    assert "Confusion matrix" in html
    assert "Scores by true class" in html
    assert f"Bars beneath: {'bases' if level == 'base' else 'k-mers'} in each bin." in html
    assert ">What it says, base by base</h2>" in html
    assert 'title="inside"' in html
    assert "what [CLS] attends to says nothing of its answers" in html
    assert "they have no label of the whole sequence" in html


@pytest.mark.usefixtures("no_drawing")
def test_a_pair_model_has_its_figures_and_says_what_it_has_not(tmp_path: Path) -> None:
    model = save_toy_run(tmp_path, HeadConfig(task="pair"))
    html = _page(model, _table(tmp_path / "t.csv", ["0", "1"] * 3, columns=2), tmp_path / "r.html")
    assert "ROC curve" in html
    assert "Attention is left out. A pair model reads two sequences at once" in html
    assert "the task of this model is pair." in html
    assert "The map is left out: a pair model reads two sequences at once" in html


@pytest.mark.usefixtures("no_drawing")
def test_an_ensemble_is_read_as_one_and_all_its_members_are_named(tmp_path: Path) -> None:
    make_ensemble([save_toy_run(tmp_path, BINARY, kmer=kmer) for kmer in (3, 4)], tmp_path / "both")
    html = _page(tmp_path / "both", _table(tmp_path / "t.csv", ["0", "1"] * 3), tmp_path / "r.html")
    assert "Scores of 2 models are summed." in html
    assert "An ensemble has no vectors of its own: these are of" in html
    assert "How member-1-3mer was made" in html
    assert "How member-2-4mer was made" in html


@pytest.mark.usefixtures("no_drawing")
def test_sequences_of_the_training_are_warned_of_and_its_own_test_set_stands_beside(tmp_path: Path) -> None:
    model = save_toy_run(tmp_path, BINARY)
    data = _table(tmp_path / "t.csv", ["0", "1"] * 4)
    write_finetuned(model)
    record = json.loads((model / "run.json").read_text())
    record["inputs"] = {"seen.csv (content)": read_set(data, 3).digest}
    (model / "run.json").write_text(json.dumps(record))
    html = _page(model, data, tmp_path / "r.html")
    assert "t.csv holds the very sequences and labels of <code>seen.csv</code>, which this model was trained or chosen on" in html
    assert "Test set of its training" in html
    assert ">How it was trained</h2>" in html


@pytest.mark.usefixtures("no_drawing")
def test_without_sequences_the_page_tells_what_the_files_of_the_run_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_finetuned(tmp_path / "run")
    assert command(["report", "--model", str(model), "--out", str(tmp_path / "r.html"), "--quiet"]) == 0
    assert "Model report: run" in (tmp_path / "r.html").read_text()
    for words in (["--positive-class", "1"], ["--set", "anchor=3"], ["--database", "jaspar"]):
        assert command(["report", "--model", str(model), "--out", str(tmp_path / "s.html"), *words]) == 1
        assert "is for a report on labelled sequences: give them too, dnabert report DATA --model" in capsys.readouterr().err


@pytest.mark.usefixtures("no_drawing")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("anchor=40",), "anchor is 40, and a sequence has 40 bases: 0 to 39 can be the anchor"),
        (("class_names=a,b,c",), "class_names has 3 names, and the model has 2: 0, 1"),
        (("layer=9",), "layer is 9: this model has layers 0 to 1"),
        (("motifs.layer=9",), "layer is 9: this model has layers 0 to 1"),
        (("leave_out=[training]",), "leave_out"),
    ],
)
def test_settings_that_do_not_fit_stop_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: tuple[str, ...], message: str
) -> None:
    model = save_toy_run(tmp_path, BINARY)
    assert _report(model, _table(tmp_path / "t.csv", ["0", "1"]), tmp_path / "r.html", settings=settings) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


@pytest.mark.usefixtures("no_drawing")
def test_parts_can_be_left_out_and_a_pretrained_model_has_no_report_on_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = _table(tmp_path / "t.csv", ["0", "1"] * 2)
    html = _page(save_toy_run(tmp_path, BINARY), data, tmp_path / "r.html", settings=("leave_out=attention,motifs,map",))
    assert "What it attends to" not in html
    assert "<h2>Motifs" not in html
    assert _report(save_toy_run(tmp_path), data, tmp_path / "s.html") == 1
    assert "is a pre-trained model without a task; fine-tune it first" in capsys.readouterr().err
