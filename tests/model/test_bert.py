"""Legend: B batch, T tokens, D width."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from dnabert.errors import SequenceError
from dnabert.model.bert import Block, initialise
from dnabert.model.config import HeadConfig
from tests.toy import toy_config, toy_model


def some_ids(*lengths: int) -> tuple[Tensor, Tensor]:
    """Ids and mask of rows of these lengths."""
    ids = torch.randint(5, 69, (len(lengths), max(lengths)), generator=torch.Generator().manual_seed(0))
    ids[:, 0] = 2
    for row, length in enumerate(lengths):
        ids[row, length - 1] = 3
        ids[row, length:] = 0
    return ids, ids != 0


def test_a_sequence_is_read_the_same_whatever_it_is_padded_with() -> None:
    model = toy_model()
    ids, mask = some_ids(20, 9)
    with torch.no_grad():
        together = model.encoder(ids, mask).last_hidden
        alone = model.encoder(ids[1:, :9]).last_hidden
        ids[1, 9:] = 17
        rubbish = model.encoder(ids, mask).last_hidden
    assert_close(together[1, :9], alone[0], rtol=0, atol=1e-5)
    assert rubbish[1, :9].equal(together[1, :9])


def test_more_tokens_than_positions_are_an_error_that_says_what_to_do() -> None:
    model = toy_model(config=toy_config(max_positions=8))
    model(some_ids(8)[0])
    with pytest.raises(SequenceError, match="9 tokens exceed the model's 8 positions: cut the sequence, or fine-tune with chunk_pooling"):
        model(some_ids(9)[0])


def test_absent_token_types_are_all_zero() -> None:
    model = toy_model()
    ids, mask = some_ids(12, 7)
    with torch.no_grad():
        zeros = model(ids, mask, torch.zeros_like(ids)).logits
        ones = model(ids, mask, torch.ones_like(ids)).logits
        assert_close(model(ids, mask).logits, zeros)
    assert not ones.allclose(zeros, atol=1e-2)


def test_nothing_is_kept_that_was_not_asked_for() -> None:
    model = toy_model()
    ids, _ = some_ids(6)
    plain = model.encoder(ids)
    assert plain.hidden_states is None
    assert plain.attentions is None
    full = model.encoder(ids, return_hidden=True, return_attentions=True)
    assert [tuple(states.shape) for states in full.hidden_states or ()] == [(1, 6, 32)] * 3
    assert [tuple(weights.shape) for weights in full.attentions or ()] == [(1, 4, 6, 6)] * 2
    assert full.hidden_states is not None
    assert full.hidden_states[-1] is full.last_hidden


def test_training_is_repeated_exactly_from_the_seed() -> None:
    ids, mask = some_ids(20, 9, 14)

    def loss_and_gradient(seed: int) -> tuple[Tensor, Tensor]:
        model = toy_model(HeadConfig(task="classify")).train()
        torch.manual_seed(seed)
        loss = model(ids, mask).logits.square().sum()
        loss.backward()
        gradient = model.encoder.embeddings.word.weight.grad
        assert gradient is not None
        return loss.detach(), gradient

    first, again, other = loss_and_gradient(7), loss_and_gradient(7), loss_and_gradient(8)
    assert first[0].equal(again[0])
    assert first[1].equal(again[1])
    assert not first[0].equal(other[0])


@pytest.mark.parametrize("grad", [False, True])
def test_bfloat16_autocast_stays_close_to_float32(grad: bool, device: torch.device) -> None:
    head = HeadConfig(task="classify", num_outputs=8)
    model = toy_model(head).to(device)
    ids, mask = (tensor.to(device) for tensor in some_ids(40, 25, 33))
    with torch.set_grad_enabled(grad):
        wanted = model(ids, mask)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            found = model(ids, mask)
    for mine, exact in ((found.encoder.last_hidden, wanted.encoder.last_hidden), (found.logits, wanted.logits)):
        assert ((mine - exact).norm() / exact.norm()).item() < 3e-2


def test_fresh_weights_are_those_of_bert() -> None:
    torch.manual_seed(0)
    block = Block(toy_config())
    initialise(block, 0.02)
    assert block.expand.weight.std().item() == pytest.approx(0.02, rel=0.1)
    assert (block.expand.bias == 0).all()
    assert (block.output_norm.weight == 1).all()
    assert (block.output_norm.bias == 0).all()


@pytest.mark.parametrize("with_gradients", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_row_of_padding_only_is_no_nan_and_spoils_no_gradient(with_gradients: bool, dtype: torch.dtype) -> None:
    model = toy_model(HeadConfig(task="classify"))
    ids = torch.randint(5, 69, (3, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones(3, 9, dtype=torch.bool)
    mask[1] = False
    with torch.set_grad_enabled(with_gradients), torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        logits = model(ids, mask).logits
    assert logits.isfinite().all()
    if with_gradients:
        logits[[0, 2]].sum().backward()
        assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())


def test_a_later_first_position_takes_the_later_positions_and_may_not_pass_their_end() -> None:
    model, rolled = (toy_model(config=toy_config(max_positions=12)) for _ in range(2))
    rolled.load_state_dict(model.state_dict())
    ids = some_ids(7)[0]
    with torch.no_grad():
        rolled.encoder.embeddings.position.weight.copy_(model.encoder.embeddings.position.weight.roll(-5, 0))
        later = model.encoder(ids, first_position=5).last_hidden
        assert later.equal(rolled.encoder(ids).last_hidden)
        assert not torch.allclose(later, model.encoder(ids).last_hidden)
    with pytest.raises(SequenceError, match="13 tokens exceed the model's 12 positions"):
        model(ids, first_position=6)
