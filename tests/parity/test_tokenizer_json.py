"""The tokenizer files against our tokenizer, through ``transformers`` and ``tokenizers``; and the vocabulary against the published one."""

import hashlib
import json
import random
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from dnabert.dna.kmers import kmer_ids
from dnabert.dna.sequence import encode_bases
from dnabert.tokenizer import KmerTokenizer
from dnabert.tokenizer_json import tokenizer_files

# The published vocabularies of k = 3..6, every line ended by a newline (those published for 3, 4 and 5 lack the last one).
VOCABULARY_SHA256 = {
    1: "d34d66f0b2159272241a17bbb0741a416df79a7ff72e94bd2897c3c6ad7338a3",
    2: "80b8f4878e6025073998615cd62d022f8c53f22e7e25e1da1933de58aaff2024",
    3: "2b32fac2e2451a372dacc78c6953827052b8fdc70d9d7d3be7bc96016ae855f9",
    4: "cbe4efeb5db2d70beca1ed612c2b9ef1ab9e762531c12bbed3f21c1dddea8f2e",
    5: "cb26cec621b5f135b11b043d52dff6d0366dc8ca290bafbab75fe38826055e9d",
    6: "d8f61c247fc10f9b8c7f6baf4d31876f30076d4aaf9f31ff47b9e68badd62e61",
    7: "b0f68a7f9c1a605f7de8f699780c5aac6ba98f127d39e2e19159e982c33607ea",
    8: "f04c9831ed04e7eab4fb75966d8bb1dcc5904b6db28bf93a6862c0e114890354",
}
# 10,000 strings for the published k, fewer for the others.
STRINGS = {1: 300, 2: 300, 3: 2500, 4: 2500, 5: 2500, 6: 2500, 8: 150}
LETTERS, WEIGHTS = "ACGTacgtNnUuRYSWKMBDHVry", [9] * 8 + [2, 1, 1, 1] + [0.3] * 12


def random_strings(count: int, seed: int) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(LETTERS, WEIGHTS, k=source.randrange(90))) for _ in range(count)]


def our_ids(text: str, kmer: int) -> list[int]:
    ids: list[int] = kmer_ids(encode_bases(text), kmer).tolist()
    return [2, *ids, 3]


def spaced(text: str, kmer: int) -> str:
    return " ".join(text[start : start + kmer] for start in range(len(text) - kmer + 1))


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def load(kmer: int) -> Any:
        for name, content in tokenizer_files(kmer).items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        # As in a directory of ours; the model type must not lead to the word-piece tokenizer of BERT.
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
        return AutoTokenizer.from_pretrained(tmp_path, trust_remote_code=False)

    return load


@pytest.mark.parametrize("kmer", range(1, 9))
def test_the_vocabulary_file_is_the_published_one_line_for_line(kmer: int) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *map("".join, product("ATCG", repeat=kmer))]
    content = "".join(f"{word}\n" for word in words)
    assert hashlib.sha256(content.encode()).hexdigest() == VOCABULARY_SHA256[kmer]
    assert tokenizer_files(kmer)["vocab.txt"] == content


@pytest.mark.parametrize("kmer", STRINGS)
def test_ids_of_raw_dna_and_of_spaced_kmers_equal_ours(kmer: int, load: Any) -> None:
    texts = random_strings(STRINGS[kmer], seed=kmer)
    expected = [our_ids(text, kmer) for text in texts]
    tokenizer = load(kmer)
    assert tokenizer(texts)["input_ids"] == expected
    assert tokenizer([spaced(text, kmer) for text in texts])["input_ids"] == expected
    assert expected[:20] == [KmerTokenizer(kmer).encode(text).ids.tolist() if len(text) >= kmer else [2, 3] for text in texts[:20]]


@pytest.mark.parametrize("kmer", [1, 3, 6])
def test_ids_through_the_tokenizers_package_alone_equal_ours(kmer: int) -> None:
    tokenizer = Tokenizer.from_str(tokenizer_files(kmer)["tokenizer.json"])
    texts = random_strings(300, seed=40 + kmer)
    assert [encoding.ids for encoding in tokenizer.encode_batch(texts)] == [our_ids(text, kmer) for text in texts]


def test_a_pair_has_our_ids_and_token_types(load: Any) -> None:
    tokenizer, ours = load(4), KmerTokenizer(4)
    texts = [text for text in random_strings(200, seed=7) if len(text) >= 4]
    for first, second in zip(texts[::2], texts[1::2], strict=False):
        encoding, expected = tokenizer(first, second), ours.encode(first, second)
        assert encoding["input_ids"] == expected.ids.tolist()
        assert encoding["token_type_ids"] == expected.token_types.tolist()


@pytest.mark.parametrize("lengths", [(600, 0), (600, 700), (700, 600), (600, 600), (40, 600), (600, 40), (257, 257), (258, 257)])
def test_truncation_to_512_positions_keeps_the_same_tokens(lengths: tuple[int, int], load: Any) -> None:
    source = random.Random(5)
    first, second = ("".join(source.choices("ACGT", k=length)) for length in lengths)
    encoding = load(6)(first, second or None, truncation=True)
    assert encoding["input_ids"] == KmerTokenizer(6).encode(first, second or None).ids.tolist()
    assert len(encoding["input_ids"]) <= 512


def test_special_tokens_and_limits_are_ours(load: Any) -> None:
    tokenizer = load(3)
    assert tokenizer.is_fast
    assert len(tokenizer) == 69
    assert tokenizer.model_max_length == 512
    assert [tokenizer.pad_token_id, tokenizer.unk_token_id, tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id] == [
        *range(5)
    ]
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4, 5, 68]) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "AAA", "GGG"]
    assert tokenizer(["AAAT", "AAA"], padding=True)["input_ids"] == [[2, 5, 6, 3], [2, 5, 3, 0]]


def test_a_mask_may_stand_in_spaced_kmers(load: Any) -> None:
    assert load(3)("AAA [MASK] [MASK] TTT")["input_ids"] == [2, 5, 4, 4, 26, 3]


def test_offsets_of_a_token_begin_at_its_first_base(load: Any) -> None:
    encoding = load(3)("acgtNac", return_offsets_mapping=True, add_special_tokens=False)
    assert [start for start, _ in encoding["offset_mapping"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["ACG-TACG", "ACG1TACG", "ACGXTACG", "ACGeTACG", "ACG*TACG", "ACGéTACG", "ACG😀TACG"])
def test_a_character_that_is_no_base_counts_as_n_where_ours_is_an_error(text: str, load: Any) -> None:
    assert load(3)(text)["input_ids"] == our_ids("ACGNTACG", 3)


def test_a_blank_ends_a_sequence_and_a_short_one_has_no_tokens(load: Any) -> None:
    tokenizer = load(3)
    assert tokenizer("AAAT\nAAA  AA")["input_ids"] == [2, 5, 6, 5, 3]
    assert tokenizer("AA")["input_ids"] == tokenizer("")["input_ids"] == [2, 3]


def test_no_file_asks_for_remote_code() -> None:
    files = tokenizer_files(6)
    assert sorted(files) == ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"]
    assert json.loads(files["tokenizer_config.json"])["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert "auto_map" not in "".join(files.values())


def test_saving_and_loading_again_keeps_the_ids(tmp_path: Path, load: Any) -> None:
    tokenizer = load(5)
    tokenizer.save_pretrained(tmp_path / "again")
    texts = random_strings(50, seed=9)
    assert AutoTokenizer.from_pretrained(tmp_path / "again")(texts)["input_ids"] == [our_ids(text, 5) for text in texts]
