"""An HTML page of attention scores to point at: sequences, layers and heads to choose from, nothing loaded from anywhere.

The page holds the scores of each layer and head; its script, the only one and named by its hash in the page's security policy, adds
them up and divides by the Euclidean length as :mod:`dnabert.infer.attention.scores` does.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from dnabert import __version__
from dnabert.output import write_text
from dnabert.plot.bases.landscape import BASE_COLOURS
from dnabert.plot.style import PALETTE
from dnabert.report.page import page_environment

__all__ = ["AttentionPage", "Track", "render_attention_page", "write_attention_page"]


@dataclass(frozen=True)
class Track:
    """One sequence of the page.

    Attributes:
        name: Its id.
        letters: Its bases, L of them.
        scores: Scores of the bases by layer and head, not normalised, (K, H, L).
        answer: What the model says of it; may be empty.
    """

    name: str
    letters: str
    scores: npt.NDArray[np.float32]
    answer: str = ""


@dataclass(frozen=True)
class AttentionPage:
    """What the page shows.

    Attributes:
        tracks: The sequences.
        layer_names: Names of the K layers.
        head_names: Names of the H heads; empty if they cannot be told apart.
        layer: Place of the layer that is shown first.
        heads: Places of the heads whose sum is shown first.
        normalise: Whether scores are divided by their Euclidean length.
        anchor: The base that positions are counted from, 0-based; None counts from the first.
        method: How the scores come about, a sentence.
        facts: Names and values of what they were made with.
        command: The command line.
    """

    tracks: tuple[Track, ...]
    layer_names: tuple[str, ...]
    head_names: tuple[str, ...]
    layer: int
    heads: tuple[int, ...]
    normalise: bool
    anchor: int | None
    method: str
    facts: Mapping[str, str]
    command: str = ""


def render_attention_page(page: AttentionPage) -> str:
    """The HTML."""
    environment = page_environment()
    source, _, _ = environment.loader.get_source(environment, "attention.js")  # type: ignore[union-attr]
    count = len(page.tracks)
    return environment.get_template("attention.html.j2").render(
        title=page.tracks[0].name if count == 1 else f"Attention along {count} sequences",
        page=page,
        data=Markup(_embedded(_data(page))),
        script=Markup(source),
        script_hash=base64.b64encode(hashlib.sha256(source.encode()).digest()).decode(),
        version=__version__,
        palette=PALETTE,
    )


def write_attention_page(path: Path, page: AttentionPage) -> None:
    """Write the page in one step.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(path, render_attention_page(page))


def _data(page: AttentionPage) -> dict[str, Any]:
    heads = page.tracks[0].scores.shape[1]
    whole = len(page.heads) == heads
    return {
        "sequences": [
            {
                "id": track.name,
                "letters": track.letters,
                "answer": track.answer,
                "scores": base64.b64encode(track.scores.astype("<f4").tobytes()).decode(),
            }
            for track in page.tracks
        ],
        "heads": heads,
        "layerNames": page.layer_names,
        "headNames": page.head_names,
        "layer": page.layer,
        "summed": page.heads,
        "summedName": "all, summed" if whole else f"heads {', '.join(map(str, page.heads))}, summed",
        "normalise": page.normalise,
        "scoreName": "score (L2)" if page.normalise else "score",
        "anchor": page.anchor,
        "colours": BASE_COLOURS,
    }


def _embedded(content: dict[str, Any]) -> str:
    """JSON that ends no script element, whatever the names of the sequences are."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
