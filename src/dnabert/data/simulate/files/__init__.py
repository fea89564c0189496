"""A simulated genome as files."""
