"""The tokenizer as the files that ``transformers`` loads without remote code.

A plain ``tokenizer.json`` can make overlapping k-mers: zero-width replacements write, behind every base (upper case), the k-1 bases that
follow it (lower case), one pass for each; incomplete tails are dropped, blocks are parted by blanks, and a word table gives the ids. Raw
DNA and blank-separated k-mers give the same ids.

Such a file has no errors to raise, so it is more lenient than :class:`dnabert.tokenizer.KmerTokenizer`: it takes any character that is no
base for N, begins anew behind a blank or line end, and gives no tokens for a sequence shorter than k.

Source: format of ``tokenizers`` 0.23 (``tokenizer.json`` version 1.0); ``transformers`` 4.57 and 5.x read the configuration.
"""

import json
from typing import Any

from dnabert.dna.kmers import CLS_ID, SEP_ID, SPECIAL_TOKENS, check_kmer, vocabulary
from dnabert.tokenizer import MAX_POSITIONS

__all__ = ["tokenizer_files"]

_LETTERS = "ACGTN"
_NO_BASE = r"[^ACGTUacgtu\s]"


def tokenizer_files(kmer: int) -> dict[str, str]:
    """File names and contents: ``tokenizer.json``, ``tokenizer_config.json``, ``special_tokens_map.json`` and ``vocab.txt``.

    Args:
        kmer: Length of a k-mer, 1..8.

    Returns:
        Text by file name. Every character but ACGTU and blanks counts as N, so that a k-mer over it is [UNK].
    """
    check_kmer(kmer)
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "sep", "pad", "cls", "mask")}
    config: dict[str, Any] = {
        **special,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": MAX_POSITIONS,
        "do_lower_case": False,
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
    }
    return {
        "tokenizer.json": json.dumps(_tokenizer(kmer), ensure_ascii=False),
        "tokenizer_config.json": json.dumps(config, indent=2) + "\n",
        "special_tokens_map.json": json.dumps(special, indent=2) + "\n",
        "vocab.txt": "\n".join(vocabulary(kmer)) + "\n",
    }


def _tokenizer(kmer: int) -> dict[str, Any]:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(number, token) for number, token in enumerate(SPECIAL_TOKENS)],
        "normalizer": {"type": "Sequence", "normalizers": _rules(kmer)},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": _template(),
        "decoder": None,
        "model": {
            "type": "WordLevel",
            "vocab": {token: number for number, token in enumerate(vocabulary(kmer))},
            "unk_token": "[UNK]",
        },
    }


def _added_token(number: int, token: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": number, "content": token, **flags}


def _rules(kmer: int) -> list[dict[str, Any]]:
    upper, lower = f"[{_LETTERS}]", f"[{_LETTERS.lower()}]"
    raise_case = [_literal(letter.lower(), letter) for letter in _LETTERS]
    rules = [*raise_case, _regex("[uU]", "T"), _regex(_NO_BASE, "N")]
    for done in range(kmer - 1):
        behind = f"(?<={upper}{lower}{{{done}}})"
        rules += [_regex(f"{behind}(?=(?:{upper}{lower}*){{{done}}}{letter})", letter.lower()) for letter in _LETTERS]
    if kmer > 1:
        rules.append(_regex(f"{upper}{lower}{{0,{kmer - 2}}}(?!{lower})", ""))
    return [*rules, _regex(f"(?={upper})", " "), *raise_case]


def _literal(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def _regex(pattern: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def _template() -> dict[str, Any]:
    def special(token: str, kind: int) -> dict[str, Any]:
        return {"SpecialToken": {"id": token, "type_id": kind}}

    def sequence(name: str, kind: int) -> dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": kind}}

    single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
    known = {token: {"id": token, "ids": [number], "tokens": [token]} for token, number in (("[CLS]", CLS_ID), ("[SEP]", SEP_ID))}
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, sequence("B", 1), special("[SEP]", 1)],
        "special_tokens": known,
    }
