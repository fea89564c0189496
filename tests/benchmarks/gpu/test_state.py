"""States that travel."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from benchmarks.gpu.state import expand_state, shrink_state
from dnabert.errors import CheckpointError, OutputError
from dnabert.train.config import OptimConfig
from dnabert.train.optim import make_optimizer
from dnabert.train.state import Progress, load_state, save_state


def make_state(path: Path, best: dict[str, Tensor] | None = None) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(40, 60), nn.LayerNorm(60))
    optimizer = make_optimizer(model, OptimConfig())
    for _ in range(3):
        model(torch.randn(8, 40)).pow(2).sum().backward()
        optimizer.step()
    save_state(path, model, optimizer, Progress(step=3), "finger", best)
    return model


def again(tmp_path: Path, budget: int) -> tuple[str, dict[str, Tensor], dict[str, Tensor]]:
    state, portable, back = (tmp_path / name for name in ("state.safetensors", "portable.npz", "back.safetensors"))
    make_state(state)
    form = shrink_state(state, portable, budget)
    assert expand_state(portable, back) == form
    return form, load_file(state), load_file(back)


def test_a_state_that_fits_travels_whole(tmp_path: Path) -> None:
    form, before, after = again(tmp_path, 1 << 20)
    assert form == "whole"
    assert all(torch.equal(before[name], after[name]) for name in {**before, **after})


def test_halved_moments_are_those_of_bfloat16_and_weights_are_exact(tmp_path: Path) -> None:
    form, before, after = again(tmp_path, 24_000)
    assert form == "halved"
    for name, tensor in before.items():
        wanted = tensor.bfloat16().float() if "exp_avg" in name else tensor
        assert torch.equal(after[name], wanted), name


def test_the_compact_form_keeps_sizes_of_gradients_by_row_and_column(tmp_path: Path) -> None:
    form, before, after = again(tmp_path, 9_000)
    assert form == "compact"
    assert torch.equal(after["model.0.weight"], before["model.0.weight"].bfloat16().float())
    assert torch.equal(after["optimizer.0.step"], torch.tensor(3.0))
    assert not after["optimizer.0.exp_avg"].any()
    square, wanted = after["optimizer.0.exp_avg_sq"], before["optimizer.0.exp_avg_sq"]
    assert torch.allclose(square.mean(0), wanted.mean(0))
    assert torch.allclose(square.mean(1), wanted.mean(1))
    assert torch.equal(after["model.1.weight"], before["model.1.weight"])


def test_the_package_goes_on_from_what_came_back(tmp_path: Path) -> None:
    again(tmp_path, 9_000)
    model = nn.Sequential(nn.Linear(40, 60), nn.LayerNorm(60))
    progress, best = load_state(tmp_path / "back.safetensors", model, make_optimizer(model, OptimConfig()), "finger")
    assert (progress.step, best) == (3, None)
    assert {tensor.dtype for tensor in load_file(tmp_path / "back.safetensors").values()} == {torch.float32}


def test_what_cannot_travel_is_refused(tmp_path: Path) -> None:
    make_state(tmp_path / "s.safetensors")
    with pytest.raises(OutputError, match="more than 100 bytes even in its smallest form"):
        shrink_state(tmp_path / "s.safetensors", tmp_path / "p.npz", 100)
    make_state(tmp_path / "t.safetensors", {"0.weight": torch.zeros(1)})
    with pytest.raises(CheckpointError, match="only the state of pre-training travels"):
        shrink_state(tmp_path / "t.safetensors", tmp_path / "p.npz")


def test_a_damaged_portable_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CheckpointError, match="is no portable state, or is damaged"):
        expand_state(tmp_path / "p.npz", tmp_path / "s.safetensors")
