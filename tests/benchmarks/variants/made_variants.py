"""A made-up data folder of two contigs with genes on both strands, models and networks that were trained on nothing."""

import json
import random
from pathlib import Path

import pysam
from safetensors.torch import save_file

from benchmarks.quality.cells.networks import Network, NetworkConfig
from benchmarks.quality.cells.scoring import NETWORK_WEIGHTS
from dnabert.checkpoint import ModelInfo, save_model
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model

WINDOW = 24
SPLICE_CLASSES = ("donor", "acceptor", "none")
_RNG = random.Random(8)
CONTIGS = {name: "".join(_RNG.choices("ACGT", k=900)) for name in ("c1", "c2")}
SITES = (200, 300, 600, 700)
"""Exons are 101-200, 301-600 and 701-800 (1-based), on + in c1 and on - in c2."""


def substitute(contig: str, position: int) -> tuple[str, str]:
    """The base at a 0-based position, and another one."""
    base = CONTIGS[contig][position]
    return base, next(other for other in "ACGT" if other != base)


def _packed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pysam.BGZFile(str(path), "w", None) as handle:
        handle.write(text.encode())


def _vcf(path: Path, rows: list[tuple[str, int, str]]) -> None:
    lines = ["\t".join([contig, str(at + 1), ".", *substitute(contig, at), ".", ".", info]) + "\n" for contig, at, info in rows]
    _packed(path, "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(lines))


def make_data(folder: Path) -> Path:
    """human/ and variants/ as the benchmark reads them."""
    rng = random.Random(9)
    _packed(folder / "human/lrg_hg38.fa.gz", "".join(f">{name}\n{bases}\n" for name, bases in CONTIGS.items()))
    exons = "".join(
        f'{contig}\tx\texon\t{first}\t{last}\t.\t{strand}\t.\tgene_id "{contig}"; transcript_id "{contig}";\n'
        for contig, strand in zip(CONTIGS, "+-", strict=True)
        for first, last in ((101, 200), (301, 600), (701, 800))
    )
    _packed(folder / "human/lrg_hg38.gtf.gz", exons)
    (folder / "human/lrg_hg38.contigs.tsv").write_text("contig\tsplit\nc1\ttrain\nc2\ttest\n")
    near = [(contig, site + shift) for contig in CONTIGS for site in SITES for shift in (-6, -3, 3, 6)]
    splice, leader = "MC=SO:0001627|intron_variant", "MC=SO:0001623|5_prime_UTR_variant"
    clinvar = [(*place, f"CLNSIG={_significance(number // 8)};{splice}") for number, place in enumerate(near)]
    clinvar += [("c1", at, f"CLNSIG={_significance(at)};{leader}") for at in range(410, 430)]
    _vcf(folder / "variants/clinvar.lrg.vcf.gz", clinvar)
    mfass = [("c2", at, f"DPSI={rng.uniform(-1, 0):.3f}" + ";STRONG_LOF" * (at % 2)) for _, at in near[:16]]
    _vcf(folder / "variants/mfass.lrg.vcf.gz", mfass)
    _vcf(folder / "variants/kircher_mpra.lrg.vcf.gz", [("c1", at, f"ELEMENT=E;COEF={rng.gauss(0, 1):.3f}") for at in range(500, 520)])
    return folder


def _significance(number: int) -> str:
    return "Pathogenic" if number % 2 else "Benign"


def save_run(folder: Path, classes: tuple[str, ...], *, stranded: bool = True, seed: int = 1, inputs: dict[str, str] | None = None) -> Path:
    """A toy model of classes, with a run.json if its inputs are given."""
    head = HeadConfig(task="classify", num_outputs=len(classes))
    run = folder / f"model-{len(classes)}-{stranded}-{seed}"
    save_model(run, toy_model(head, toy_config(3), seed), ModelInfo(head=head, labels=classes, stranded=stranded, window_bp=WINDOW))
    if inputs is not None:
        (run / "run.json").write_text(json.dumps({"inputs": inputs}))
    return run


def save_network(folder: Path, classes: tuple[str, ...], *, stranded: bool = True) -> Path:
    """A network with random weights, as training leaves it."""
    run = folder / f"network-{len(classes)}"
    run.mkdir()
    config = NetworkConfig.of("cnn", 1e-3, stranded, 1).model_copy(update={"filters": 8, "width": 5})
    save_file(Network(config, len(classes)).state_dict(), run / NETWORK_WEIGHTS)
    (run / "run.json").write_text(json.dumps({"config": config.model_dump(mode="json"), "classes": classes, "inputs": {}}))
    return run
