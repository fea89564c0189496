"""The convolutional network beside a model, trained on the model's own rows: `python -m benchmarks.variants.train --model RUN --data DIR`.

Classes, their order and the meaning of the strand are those of the fine-tuned model; the network, its settings and its learning rates are
those of the paper's baselines in benchmarks/quality. The rate, and the epoch, with the best MCC on the validation rows are kept.
"""

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from benchmarks.quality.cells.contestants import NetworkKind
from benchmarks.quality.cells.networks import Network, NetworkConfig, Trained, train_network
from benchmarks.quality.cells.recipes import NETWORK_LEARNING_RATES
from benchmarks.quality.cells.scoring import NETWORK_WEIGHTS
from benchmarks.quality.cells.tasks import drawn_rows
from benchmarks.variants.networks import same_rows
from dnabert.checkpoint import ModelInfo
from dnabert.data.labelled import LabelledSet, inputs_of, read_set
from dnabert.data.targets import make_targets
from dnabert.device import Machine, choose_machine
from dnabert.errors import ConfigError, DataFileError, DnabertError
from dnabert.infer.predictor import Predictor
from dnabert.output import check_free, provenance, start_run, write_bytes, write_json
from dnabert.registry import resolve_model

__all__ = ["main", "train_beside"]

log = logging.getLogger(__name__)

ENDINGS = ("tsv", "csv", "tsv.gz", "csv.gz")


def train_beside(
    model: Path, data: Path, out: Path, kind: NetworkKind, seed: int, machine: Machine, *, rows: int | None = None, force: bool = False
) -> float:
    """Train a network on the rows that a model was trained on, into a folder.

    Args:
        model: The fine-tuned model.
        data: The folder of its tables, train and valid (or dev).
        out: The new folder.
        kind: cnn, or cnn-lstm.
        seed: All randomness comes from it.
        machine: Where to compute.
        rows: A rehearsal: so many rows of either table, two epochs, one learning rate.
        force: Replace what is there.

    Returns:
        Its MCC on the validation rows.

    Raises:
        ConfigError: The model has no classes.
        DataFileError: A table is missing, or has labels that the model does not have.
        OutputError: The place is taken.
    """
    check_free(out, force)
    info = Predictor(model, machine).info
    if info.head.task != "classify":
        raise ConfigError(f"{model}: answers with {info.head.task}; the network is for models of classes")
    classes = info.labels or tuple(map(str, range(info.head.num_outputs)))
    train, valid = (read_set(find_table(data, names), 1) for names in (("train",), ("valid", "dev")))
    inputs = inputs_of([train, valid])
    if rows is not None:
        train, valid = (drawn_rows(table, rows) for table in (train, valid))
    targets = [np.asarray(make_targets(table, "classify", classes).values, np.int64) for table in (train, valid)]
    tried = [_train(train, valid, targets, kind, lr, info, seed, machine, rows) for lr in NETWORK_LEARNING_RATES[: 1 if rows else None]]
    network, ended, config = max(tried, key=lambda each: max(each[1].curve))  # the first of equals
    facts = {
        **provenance(shlex.join(["python", "-m", "benchmarks.variants.train", *sys.argv[1:]]), inputs, seed),
        "model": str(model),
        "config": config.model_dump(mode="json"),
        "classes": list(classes),
        "n_train": len(train),
        "n_valid": len(valid),
        "rehearsal": rows is not None,
    }
    start_run(out, facts, force=force)
    write_json(out / "metrics.json", {f"lr{each.optim.lr:g}": result.model_dump(mode="json") for _, result, each in tried})
    write_bytes(out / NETWORK_WEIGHTS, save(network.state_dict()))
    if same_rows(out, model) is False:
        log.warning("%s: %s was trained on other rows (see the inputs of both run.json); the two do not compare", data, model)
    return max(ended.curve)


def _train(
    train: LabelledSet,
    valid: LabelledSet,
    targets: Sequence[npt.NDArray[np.int64]],
    kind: NetworkKind,
    lr: float,
    info: ModelInfo,
    seed: int,
    machine: Machine,
    rows: int | None,
) -> tuple[Network, Trained, NetworkConfig]:
    config = NetworkConfig.of(kind, lr, info.stranded, seed)
    if rows is not None:
        config = config.model_copy(update={"epochs": 2})
    network, ended = train_network(train, targets[0], valid, targets[1], info.head.num_outputs, config, machine)
    log.info("learning rate %g: MCC %.4f on %d validation rows", lr, max(ended.curve), len(valid))
    return network, ended, config


def find_table(folder: Path, names: Sequence[str]) -> Path:
    """The first table of a split.

    Raises:
        DataFileError: There is none.
    """
    for name in names:
        for ending in ENDINGS:
            if (folder / f"{name}.{ending}").is_file():
                return folder / f"{name}.{ending}"
    raise DataFileError(f"{folder}: has no {' or '.join(names)} table (.tsv or .csv); give the folder of the data set with --data")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.variants.train", description="The convolutional network beside a model.")
    parser.add_argument("--model", required=True, help="the fine-tuned model whose windows the network is to read")
    parser.add_argument("--data", type=Path, required=True, help="the folder of its tables: train, and valid or dev")
    parser.add_argument("--out", type=Path, required=True, help="the new folder, for --splice-cnn or --promoter-cnn")
    parser.add_argument("--kind", choices=("cnn", "cnn-lstm"), default="cnn")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, help="threads of torch")
    parser.add_argument("--rehearse", type=int, metavar="ROWS", help="so many rows of either table, two epochs")
    parser.add_argument("--force", action="store_true", help="replace what is there")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr, force=True)
    log.setLevel(logging.INFO)
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        machine = choose_machine(options.device, "float32")
        model = resolve_model(options.model)
        kind: NetworkKind = options.kind
        train_beside(model, options.data, options.out, kind, options.seed, machine, rows=options.rehearse, force=options.force)
    except DnabertError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
