"""``dnabert models``."""

from dnabert.registry import known_models


def models() -> None:
    """List the models that can be given as --model by name."""
    print("name\tk\twhere\tnote")
    for model in known_models():
        print(f"{model.name}\t{model.kmer}\t{model.where}\t{model.note}")
