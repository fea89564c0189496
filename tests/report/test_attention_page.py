import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dnabert.report.attention_page import AttentionPage, Track, render_attention_page, write_attention_page

SCORES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
PAGE = AttentionPage(
    tracks=(Track("promoter1", "ACGT", SCORES, "1, probability 0.973"), Track("promoter2", "TTTT", SCORES + 1)),
    layer_names=("0", "1 (last)"),
    head_names=("head 0", "head 1", "head 2"),
    layer=1,
    heads=(0, 1, 2),
    normalise=True,
    anchor=2,
    method="What [CLS] attends to.",
    facts={"model sha256": "f00"},
    command="dnabert attention x.fa",
)


def _data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, flags=re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_the_scores_of_all_layers_and_heads() -> None:
    data = _data(render_attention_page(PAGE))
    assert [entry["id"] for entry in data["sequences"]] == ["promoter1", "promoter2"]
    numbers = np.frombuffer(base64.b64decode(data["sequences"][0]["scores"]), "<f4")
    assert np.array_equal(numbers.reshape(2, data["heads"], 4), SCORES)
    assert (data["layer"], data["summed"], data["summedName"], data["anchor"]) == (1, [0, 1, 2], "all, summed", 2)
    assert _data(render_attention_page(replace(PAGE, heads=(0, 2))))["summedName"] == "heads 0, 2, summed"


def test_the_anchor_has_a_line_and_the_axis_a_title() -> None:
    text = render_attention_page(PAGE)
    assert 'if (at === data.anchor) make("line"' in text
    assert "data.scoreName)" in text
    assert _data(text)["scoreName"] == "score (L2)"
    assert _data(render_attention_page(replace(PAGE, normalise=False)))["scoreName"] == "score"


def test_nothing_is_loaded_and_only_the_script_of_the_page_may_run() -> None:
    text = render_attention_page(PAGE)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    assert policy is not None
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert policy[1] == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    assert not re.findall(r'(?:src|href)="(?!https://doi\.org)', text)


def test_names_are_text_wherever_they_stand() -> None:
    evil = "</script><script>alert(1)</script>"
    text = render_attention_page(replace(PAGE, tracks=(Track(evil, "ACGT", SCORES),), command=evil, facts={evil: evil}))
    assert "<script>alert" not in text
    assert text.count("</script>") == 2
    assert _data(text)["sequences"][0]["id"] == evil


def test_the_page_says_what_it_shows_and_with_what_it_was_made(tmp_path: Path) -> None:
    write_attention_page(tmp_path / "page.html", PAGE)
    text = (tmp_path / "page.html").read_text()
    for part in (
        "Attention along 2 sequences",
        "What [CLS] attends to.",
        "from the anchor, at the dashed line",
        "f00",
        "dnabert attention x.fa",
    ):
        assert part in text, part
    alone = render_attention_page(replace(PAGE, tracks=PAGE.tracks[:1], anchor=None))
    assert "<h1>promoter1</h1>" in alone
    assert "counted from 0" in alone
    assert alone == render_attention_page(replace(PAGE, tracks=PAGE.tracks[:1], anchor=None))
