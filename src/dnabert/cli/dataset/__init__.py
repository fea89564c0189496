"""``dnabert dataset``: its verbs, imported when they run."""

from cyclopts import App

__all__ = ["VERBS", "app"]

VERBS = {
    "promoters": "Promoters and what is none, from transcription start sites.",
    "tfbs": "Binding sites of transcription factors and what is none, from peaks.",
    "splice": "Donors, acceptors and what is neither, from transcripts.",
    "check": "What is wrong with a table, line by line, and what would be trained on.",
}

app = App(
    name="dataset",
    help="Labelled sets from a genome and its annotation, split by contig and freed of duplicates.",
    help_format="plaintext",
)
for _verb, _summary in VERBS.items():
    app.command(f"dnabert.cli.dataset.{_verb}:{_verb}", name=_verb, help=_summary)
