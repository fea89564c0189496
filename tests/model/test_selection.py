"""Legend: B batch, T tokens, D width."""

import pytest
import torch
from torch.testing import assert_close

from dnabert.model.config import HeadConfig
from dnabert.model.heads import Dnabert
from dnabert.model.selection import select_first, select_tokens
from tests.toy import toy_config

CPU = torch.device("cpu")


def a_batch() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, 69, (3, 20), generator=torch.Generator().manual_seed(0))
    mask = torch.ones(3, 20, dtype=torch.bool)
    mask[2, 12:] = False
    return ids, mask


def test_tokens_come_in_the_order_asked_for_and_rows_are_filled_with_their_first() -> None:
    positions = torch.tensor([45, 3, 41, 7, 8])  # row 2, row 0, row 2, row 0, row 0
    chosen = select_tokens(positions, 3, 20, CPU)
    assert chosen is not None
    x = torch.arange(60.0).view(3, 20, 1)
    assert chosen.grid.tolist() == [[3, 7, 8], [20, 20, 20], [45, 41, 40]]
    assert chosen.of(x)[:, 0].tolist() == [45, 3, 41, 7, 8]
    assert chosen.without_padding(chosen.padded(x)).equal(chosen.of(x))


def test_positions_may_be_of_any_integer_type() -> None:
    positions = torch.tensor([45, 3, 41])
    wide, narrow = select_tokens(positions, 3, 20, CPU), select_tokens(positions.int(), 3, 20, CPU)
    assert wide is not None
    assert narrow is not None
    assert narrow.grid.equal(wide.grid)


def test_the_first_token_of_each_row_is_a_selection_without_padding() -> None:
    chosen = select_first(3, 20, CPU)
    x = torch.arange(60.0).view(3, 20, 1)
    assert chosen.of(x)[:, 0].tolist() == [0, 20, 40]
    assert chosen.without_padding(chosen.padded(x)).equal(chosen.of(x))


@pytest.mark.parametrize("positions", [torch.arange(11), torch.empty(0, dtype=torch.int64)], ids=["more than half of a row", "none"])
def test_where_nothing_is_saved_there_is_no_selection(positions: torch.Tensor) -> None:
    assert select_tokens(positions, 3, 20, CPU) is None


@pytest.mark.parametrize("gradients", [True, False], ids=["with gradients", "without"])
@pytest.mark.parametrize("padded", [True, False])
def test_masked_logits_and_all_gradients_are_those_of_the_whole_last_block(gradients: bool, padded: bool) -> None:
    torch.manual_seed(1)
    model = Dnabert(toy_config()).eval()
    ids, mask = a_batch()
    positions = torch.tensor([1, 5, 22, 41, 43, 44])
    found, wanted = {}, {}
    for whole, result in ((False, found), (True, wanted)):
        model.zero_grad()
        with torch.set_grad_enabled(gradients):
            output = model(ids, mask if padded else None, positions=positions, return_hidden=whole)
        result["logits"] = output.logits.detach()
        if gradients:
            output.logits.cos().sum().backward()
            result.update({name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None})
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert_close(found[name], value, rtol=1e-5, atol=1e-6, msg=lambda text, name=name: f"{name}: {text}")


@pytest.mark.parametrize("gradients", [True, False], ids=["with gradients", "without"])
@pytest.mark.parametrize("head", [HeadConfig(task="classify"), HeadConfig(task="classify", chunk_pooling="mean")], ids=["plain", "chunks"])
def test_a_classifier_on_cls_says_the_same_without_the_other_tokens(gradients: bool, head: HeadConfig) -> None:
    torch.manual_seed(1)
    model = Dnabert(toy_config(), head).eval()
    ids, mask = a_batch()
    with torch.set_grad_enabled(gradients):
        short, whole = model(ids, mask), model(ids, mask, return_hidden=True)
    assert short.encoder.last_hidden.shape == (3, 32)
    assert whole.encoder.last_hidden.shape == (3, 20, 32)
    assert_close(short.logits, whole.logits, rtol=1e-5, atol=1e-6)
