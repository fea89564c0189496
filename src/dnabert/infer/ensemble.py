"""Several fine-tuned runs as one model directory."""

import shutil
from pathlib import Path

from dnabert.checkpoint import weights_file
from dnabert.infer.predictor import ENSEMBLE_FILE, check_same_task, load_member
from dnabert.output import new_directory, write_json
from dnabert.tokenizer_json import tokenizer_files

__all__ = ["make_ensemble"]


def make_ensemble(runs: list[Path], out: Path, force: bool = False) -> None:
    """Copy the models of ``runs`` into one directory that can be used wherever a model can.

    Args:
        runs: Run directories with the same task and classes; any k.
        out: The new directory.
        force: Allow replacing what is there.

    Raises:
        CheckpointError: A run cannot be read.
        ConfigError: The runs answer different questions.
        OutputError: The place is taken or cannot be written.
    """
    members = [load_member(run) for run in runs]
    check_same_task(members)
    names = []
    with new_directory(out, force) as directory:
        for number, member in enumerate(members):
            kmer = member.model.config.kmer
            name = f"member-{number + 1}-{kmer}mer"
            (directory / name).mkdir()
            weights = weights_file(member.directory)
            for file in (weights.name, "config.json"):
                shutil.copyfile(member.directory / file, directory / name / file)
            for file, content in tokenizer_files(kmer).items():
                (directory / name / file).write_text(content, encoding="utf-8")
            names.append(name)
        write_json(directory / ENSEMBLE_FILE, {"members": names, "sources": [str(run) for run in runs]})
