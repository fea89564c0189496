"""Genomes on this machine: fetched from a provider, a URL or a file, checked, indexed, described."""
