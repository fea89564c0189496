import numpy as np
import pytest
import torch
from torch import nn

from dnabert.device import Machine, autocast, choose_machine, inference, seed_of, seeded
from dnabert.errors import ConfigError
from tests.toy import toy_model

CPU = Machine(torch.device("cpu"), torch.float32)
BFLOAT16 = Machine(torch.device("cpu"), torch.bfloat16)


def test_seeds_are_these_numbers_on_every_machine() -> None:
    assert seed_of(0) == 2631537505891389924
    assert seed_of(1, "mask", 7) == 5649727430240807518
    assert seed_of("validation") == 4596651946244599661


def test_seeds_fit_63_bits_and_differ_with_every_part() -> None:
    seeds = {seed_of(*parts) for parts in [(1,), ("1",), (1, 1), (11,), ("1", 1), (1, "mask"), ("mask", 1), (), ("",), (-1,)]}
    assert len(seeds) == 10
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_numpy_integer_gives_the_seed_of_its_value() -> None:
    assert seed_of(np.int64(7), "mask") == seed_of(7, "mask")  # type: ignore[arg-type]


def test_a_seeded_generator_repeats_itself() -> None:
    draws = [torch.rand(3, generator=seeded(1, "x")) for _ in range(2)]
    assert draws[0].equal(draws[1])
    assert not torch.rand(3, generator=seeded(2, "x")).equal(draws[0])


def test_cuda_without_a_gpu_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device is cuda, but this machine has no usable GPU: use --device cpu or auto"):
        choose_machine("cuda")
    assert choose_machine("auto").device.type == "cpu"


def test_the_number_type_is_the_asked_one_or_what_the_hardware_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_machine("cpu", "float32").dtype == torch.float32
    assert choose_machine("cpu", "bfloat16").dtype == torch.bfloat16
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    for is_there, dtype in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda is_there=is_there: is_there)
        assert choose_machine("cpu").dtype == dtype


def test_a_gpu_is_taken_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: True)
    assert choose_machine() == choose_machine("cuda") == Machine(torch.device("cuda"), torch.bfloat16)
    assert choose_machine("cpu", "float32") == CPU


def test_autocast_multiplies_in_the_machines_number_type() -> None:
    layer = nn.Linear(3, 3)
    for machine in (CPU, BFLOAT16):
        with autocast(machine):
            assert layer(torch.ones(1, 3)).dtype == machine.dtype
        assert layer(torch.ones(1, 3)).dtype == torch.float32


@pytest.mark.parametrize("raises", [False, True])
def test_inference_gives_the_model_back_as_it_was(raises: bool) -> None:
    model = toy_model().train()
    model.encoder.eval()
    before = {name: (tensor.clone(), tensor.requires_grad) for name, tensor in model.named_parameters()}
    modes = [part.training for part in model.modules()]
    assert True in modes
    assert False in modes
    try:
        with inference(model, BFLOAT16) as ready:
            assert ready is model
            assert not any(part.training for part in model.modules())
            assert not torch.is_grad_enabled()
            assert torch.is_autocast_enabled("cpu")
            if raises:
                raise KeyError("inside")
    except KeyError:
        assert raises
    assert [part.training for part in model.modules()] == modes
    assert torch.is_grad_enabled()
    assert not torch.is_autocast_enabled("cpu")
    for name, tensor in model.named_parameters():
        assert tensor.equal(before[name][0])
        assert tensor.requires_grad == before[name][1]
        assert tensor.device.type == "cpu"
        assert not tensor.is_inference()


def test_a_model_that_does_not_fit_the_device_is_given_back_in_its_mode() -> None:
    model = toy_model().train()

    def refuse(*_: object) -> nn.Module:
        raise torch.OutOfMemoryError("full")

    model.to = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(torch.OutOfMemoryError), inference(model, CPU):
        pass
    assert model.training


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_inference_on_the_gpu_brings_the_model_home() -> None:
    model = toy_model()
    weights = model.encoder.embeddings.word.weight.detach().clone()
    with inference(model, choose_machine("cuda")):
        assert model.encoder.embeddings.word.weight.is_cuda
    assert model.encoder.embeddings.word.weight.equal(weights)
