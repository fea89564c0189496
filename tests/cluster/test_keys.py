"""A finished piece is taken again only by a model with the same weights and the same config.json, on a CPU by as many threads."""

import json
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dnabert.checkpoint import ModelInfo, save_model
from dnabert.cli.jobs.embed import EmbedJob, run_embedding
from dnabert.cli.jobs.scan import run_scan
from dnabert.cli.jobs.variants import run_variants
from dnabert.cli.jobs.variants_plan import VariantJob
from dnabert.device import Machine
from dnabert.infer.embedding.config import EmbedConfig
from dnabert.infer.ensemble import make_ensemble
from dnabert.infer.scan.config import BackgroundConfig, ScanConfig
from dnabert.infer.shards import Shard, ShardStore, Task
from dnabert.infer.variants.config import VariantConfig
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

WINDOW = 24
HEAD = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=300>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"

Keys = Callable[..., list[str]]


class Listing:
    """An engine that only notes the keys of what it should do."""

    assembles = False

    def __init__(self) -> None:
        self.keys: list[str] = []

    def run(self, task: Task[Any], shards: Iterable[Shard[Any]], store: ShardStore) -> Iterator[str]:
        self.keys += [shard.key for shard in shards]
        return iter(())

    def close(self) -> None:
        """Nothing is held."""


class ListingForThreads(Listing):
    """Lists for workers that compute with another number of threads."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads


def _variant_keys(place: Path, model: Path, engine: Listing | None = None) -> list[str]:
    engine = engine or Listing()
    run_variants(VariantJob((str(model),), place / "g.fa", place / "out.vcf", place / "in.vcf", device="cpu"), VariantConfig(), engine)
    return engine.keys


def _scan_keys(place: Path, model: Path, engine: Listing | None = None) -> list[str]:
    engine = engine or Listing()
    config = ScanConfig(stride_bp=10, threshold=0.5, background=BackgroundConfig(windows=0))
    run_scan(place / "g.fa", str(model), place / "out", None, config, device="cpu", dtype="float32", quiet=True, engine=engine)
    return engine.keys


def _embed_keys(place: Path, model: Path, engine: Listing | None = None) -> list[str]:
    engine = engine or Listing()
    run_embedding(EmbedJob(str(place / "in.csv"), str(model), place / "v.npz", device="cpu", dtype="float32"), EmbedConfig(), engine)
    return engine.keys


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets the threads that torch computes with."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    bases = "".join(random.Random(4).choices("ACGT", k=300))
    (tmp_path / "g.fa").write_text(f">chr1\n{bases}\n")
    (tmp_path / "in.csv").write_text(f"id,sequence\none,{bases[:40]}\n")
    (tmp_path / "in.vcf").write_text(HEAD + f"chr1\t150\t.\t{bases[149]}\t{'A' if bases[149] != 'A' else 'C'}\t.\t.\t.\n")
    head = HeadConfig(task="regress", num_outputs=1)
    runs = [tmp_path / f"run{seed}" for seed in (1, 2)]
    for seed, run in enumerate(runs):
        info = ModelInfo(head=head, labels=("level",), window_bp=WINDOW, target_mean=(1.0,), target_scale=(2.0,))
        save_model(run, toy_model(head, toy_config(3), seed), info)
    make_ensemble(runs, tmp_path / "both")
    return tmp_path


def _change(model: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = model / "config.json"
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def _rescale(config: dict[str, Any]) -> None:
    config["dnabert"]["target_scale"] = [3.0]


def _turn(config: dict[str, Any]) -> None:
    config["dnabert"]["stranded"] = False


@pytest.mark.parametrize("keys_of", [_variant_keys, _scan_keys])
@pytest.mark.parametrize("change", [_rescale, _turn])
@pytest.mark.parametrize(("model", "changed"), [("run1", "run1"), ("both", "both/member-1-3mer"), ("both", "both/member-2-3mer")])
def test_a_model_with_other_settings_makes_other_pieces(
    place: Path, keys_of: Keys, change: Callable[[dict[str, Any]], None], model: str, changed: str
) -> None:
    before = keys_of(place, place / model)
    assert before == keys_of(place, place / model)
    _change(place / changed, change)
    assert before
    assert not set(before) & set(keys_of(place, place / model))


@pytest.mark.parametrize("keys_of", [_variant_keys, _scan_keys])
def test_the_number_of_heads_is_no_part_of_the_weights_and_makes_other_pieces(place: Path, keys_of: Keys) -> None:
    before = keys_of(place, place / "run1")
    _change(place / "run1", lambda config: config.update(num_attention_heads=2))
    assert not set(before) & set(keys_of(place, place / "run1"))


@pytest.mark.parametrize("keys_of", [_variant_keys, _scan_keys, _embed_keys])
def test_on_a_cpu_another_number_of_threads_makes_other_pieces(place: Path, keys_of: Keys, threads: Callable[[int], None]) -> None:
    threads(1)
    one = keys_of(place, place / "run1")
    threads(2)
    two = keys_of(place, place / "run1")
    assert one
    assert not set(one) & set(two)
    assert keys_of(place, place / "run1", ListingForThreads(1)) == one
    assert keys_of(place, place / "run1", ListingForThreads(2)) == two


@pytest.mark.parametrize("keys_of", [_variant_keys, _scan_keys, _embed_keys])
def test_on_a_gpu_the_number_of_threads_is_no_matter(
    place: Path, keys_of: Keys, threads: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in ("variants", "scan", "embed"):
        monkeypatch.setattr(f"dnabert.cli.jobs.{verb}.choose_machine", lambda *_: Machine(torch.device("cuda"), torch.float32))
    threads(1)
    one = keys_of(place, place / "run1")
    threads(2)
    assert one
    assert keys_of(place, place / "run1") == one == keys_of(place, place / "run1", ListingForThreads(3))
