"""Binding sites of transcription factors, places that are not bound, and the peaks of an experiment."""
