"""`dnabert variants`: the same numbers as `dnabert predict` on sequences cut by other means, and every bad record or file says why."""

import gzip
import os
import random
import shutil
from pathlib import Path

import pysam
import pytest

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.main import run as command
from dnabert.infer.variants.job import VariantTask
from dnabert.model.config import HeadConfig
from tests.infer.variants.cutting import reverse_complement_text
from tests.toy import save_toy_run, toy_config, toy_model

DATA = Path(os.environ.get("DNABERT_DATA") or Path(__file__).parents[3] / "shared" / "data")
RNG = random.Random(5)
CONTIGS = {name: "".join(RNG.choices("ACGT", k=900)) for name in ("chr1", "chr2")}
CONTIGS["chr2"] = CONTIGS["chr2"][:600] + "N" * 50 + CONTIGS["chr2"][650:]
WINDOW = 24
HEAD = '##fileformat=VCFv4.2\n{contigs}##INFO=<ID=AF,Number=A,Type=Float,Description="f">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
WITH_CONTIGS = "".join(f"##contig=<ID={name},length=900>\n" for name in CONTIGS)


def _save(folder: Path, name: str, labels: tuple[str, ...], *, stranded: bool, seed: int) -> Path:
    head = HeadConfig(task="classify", num_outputs=len(labels))
    info = ModelInfo(head=head, labels=labels, stranded=stranded, window_bp=WINDOW)
    save_model(folder / name, toy_model(head, toy_config(3), seed), info)
    return folder / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("variants")
    (place / "g.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in CONTIGS.items()))
    _save(place, "two", ("off", "on"), stranded=True, seed=1)
    _save(place, "three", ("none", "donor", "acceptor-x"), stranded=False, seed=2)
    return place


def _vcf(path: Path, rows: list[tuple[str, int, str, str]], contigs: str = WITH_CONTIGS) -> Path:
    lines = [f"{contig}\t{pos}\tv{number}\t{ref}\t{alt}\t.\tPASS\tAF=0.5\n" for number, (contig, pos, ref, alt) in enumerate(rows)]
    path.write_text(HEAD.format(contigs=contigs) + "".join(lines))
    return path


def _score(folder: Path, source: Path | None, out: Path, *words: str, models: tuple[str, ...] = ("two",)) -> int:
    named = [word for model in models for word in ("--model", str(folder / model))]
    given = [] if source is None else [str(source)]
    flags = ["--genome", str(folder / "g.fa"), "--out", str(out), "--device", "cpu", "--dtype", "float32"]
    return command(["variants", *given, *named, *flags, *words])


def _lines(path: Path) -> list[list[str]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")]


def _info(columns: list[str]) -> dict[str, list[str]]:
    return {key: value.split(",") for key, _, value in (part.partition("=") for part in columns[7].split(";"))}


def _random_rows(count: int) -> list[tuple[str, int, str, str]]:
    rows: list[tuple[str, int, str, str]] = []
    while len(rows) < count:
        contig = RNG.choice(list(CONTIGS))
        start = RNG.randrange(100, 500)
        reference = CONTIGS[contig][start : start + RNG.choice([1, 1, 1, 2, 4])]
        options = {"".join(RNG.choices("ACGT", k=RNG.choice([1, 1, 3, 5]))) for _ in range(RNG.choice([1, 1, 2]))} - {reference}
        if options:
            rows.append((contig, start + 1, reference, ",".join(sorted(options))))
    return sorted(rows)


def _cut(contig: str, start: int, reference: str, alternate: str, window: str) -> tuple[str, str]:
    """The two sequences of a window, by strings; the right flank fills up."""
    place, _, strand = window.rpartition("(")
    first, last = (int(part) for part in place.rpartition(":")[2].split("-"))
    bases = CONTIGS[contig]
    changed = bases[:start] + alternate + bases[start + len(reference) :]
    pair = bases[first - 1 : last], changed[first - 1 : last]
    return (reverse_complement_text(pair[0]), reverse_complement_text(pair[1])) if strand == "-)" else pair


@pytest.mark.parametrize(
    ("model", "classes"), [("two", {"": "on"}), ("three", {"none": "none", "donor": "donor", "acceptor_x": "acceptor-x"})]
)
def test_a_scored_file_equals_predict_on_sequences_cut_by_strings(
    folder: Path, tmp_path: Path, model: str, classes: dict[str, str]
) -> None:
    rows = _random_rows(30)
    source = _vcf(tmp_path / "in.vcf", rows)
    assert _score(folder, source, tmp_path / "out.vcf", "--tsv", str(tmp_path / "out.tsv"), models=(model,)) == 0
    found = _lines(tmp_path / "out.vcf")
    assert [line[:7] for line in found] == [line[:7] for line in _lines(source)]
    fasta = tmp_path / "cut.fa"
    with fasta.open("w") as handle:
        for number, ((contig, pos, ref, alts), line) in enumerate(zip(rows, found, strict=True)):
            for place, (alt, window) in enumerate(zip(alts.split(","), _info(line)["DNABERT_WINDOW"], strict=True)):
                for name, text in zip(("ref", "alt"), _cut(contig, pos - 1, ref, alt, window), strict=True):
                    assert len(text) == WINDOW
                    handle.write(f">{number}-{place}-{name}\n{text}\n")
    words = [
        "predict",
        str(fasta),
        "--model",
        str(folder / model),
        "--out",
        str(tmp_path / "p.tsv"),
        "--device",
        "cpu",
        "--dtype",
        "float32",
    ]
    assert command(words) == 0
    header, *table = _lines(tmp_path / "p.tsv")
    said = {row[0]: dict(zip(header, row, strict=True)) for row in table}
    checked = 0
    for number, line in enumerate(found):
        info = _info(line)
        assert info["AF"] == ["0.5"]
        for suffix, label in classes.items():
            keys = [f"DNABERT_{kind}" + (f"_{suffix}" if suffix else "") for kind in ("REF", "ALT", "DIFF", "LOGOR")]
            for place, values in enumerate(zip(*(map(float, info[key]) for key in keys), strict=True)):
                ref, alt = (float(said[f"{number}-{place}-{name}"][f"prob_{label}"]) for name in ("ref", "alt"))
                assert values[:2] == pytest.approx((ref, alt), abs=1e-5)
                assert values[2] == pytest.approx((alt - ref) * max(alt, ref), abs=2e-5)
                checked += 1
    assert checked >= 30 * len(classes)
    header, *table = _lines(tmp_path / "out.tsv")
    assert header[:8] == ["chrom", "pos", "id", "ref", "alt", "model", "class", "window"]
    assert len(table) == checked
    assert {row[6] for row in table} == set(classes.values())


BAD = [
    ("chr1", 100, CONTIGS["chr1"][99].lower(), "*,<DEL>,N"),
    ("chr1", 101, CONTIGS["chr1"][100], "."),
    ("chr1", 102, "A" if CONTIGS["chr1"][101] != "A" else "C", "T"),
    ("chr1", 102, "N", "T"),
    ("chr1", 200, CONTIGS["chr1"][199:260], CONTIGS["chr1"][199]),
    ("chr1", 890, CONTIGS["chr1"][889], "A" if CONTIGS["chr1"][889] != "A" else "C"),
    ("chr2", 590, CONTIGS["chr2"][589], "A" if CONTIGS["chr2"][589] != "A" else "C"),
    ("chr7", 10, "A", "T"),
]


def test_what_cannot_be_scored_is_kept_with_its_reason_and_counted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [row for row in _random_rows(6) if row[0] == "chr2"]
    twice = ("chr1", 120, CONTIGS["chr1"][119], "A" if CONTIGS["chr1"][119] != "A" else "C")
    rows = sorted([*BAD, twice, twice, *good], key=lambda row: row[:2])
    source = _vcf(tmp_path / "in.vcf", rows)
    assert _score(folder, source, tmp_path / "out.vcf.gz") == 0
    found = {(line[0], int(line[1]), line[3].upper()): _info(line) for line in _lines(tmp_path / "out.vcf.gz")}
    reasons = [found[contig, pos, ref.upper()]["DNABERT_SKIPPED"] for contig, pos, ref, _ in BAD]
    assert reasons == [
        ["missing_allele", "symbolic", "ambiguous_alternate"],
        ["no_alternate"],
        ["reference_mismatch"],
        ["ambiguous_reference"],
        ["allele_too_long"],
        ["window_off_contig"],
        ["window_ambiguous"],
        ["contig_unknown"],
    ]
    assert not any("DNABERT_REF" in found[contig, pos, ref.upper()] for contig, pos, ref, _ in BAD)
    lines = [line for line in _lines(tmp_path / "out.vcf.gz") if line[:2] == ["chr1", "120"]]
    assert len(lines) == 2
    assert lines[0][7] == lines[1][7]
    said = capsys.readouterr().err
    assert f"{len(rows)} records" in said
    assert "10 not (allele_too_long 1, ambiguous_alternate 1, ambiguous_reference 1, contig_unknown 1, missing_allele 1" in said
    with pysam.VariantFile(str(tmp_path / "out.vcf.gz")) as file:  # by its index
        assert [record.pos for record in file.fetch("chr1", 99, 101)] == [100, 101]
        assert file.header.info["DNABERT_LOGOR"].number == "A"


def test_several_models_of_other_k_are_scored_in_one_pass(folder: Path, tmp_path: Path) -> None:
    source = _vcf(tmp_path / "in.vcf", _random_rows(8))
    assert _score(folder, source, tmp_path / "both.vcf", models=("two", "three", "two")) == 0
    assert _score(folder, source, tmp_path / "one.vcf") == 0
    head = (tmp_path / "both.vcf").read_text()
    assert "##dnabertModel=<ID=three,Path=" in head
    assert 'Strand="mean of both"' in head
    assert "##dnabertCommand=dnabert variants " in head
    for both, one in zip(_lines(tmp_path / "both.vcf"), _lines(tmp_path / "one.vcf"), strict=True):
        assert _info(both)["DNABERT_DIFF_two"] == _info(one)["DNABERT_DIFF"] == _info(both)["DNABERT_DIFF_two_2"]
        assert "DNABERT_LOGOR_three_donor" in _info(both)


def test_scoring_again_replaces_what_was_said_before(folder: Path, tmp_path: Path) -> None:
    source = _vcf(tmp_path / "in.vcf", _random_rows(5))
    assert _score(folder, source, tmp_path / "one.vcf") == 0
    assert _score(folder, tmp_path / "one.vcf", tmp_path / "two.vcf") == 0
    assert _lines(tmp_path / "one.vcf") == _lines(tmp_path / "two.vcf")
    assert (tmp_path / "two.vcf").read_text().count("##INFO=<ID=DNABERT_DIFF,") == 1


def test_scores_of_another_kind_of_model_are_left_out_with_a_word(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _vcf(tmp_path / "in.vcf", _random_rows(5))
    assert _score(folder, source, tmp_path / "three.vcf", models=("three",)) == 0
    assert "earlier run" not in capsys.readouterr().err
    pretrained = (str(save_toy_run(tmp_path)),)
    assert _score(folder, tmp_path / "three.vcf", tmp_path / "zero.vcf", "--zero-shot", models=pretrained) == 0
    said = capsys.readouterr().err
    assert (
        "three.vcf: holds scores of an earlier run, which are left out; for those of several models in one file, give --model several"
        in said
    )
    assert _score(folder, source, tmp_path / "fresh.vcf", "--zero-shot", models=pretrained) == 0
    assert _lines(tmp_path / "zero.vcf") == _lines(tmp_path / "fresh.vcf")
    heads = [[line for line in (tmp_path / name).read_text().splitlines() if line.startswith("##")] for name in ("zero.vcf", "fresh.vcf")]
    assert [line for line in heads[0] if "Command" not in line] == [line for line in heads[1] if "Command" not in line]


@pytest.mark.parametrize(
    ("flag", "name"), [("--tsv", "g.fa"), ("--candidates", "g.fa.fai"), ("--tsv", "in.vcf"), ("--out", "in.vcf"), ("--out", "linked.vcf")]
)
def test_no_input_is_replaced_by_a_result_even_by_force(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, name: str
) -> None:
    source, genome = _vcf(tmp_path / "in.vcf", _random_rows(3)), tmp_path / "g.fa"
    shutil.copy(folder / "g.fa", genome)
    pysam.faidx(str(genome))
    (tmp_path / "linked.vcf").hardlink_to(source)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    words = ["variants", str(source), "--model", str(folder / "two"), "--genome", str(genome), "--force", flag, str(tmp_path / name)]
    assert command(words if flag == "--out" else [*words, "--out", str(tmp_path / "new.vcf")]) == 1
    called = "INPUT" if name.endswith("vcf") else "--genome"
    index = "the index of " if name.endswith("fai") else ""
    said = f"{tmp_path / name}: is {index}what {called} reads and would be replaced; choose another name for the result"
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("ending", ["vcf", "vcf.gz", "bcf", "tsv.gz"])
def test_a_map_is_no_vcf(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    assert _score(folder, None, tmp_path / f"map.{ending}", "--mutagenesis", "chr1:100-103") == 1
    assert f"map.{ending}: the map of a region is a table of plain text: end the name in .tsv" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "flags"), [(("--workers", "3"), "--workers"), (("--address", "h:1", "--workers", "2"), "--workers and --address")]
)
def test_flags_of_a_cluster_without_one_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], flags: str
) -> None:
    source = _vcf(tmp_path / "in.vcf", _random_rows(2))
    assert _score(folder, source, tmp_path / "out.vcf", *words) == 1
    assert f"{flags}: of no use with --engine local; give --engine ray too, or leave it out" in capsys.readouterr().err
    assert not (tmp_path / "out.vcf").exists()


def test_bcf_bgzip_unsorted_and_headers_without_contigs_are_read(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = _random_rows(9)
    source = _vcf(tmp_path / "in.vcf", rows)
    assert _score(folder, source, tmp_path / "plain.vcf") == 0
    wanted = _lines(tmp_path / "plain.vcf")
    with pysam.VariantFile(str(source)) as file, pysam.VariantFile(str(tmp_path / "in.bcf"), "wb", header=file.header) as bcf:
        for record in file:
            bcf.write(record)
    pysam.tabix_compress(str(source), str(tmp_path / "in.vcf.gz"))
    bare = _vcf(tmp_path / "bare.vcf", [(contig.removeprefix("chr"), *rest) for contig, *rest in rows], contigs="")  # type: ignore[misc]
    for other in (tmp_path / "in.bcf", tmp_path / "in.vcf.gz", bare):
        assert _score(folder, other, tmp_path / "other.vcf", "--force") == 0
        found = _lines(tmp_path / "other.vcf")
        assert [_info(line)["DNABERT_DIFF"] for line in found] == [_info(line)["DNABERT_DIFF"] for line in wanted]
    said = capsys.readouterr().err
    assert "has no ##contig lines" in said
    assert "taken for the same" in said
    mixed = _vcf(tmp_path / "mixed.vcf", rows[::-1])
    assert _score(folder, mixed, tmp_path / "mixed.vcf.gz") == 0
    assert "is not sorted by position" in capsys.readouterr().err
    assert not (tmp_path / "mixed.vcf.gz.tbi").exists()
    assert _lines(tmp_path / "mixed.vcf.gz")[0][1] == str(rows[-1][1])


def test_a_run_that_was_killed_goes_on_where_it_was(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = _vcf(tmp_path / "in.vcf", _random_rows(20)), tmp_path / "out.vcf.gz"
    small = ("--set", "block_records=4")
    assert _score(folder, source, tmp_path / "whole.vcf.gz", *small) == 0
    whole = VariantTask.start
    done: list[int] = []
    limit = [2]

    def dying(task: VariantTask) -> object:
        work = whole(task)

        def one(block: object) -> bytes:
            if len(done) == limit[0]:
                raise KeyboardInterrupt
            done.append(1)
            return work(block)  # type: ignore[arg-type]

        return one

    monkeypatch.setattr(VariantTask, "start", dying)
    assert _score(folder, source, out, *small) == 130
    assert not out.exists()
    assert len(list((tmp_path / "out.vcf.gz.parts").iterdir())) == 2
    assert not list(tmp_path.glob(".*.tmp"))
    assert _score(folder, source, out, *small) == 1
    assert "left by a run that did not end: go on with it with --resume" in capsys.readouterr().err
    limit[0] = 100
    assert _score(folder, source, out, *small, "--resume") == 0
    assert len(done) == 5  # each block once
    assert _lines(out) == _lines(tmp_path / "whole.vcf.gz")
    assert not (tmp_path / "out.vcf.gz.parts").exists()


def test_sites_of_an_annotation_place_the_windows(folder: Path, tmp_path: Path) -> None:
    exons = "".join(
        f'chr1\tx\texon\t{first}\t{last}\t.\t{strand}\t.\tgene_id "{strand}"; transcript_id "{strand}";\n'
        for strand in "+-"
        for first, last in ((101, 200), (301, 400))
    )
    (tmp_path / "a.gtf").write_text(exons)
    rows = [("chr1", pos, CONTIGS["chr1"][pos - 1], "A" if CONTIGS["chr1"][pos - 1] != "A" else "C") for pos in (150, 201, 305)]
    source = _vcf(tmp_path / "in.vcf", rows)
    words = ("--annotation", str(tmp_path / "a.gtf"), "--set", "anchor=splice")
    assert _score(folder, source, tmp_path / "out.vcf", *words) == 0
    far, donor, behind = map(_info, _lines(tmp_path / "out.vcf"))
    assert far["DNABERT_SKIPPED"] == ["no_site"]
    # The donor is base 201 (1-based) on +, at index 12 of 24; on - the first base of the exon is 200, and the window is turned.
    assert donor["DNABERT_WINDOW"][0] in ("chr1:189-212(+)", "chr1:189-212(-)")
    assert behind["DNABERT_WINDOW"][0] in ("chr1:289-312(+)", "chr1:289-312(-)")


def test_zero_shot_scores_by_a_pretrained_model(folder: Path, tmp_path: Path) -> None:
    run = save_toy_run(tmp_path)
    source = _vcf(tmp_path / "in.vcf", _random_rows(6))
    shutil.copytree(run, folder / "pretrained", dirs_exist_ok=True)
    assert _score(folder, source, tmp_path / "out.vcf", "--zero-shot", "--set", "window_bp=40", models=("pretrained",)) == 0
    for line in _lines(tmp_path / "out.vcf"):
        info = _info(line)
        assert "DNABERT_LOGOR" not in info
        for ref, alt, ratio in zip(info["DNABERT_REF"], info["DNABERT_ALT"], info["DNABERT_LLR"], strict=True):
            assert float(ratio) == pytest.approx(float(alt) - float(ref), abs=1e-3)


def test_a_region_is_mapped_and_variants_are_marked(folder: Path, tmp_path: Path) -> None:
    row = ("chr1", 205, CONTIGS["chr1"][204], "A" if CONTIGS["chr1"][204] != "A" else "C")
    source = _vcf(tmp_path / "in.vcf", [row])
    words = ("--mutagenesis", "chr1:201-230", "--plot", str(tmp_path / "map.svg"))
    assert _score(folder, source, tmp_path / "map.tsv", *words) == 0
    header, *table = _lines(tmp_path / "map.tsv")
    assert len(table) == 3 * 30
    assert [table[0][0], table[0][1], table[-1][1]] == ["chr1", "201", "230"]
    marked = [line for line in table if line[header.index("variants")]]
    assert [(line[1], line[3], line[-1]) for line in marked] == [("205", row[3], "v0")]
    assert _score(folder, source, tmp_path / "out.tsv.vcf") == 0
    info = _info(_lines(tmp_path / "out.tsv.vcf")[0])
    # Batches of other sizes round otherwise in the last digit.
    assert float(marked[0][header.index("logor")]) == pytest.approx(float(info["DNABERT_LOGOR"][0]), rel=2e-5)
    assert "outlined: SNVs of the VCF" in (tmp_path / "map.svg").read_text()


def test_candidates_are_a_table_of_those_that_change_the_answer(folder: Path, tmp_path: Path) -> None:
    source = _vcf(tmp_path / "in.vcf", _random_rows(20))
    words = ("--candidates", str(tmp_path / "c.tsv"), "--set", "candidates.min_change=0.1", "--set", "candidates.min_factor=0")
    assert _score(folder, source, tmp_path / "out.vcf", *words) == 0
    header, *table = _lines(tmp_path / "c.tsv")
    assert table
    for row in table:
        values = dict(zip(header, row, strict=True))
        assert abs(float(values["logor"])) >= 0.1
        assert float(values["attention_ratio"]) > 1
        assert values["region"].startswith(f"{values['chrom']}:")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("IN", "--annotation", "a.gtf"), "say what windows are placed by: --set anchor=splice, or --set anchor=tss"),
        (("IN", "--set", "anchor=tss"), "anchor=tss needs the sites: give a GTF or GFF3 file with --annotation"),
        (("IN", "--plot", "m.png"), "--plot is the map of --mutagenesis"),
        ((), "no variants: give a VCF or BCF file, or a region with --mutagenesis"),
        (("--mutagenesis", "chr1"), "is no region; write contig:start-end"),
        (("--mutagenesis", "chr1:890-901"), "is not within chr1, which has bases 1 to 900"),
        (("--mutagenesis", "chr1:8-9", "--tsv", "t.tsv"), "are for scoring a VCF, and --mutagenesis maps a region"),
        (("--mutagenesis", "chr1:8-9", "--plot", "m.html"), "a figure is written as .png, .svg or .pdf"),
        (("IN", "--zero-shot", "--candidates", "c.tsv"), "--candidates reads the attention of a fine-tuned model"),
        (("IN", "--tsv", "OUT"), "is named for two results"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    source, out = _vcf(tmp_path / "in.vcf", _random_rows(2)), tmp_path / ("map.tsv" if "--mutagenesis" in words else "out.vcf")
    given = [word for word in words if word not in ("IN", "OUT")] + ([str(out)] if "OUT" in words else [])
    assert _score(folder, source if "IN" in words else None, out, *given) == 1
    assert message in capsys.readouterr().err


def test_files_that_cannot_be_used_say_so(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "in.vcf.gz"
    source = _vcf(tmp_path / "in.vcf", _random_rows(2))
    packed.write_bytes(gzip.compress(source.read_bytes()))
    assert _score(folder, packed, tmp_path / "out.vcf") == 1
    assert "is gzip, and VCF must be plain or bgzip" in capsys.readouterr().err
    assert _score(folder, source, tmp_path / "out.txt") == 1
    assert "scored variants are written as .vcf, or as .vcf.gz (bgzip) or .bcf" in capsys.readouterr().err
    assert _score(folder, _vcf(tmp_path / "empty.vcf", []), tmp_path / "out.vcf") == 1
    assert "holds no records" in capsys.readouterr().err
    long = _vcf(tmp_path / "long.vcf", _random_rows(2), WITH_CONTIGS.replace("900", "901"))
    assert _score(folder, long, tmp_path / "out.vcf") == 1
    assert "the files are of different assemblies" in capsys.readouterr().err
    shifted = [(contig, pos - 1, ref, "T" if ref != "T" else "A") for contig, pos, ref, _ in _random_rows(40) if len(ref) == 1]
    assert _score(folder, _vcf(tmp_path / "shifted.vcf", shifted), tmp_path / "out.vcf") == 0
    assert "the file is 0-based, VCF is 1-based; add 1 to POS" in capsys.readouterr().err
    assert _score(folder, _vcf(tmp_path / "far.vcf", [("z", 3, "A", "T")]), tmp_path / "none.vcf") == 0
    assert "no allele was scored (contig_unknown 1)" in capsys.readouterr().err


@pytest.mark.realdata
def test_measured_splice_variants_of_the_mini_genome_are_scored_at_their_sites(folder: Path, tmp_path: Path) -> None:
    source, genome, annotation = (DATA / name for name in ("variants/mfass.lrg.vcf.gz", "human/lrg_hg38.fa.gz", "human/lrg_hg38.gtf.gz"))
    for path in (source, genome, annotation):
        if not path.exists():
            pytest.skip(f"{path} is not here; set DNABERT_DATA to the folder that holds it")
    with gzip.open(source, "rt") as handle:
        lines = [line for line in handle if not line.startswith("##contig")]
    records = [line for line in lines if not line.startswith("#")]
    (tmp_path / "some.vcf").write_text("".join([*(line for line in lines if line.startswith("#")), *records[::60]]))
    words = [
        "variants",
        str(tmp_path / "some.vcf"),
        "--model",
        str(folder / "two"),
        "--genome",
        str(genome),
        "--out",
        str(tmp_path / "o.vcf"),
    ]
    assert command([*words, "--annotation", str(annotation), "--set", "anchor=splice", "--set", "window_bp=120", "--device", "cpu"]) == 0
    found = [_info(line) for line in _lines(tmp_path / "o.vcf")]
    assert len(found) > 30
    assert {reason for info in found for reason in info.get("DNABERT_SKIPPED", [])} <= {"no_site"}
    signals = 0
    windows = [info["DNABERT_WINDOW"][0] for info in found if "DNABERT_WINDOW" in info]
    with pysam.FastaFile(str(genome)) as file:
        for window in windows:
            text = file.fetch(region=window[:-3])
            text = reverse_complement_text(text) if window.endswith("(-)") else text
            signals += text[60:62] == "GT" or text[58:60] == "AG"
    assert signals > 0.9 * len(windows) > 20


def test_a_grid_that_would_lose_the_variant_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = _vcf(tmp_path / "x.vcf", [("chr1", 100, CONTIGS["chr1"][99], "A")])
    assert _score(folder, source, tmp_path / "o.vcf", "--set", f"grid_bp={WINDOW}") == 1
    assert f"grid_bp={WINDOW} moves windows of {WINDOW} bases off their variants" in capsys.readouterr().err
