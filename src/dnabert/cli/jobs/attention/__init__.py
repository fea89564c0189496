"""What ``dnabert attention`` does."""
