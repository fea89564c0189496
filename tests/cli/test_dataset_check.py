import io
import json
import sys
from pathlib import Path

import pytest

from dnabert.cli.main import run

HEAD = "sequence,label\n"
# The label is 1 where the sixth base is C or G: of 7 bases 2.5 are strong in class 0, and 3.5 in class 1.
GOOD = HEAD + "".join(f"ACGT{fifth}{sixth}A,{int(sixth in 'CG')}\n" for fifth in "ACGT" for sixth in "ACGT")
BAD = "sequence,label\nACGTAC,1\nMEEPQS,1\n\nAC,0\nACGTAC\nACGTTT,\nACGTTA,0\nacgutu,0\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def check(*words: str) -> int:
    return run(["dataset", "check", *words, "--kmer", "3"])


def test_a_good_file_ends_with_0_and_the_command_to_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.csv", GOOD)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out == (
        "t.csv (training set)\n"
        "  read as    CSV, sequence from 'sequence', label from 'label', no id\n"
        "  entries    16 read, 16 usable\n"
        "  length     7 / 7 / 7 bases, 7 / 7 / 7 tokens of 3-mers (least, median, most)\n"
        "  bases      112, GC 42.9%, 0 N or other IUPAC in 0 entries\n"
        "  class 0    8 (50.0%), GC 35.7%, AUROC of GC alone 0.875\n"
        "  class 1    8 (50.0%), GC 50.0%, AUROC of GC alone 0.875\n"
        "\n"
        "task: classify (guessed from the labels; --task sets another)\n"
        "fit for training:  dnabert finetune --train t.csv --task classify --out RUN\n"
    )


def test_a_bad_file_ends_with_1_and_every_problem_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.csv", BAD)) == 1
    captured = capsys.readouterr()
    first = (
        "t.csv:3: row2: 'E' at position 2 is not a nucleotide; this looks like protein; only ACGTU and the IUPAC letters RYSWKMBDHVN are"
    )
    assert captured.err == f"dnabert: 4 problems would stop training, the first of them: {first} nucleotides\n"
    lines = captured.out.splitlines()
    assert lines[2] == "  entries    7 read, 3 usable, 1 blank lines, 1 with lower case (read as upper case), 1 with U (read as T)"
    start = lines.index("  problem: not nucleotides (1)")
    assert lines[start:-3] == [
        "  problem: not nucleotides (1)",
        f"    {first} nucleotides",
        "  problem: too short (1)",
        "    t.csv:5: row3: 2 bases are fewer than k = 3; leave it out or use a model of smaller k",
        "  problem: wrong number of columns (1)",
        "    t.csv:6: 1 columns, but the header has 2 (sequence, label)",
        "  problem: no label (1)",
        "    t.csv:7: has no label; a table needs a column 'label', a FASTA header 'label=...', a BED line column 4",
    ]
    assert lines[-2:] == ["task: classify (guessed from the labels; --task sets another)", "not fit for training: 4 problems"]


def test_of_many_problems_of_a_kind_20_are_listed_and_the_others_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.csv", GOOD + "AC,1\n" * 1050)) == 1
    out = capsys.readouterr().out
    assert "  problem: too short (1,050)\n" in out
    assert out.count("2 bases are fewer than k = 3") == 20
    assert "    and 1,030 more\n" in out


def test_warnings_come_with_places_and_end_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD + "ACGTAAA,0\nACGTAAA,1\nTTTACGT,0\n" + "ACGTCCA,1\n" * 21
    assert check(write("t.csv", text)) == 0
    out = capsys.readouterr().out
    assert "  one sequence, two labels:\n    t.csv:19: 1, but t.csv:2: 0\n    t.csv:21: 1," not in out
    assert "    t.csv:19: 1, but t.csv:2: 0\n" in out
    assert "  the same sequence again:\n    t.csv:18 as t.csv:2\n    t.csv:19 as t.csv:2\n" in out
    assert "    and 3 more\n" in out
    assert "  the reverse complement of an earlier one:\n    t.csv:20 as t.csv:2\n" in out
    assert "fit for training:" in out


def test_sequences_in_two_files_are_listed_with_both_places(capsys: pytest.CaptureFixture[str]) -> None:
    train, valid = write("t.csv", GOOD), write("v.csv", HEAD + "ACGTAAA,0\nTTGACGT,1\nCCCCCCC,1\n")
    assert check(train, valid, write("x.csv", HEAD + "GGGGGGG,1\n")) == 0
    out = capsys.readouterr().out
    assert "v.csv and t.csv share 2 entries\n    v.csv:2 stands also at t.csv:2\n    v.csv:3 stands also at t.csv:" in out
    assert "x.csv and v.csv share 1 entry\n    x.csv:2 stands also at v.csv:4\n" in out
    assert "x.csv and t.csv share 0 entries\n" in out
    assert "warning: entries of v.csv that stand also in t.csv: 2, 1 as the reverse complement" in out
    assert out.endswith("fit for training:  dnabert finetune --train t.csv --valid v.csv --test x.csv --task classify --out RUN\n")


def test_the_report_is_also_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.csv", GOOD), write("v.csv", BAD), "--json", "r.json") == 1
    text = capsys.readouterr().out
    found = json.loads(Path("r.json").read_text())
    assert (found["fit_for_training"], found["num_problems"], found["task"], found["is_guessed"]) == (False, 4, "classify", True)
    train, valid = found["files"]
    assert (train["source"], train["role"], train["num_usable"], train["problems"]) == ("t.csv", "training set", 16, [])
    assert train["composition"]["num_tokens"] == {"least": 7, "median": 7.0, "most": 7}
    assert [each["gc_auroc"] for each in train["classes"]] == [0.875, 0.875]
    assert valid["problem_counts"] == {"not nucleotides": 1, "too short": 1, "wrong number of columns": 1, "no label": 1}
    assert all(problem["message"] in text for problem in valid["problems"])
    assert found["shared"][0]["num_sequences"] == 0
    assert set(found["provenance"]["inputs"]) == {"t.csv", "v.csv"}
    assert check("t.csv", "--json", "r.json") == 1
    assert capsys.readouterr().err == "dnabert: r.json: exists already; choose another --out, or allow overwriting with --force\n"
    assert check("t.csv", "--json", "r.json", "--force") == 0


def test_json_on_stdout_is_alone_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.csv", GOOD), "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["fit_for_training"] is True


def test_stdin_is_checked_and_called_stdin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    assert check("-") == 0
    out = capsys.readouterr().out
    assert out.startswith("stdin (training set)\n")
    assert out.endswith("fit for training\n")


def test_a_bed_file_is_checked_with_its_genome(capsys: pytest.CaptureFixture[str]) -> None:
    write("g.fa", ">chr1\n" + "ACGTTGCAAC" * 20 + "\n")
    write("r.bed", "chr1\t0\t20\t1\nchr1\t3\t23\t1\nchr1\t5\t25\t0\nchr2\t0\t9\t0\n")
    assert check("r.bed", "--genome", "g.fa") == 1
    out = capsys.readouterr().out
    assert "  read as    BED, label from column 4, sequence from the genome\n  entries    4 read, 3 usable\n" in out
    assert "  problem: region (1)\n    r.bed:4: contig chr2 is not in g.fa" in out
    assert check("r.bed") == 1
    assert "r.bed: a BED file needs its genome: add --genome FASTA" in capsys.readouterr().err


def test_a_fasta_file_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("t.fa", ">a label=1\nACGTA\n>b label=1\nACGTT\n>c label=0\nCCCCC\n>d\nACGTC\n")) == 1
    out = capsys.readouterr().out
    assert "  read as    FASTA, label from label=... in the header\n  entries    4 read, 3 usable\n" in out
    assert "    t.fa: d: has no label; " in out


def test_columns_that_are_not_used_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    text = "id\tchrom\tseq\tbound\tnote\n" + "".join(f"p{place}\tchr1\tACGT{base}\t{place % 2}\t\n" for place, base in enumerate("ACGT"))
    assert check(write("t.tsv", text)) == 0
    assert "  read as    TSV, sequence from 'seq', label from 'bound', id from 'id'; not used: chrom, note\n" in capsys.readouterr().out


def test_values_and_kmer_labels_have_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(write("r.csv", GOOD.replace(",1\n", ",1.5\n").replace(",0\n", ",0.25\n")), "--task", "regress") == 0
    assert "  value      0.25 to 1.5, mean 0.875, correlation with GC 0." in capsys.readouterr().out
    assert check(write("k.csv", HEAD + "ACGTA,001\nACGTC,001\nACGTG,110\n")) == 0
    assert capsys.readouterr().out.endswith("--task token --set head.token_level=kmer --out RUN\n")


def test_of_many_classes_20_are_listed_and_long_names_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    text = HEAD + "".join(f"ACGT{a}{b}{c},{'x' * 50}{a}{b}\n" for a in "ACGT" for b in "ACGT" for c in "ACGT")
    text += "".join(f"TTTTT{a}{b},{a}{b}\n" for a in "ACGT" for b in "ACGT")
    assert check(write("t.csv", text), "--task", "classify") == 0
    out = capsys.readouterr().out
    assert out.count(f"  class {'x' * 40}... ") == 16
    assert out.count("  class ") == 20
    assert "  ... and 12 more classes\n" in out


@pytest.mark.parametrize("name", ["absent.csv", "folder"])
def test_a_file_that_cannot_be_read_ends_with_1_and_the_others_are_checked_all_the_same(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder").mkdir()
    assert check(write("t.csv", GOOD), name) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(f"dnabert: 1 problem would stop training, the first of them: {name}: ")
    assert "t.csv (training set)\n" in captured.out
    assert f"{name} (validation set)\n  read as    nothing: see the problem below\n  entries    0 read, 0 usable\n" in captured.out


@pytest.mark.parametrize("words", [[], ["a", "b", "c", "d"], ["a", "--task", "guess"], ["a", "--max-tokens", "2"], ["a", "--kmer", "six"]])
def test_wrong_usage_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["dataset", "check", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
