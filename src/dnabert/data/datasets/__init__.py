"""Labelled sets built from a genome and what is annotated on it: promoters, transcription-factor binding sites, splice sites."""
