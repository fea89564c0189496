"""Losses against torch's own, and weights worked by hand."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from dnabert.data.targets import Targets
from dnabert.train.losses import class_weights, target_weight, task_loss


def test_classes_use_weighted_cross_entropy() -> None:
    logits, targets = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 2, 0])
    weights = torch.tensor([1.0, 2.0, 0.5])
    mean = task_loss("classify", logits, targets, weights) / target_weight("classify", targets, weights)
    assert mean.item() == pytest.approx(F.cross_entropy(logits, targets, weight=weights).item(), rel=1e-6)


def test_token_loss_ignores_padding() -> None:
    logits = torch.randn(2, 4, 2, generator=torch.Generator().manual_seed(1))
    targets = torch.tensor([[0, 1, 1, -100], [1, -100, -100, -100]])
    mean = task_loss("token", logits, targets) / target_weight("token", targets)
    rows = torch.stack([logits[0, 0], logits[0, 1], logits[0, 2], logits[1, 0]])
    assert mean.item() == pytest.approx(F.cross_entropy(rows, torch.tensor([0, 1, 1, 1])).item(), rel=1e-6)


def test_labels_and_values_are_averaged_over_all_outputs() -> None:
    logits = torch.tensor([[0.0, 2.0]])
    assert (task_loss("regress", logits, torch.tensor([[1.0, 0.0]])) / target_weight("regress", logits)).item() == pytest.approx(2.5)
    expected = (np.log(2) + np.log1p(np.exp(-2.0))) / 2
    found = task_loss("multilabel", logits, torch.tensor([[1.0, 1.0]])) / target_weight("multilabel", logits)
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_balanced_weights_are_inverse_to_counts() -> None:
    weights = class_weights("classify", Targets(np.array([0, 0, 0, 1])), 2)
    assert weights is not None
    assert weights.tolist() == pytest.approx([4 / 6, 2.0])
    labels = class_weights("multilabel", Targets(np.array([[1, 0], [0, 0], [0, 0], [0, 1]], dtype=np.float32)), 2)
    assert labels is not None
    assert labels.tolist() == pytest.approx([3.0, 3.0])
    assert class_weights("regress", Targets(np.zeros((2, 1), np.float32)), 1) is None
