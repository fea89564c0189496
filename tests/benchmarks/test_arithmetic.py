"""Operations counted by formula are those that torch counts."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.cases.common.arithmetic import encoder_flops, masked_head_flops, matmul_seconds, training_flops
from dnabert.model.config import ModelConfig
from dnabert.model.heads import Dnabert
from tests.toy import toy_config


def test_operations_of_one_layer_worked_by_hand() -> None:
    config = ModelConfig(kmer=3, num_layers=1, hidden_size=4, num_heads=1, intermediate_size=8)
    # 2 rows of 3 tokens: 4 D^2 + 2 D F = 128 multiplications a token, T D twice for attention = 24 a token; two operations each
    assert encoder_flops(config, 2, 3) == 2 * 6 * (128 + 24)
    assert masked_head_flops(config, 5) == 2 * 5 * (16 + 4 * 69)


def test_the_formula_counts_what_torch_counts() -> None:
    config = toy_config().model_copy(update={"hidden_dropout": 0.0, "attention_dropout": 0.0})
    model = Dnabert(config)
    ids = torch.randint(5, config.vocab_size, (2, 16), generator=torch.Generator().manual_seed(0))
    for positions in (torch.tensor([1, 5, 17, 20]), torch.arange(32)):  # as many in each row: none is computed in vain
        with FlopCounterMode(display=False) as counter:
            model(ids, positions=positions)
        read = len(positions)
        assert counter.get_total_flops() == encoder_flops(config, 2, 16, read) + masked_head_flops(config, read)
    assert encoder_flops(config, 2, 16, 32) == encoder_flops(config, 2, 16)


def test_a_training_step_is_three_times_forward() -> None:
    config = toy_config().model_copy(update={"hidden_dropout": 0.0, "attention_dropout": 0.0})
    model = Dnabert(config)
    ids = torch.randint(5, config.vocab_size, (2, 16), generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter:
        model(ids).logits.sum().backward()
    assert counter.get_total_flops() == training_flops(encoder_flops(config, 2, 16) + masked_head_flops(config, 32))


def test_the_rate_of_products_is_measured() -> None:
    assert matmul_seconds(torch.float32, 64) > 0
