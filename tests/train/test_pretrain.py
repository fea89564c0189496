"""Pre-training learns what the genome holds, and keeps held-out contigs out."""

import json
from pathlib import Path

import pytest
import torch

from dnabert.checkpoint import load_model
from dnabert.data.corpus import Corpus
from dnabert.data.genome import build_genome
from dnabert.device import choose_machine
from dnabert.errors import ConfigError, DataFileError
from dnabert.model.heads import Dnabert
from dnabert.settings import validate_settings
from dnabert.train.config import PretrainConfig
from dnabert.train.pretrain import PretrainJob, pretrain, split_contigs

TOY = {"kmer": 3, "num_layers": 1, "hidden_size": 8, "num_heads": 2, "intermediate_size": 8}
UNIT = "ACGTTGCAGGATC"


def _genome(path: Path, num_contigs: int = 6, repeats: int = 400) -> Path:
    path.write_text("".join(f">c{number}\n{(UNIT * repeats)[number % 13 :]}\n" for number in range(num_contigs)))
    return path


def test_hidden_bases_that_can_be_known_are_learned(tmp_path: Path) -> None:
    """Every window is the same sequence, so that its place tells every hidden base; context takes longer to learn than a test may last."""
    model = {"kmer": 3, "num_layers": 2, "hidden_size": 32, "num_heads": 4, "intermediate_size": 64}
    config = PretrainConfig.model_validate(
        {
            "model": {**model, "hidden_dropout": 0, "attention_dropout": 0},
            "corpus": {"max_tokens": 37, "full_probability": 1, "sampling_rate": 0, "both_strands": False},
            "optim": {"lr": 5e-3},
            "steps": 150,
            "batch_size": 16,
            "valid_fraction": 0.2,
            "eval_every": 150,
        }
    )
    genome = tmp_path / "g.fa"
    genome.write_text("".join(f">c{number}\n{UNIT * 3}\n" for number in range(60)))
    result = pretrain([genome], tmp_path / "run", config, choose_machine("cpu", "float32"), cache=tmp_path / "cache", quiet=True)
    assert (result.figures["hidden_base_accuracy"] or 0) > 0.95
    assert (result.figures["masked_accuracy"] or 0) > 0.95
    assert (result.figures["perplexity"] or 99) < 1.5


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3, 0.7])
def test_held_out_share_is_what_was_asked(tmp_path: Path, fraction: float) -> None:
    store = build_genome([_genome(tmp_path / "g.fa", num_contigs=100, repeats=5)], tmp_path / "cache")
    train, valid = split_contigs(store, fraction)
    assert abs(sum(contig.length for contig in valid) / len(store.codes) - fraction) < 0.02
    assert {contig.name for contig in train}.isdisjoint(contig.name for contig in valid)


def test_genome_of_one_contig_holds_out_its_end(tmp_path: Path) -> None:
    store = build_genome([_genome(tmp_path / "g.fa", num_contigs=1)], tmp_path / "cache")
    (train,), (valid,) = split_contigs(store, 0.1)
    assert (train.start, train.length + valid.length) == (0, len(store.codes))
    assert valid.start == train.length == round(0.9 * len(store.codes))


def test_split_decides_and_must_name_a_training_contig(tmp_path: Path) -> None:
    store = build_genome([_genome(tmp_path / "g.fa", num_contigs=3)], tmp_path / "cache")
    train, valid = split_contigs(store, 0.5, {"c0": "train", "c1": "valid", "c2": "test"})
    assert [contig.name for contig in train] == ["c0"]
    assert [contig.name for contig in valid] == ["c1"]
    with pytest.raises(DataFileError, match="the split names no contig of this genome as train"):
        split_contigs(store, 0.5, {"chr1": "train"})


def test_short_pieces_begin_at_positions_all_over_the_model_and_whole_windows_at_the_first(tmp_path: Path) -> None:
    law = {"full_probability": 1.0, "max_tokens": 60, "short_share": 0.5, "short_tokens": 20, "shift_positions": True}
    config = PretrainConfig.model_validate({"model": {**TOY, "max_positions": 64}, "corpus": law, "steps": 100, "batch_size": 8})
    store = build_genome([_genome(tmp_path / "g.fa")], tmp_path / "cache")
    corpus = Corpus(store, store.contigs, 3, config.corpus, 1)
    job = PretrainJob(Dnabert(config.model), corpus, None, config, choose_machine("cpu", "float32"))
    short = [piece for step in range(50) for piece in job.batches(step)]
    assert {piece.first_position for step in range(50, 60) for piece in job.batches(step)} == {0}
    ends = [piece.first_position + piece.ids.shape[1] for piece in short]
    assert min(piece.first_position for piece in short) < 8
    assert 56 < max(ends) <= 64
    assert len(set(ends)) > 15
    with torch.no_grad():
        for piece in short[:3]:
            assert torch.isfinite(job.loss(piece, [piece]))


def test_dropout_of_the_run_is_not_that_of_the_saved_model(tmp_path: Path) -> None:
    settings = {"model": TOY, "corpus": {"max_tokens": 30}, "steps": 2, "batch_size": 4, "dropout": 0.0}
    config = PretrainConfig.model_validate(settings)
    machine = choose_machine("cpu", "float32")
    pretrain([_genome(tmp_path / "g.fa")], tmp_path / "run", config, machine, cache=tmp_path / "cache", quiet=True)
    saved = load_model(tmp_path / "run").model
    assert (saved.config.hidden_dropout, saved.config.attention_dropout) == (0.1, 0.1)
    ids = torch.randint(5, 69, (2, 12), generator=torch.Generator().manual_seed(0))
    saved.train()
    assert not torch.equal(saved(ids).logits, saved(ids).logits)
    saved.set_dropout(0.0)
    assert torch.equal(saved(ids).logits, saved(ids).logits)
    saved.eval()
    before = saved(ids).logits
    saved.set_dropout(0.5)
    assert torch.equal(saved(ids).logits, before)


def test_a_second_course_says_what_the_first_had_read(tmp_path: Path) -> None:
    settings = {"model": TOY, "corpus": {"max_tokens": 30}, "steps": 2, "batch_size": 4}
    genome, machine = [_genome(tmp_path / "g.fa")], choose_machine("cpu", "float32")
    before: Path | None = None
    counts = []
    for course in ("one", "two", "three"):
        config = PretrainConfig.model_validate({**settings, "seed": len(course)})
        run = tmp_path / course
        pretrain(genome, run, config, machine, start_from=before, cache=tmp_path / "cache", quiet=True)
        counts.append(json.loads((run / "metrics.json").read_text()))
        before = run
    assert counts[0]["earlier_tokens"] is None
    assert counts[1]["earlier_tokens"] == counts[0]["tokens"] > 0
    assert counts[2]["earlier_tokens"] == counts[0]["tokens"] + counts[1]["tokens"]
    said = load_model(tmp_path / "three").info.trained_on
    assert said.count("2 steps") == 3
    assert "; before that on " in said


def test_the_first_share_of_the_steps_reads_the_same_windows_in_short_pieces(tmp_path: Path) -> None:
    store = build_genome([_genome(tmp_path / "g.fa")], tmp_path / "cache")
    law = {"full_probability": 1.0, "max_tokens": 60, "short_share": 0.5, "short_tokens": 20}
    config = validate_settings(PretrainConfig, {"model": TOY, "corpus": law, "steps": 4, "batch_size": 8}, "settings")
    job = PretrainJob(Dnabert(config.model), Corpus(store, store.contigs, 3, config.corpus, 1), None, config, choose_machine("cpu"))
    sizes = [[tuple(piece.ids.shape) for piece in job.batches(step)] for step in range(4)]
    pieces = 3  # of 62 bases: 22, 22 and 18, that is 20, 20 and 16 k-mers and two special tokens
    assert [sum(rows for rows, _ in step) for step in sizes] == [8 * pieces, 8 * pieces, 8, 8]
    assert [max(tokens for _, tokens in step) for step in sizes] == [22, 22, 62, 62]
    assert job.count_tokens() == 2 * 8 * (20 + 20 + 16) + 2 * 8 * 60


def test_windows_longer_than_the_positions_are_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match=r"corpus\.max_tokens 510 and two special tokens exceed model\.max_positions 100"):
        validate_settings(PretrainConfig, {"model": {"max_positions": 100}}, "settings")
