"""``python -m dnabert`` is the command line."""

from dnabert.cli.main import main

if __name__ == "__main__":
    main()
