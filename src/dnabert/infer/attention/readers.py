"""Models whose attention is read: fine-tuned ones and ensembles of them, and pre-trained ones, which have no task."""

from pathlib import Path

from dnabert.checkpoint import load_model
from dnabert.device import Machine
from dnabert.infer.predictor import ENSEMBLE_FILE, Predictor

__all__ = ["AttentionReader"]


class AttentionReader(Predictor):
    """A predictor that may be of a pre-trained model: then it has attention, and no answers.

    Args:
        directory: A run directory, a model in the published layout, or an ensemble.
        machine: Where to compute.

    Raises:
        CheckpointError: A model cannot be read.
    """

    def __init__(self, directory: Path, machine: Machine) -> None:
        if (directory / ENSEMBLE_FILE).is_file():
            super().__init__(directory, machine)
            return
        member = load_model(directory)
        self.machine, self.members, self.info, self.sha256 = machine, [member], member.info, member.sha256

    @property
    def is_pretrained(self) -> bool:
        """Whether the model has no task."""
        return self.info.head.task == "masked_lm"
