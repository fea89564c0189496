"""``dnabert models``."""


def models() -> None:
    """List the models that can be given as --model by name."""
    from dnabert.registry import known_models

    print("name\tk\twhere\tnote")
    for model in known_models():
        print(f"{model.name}\t{model.kmer}\t{model.where}\t{model.note}")
