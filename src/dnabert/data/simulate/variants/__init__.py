"""Variants whose effect on what was planted is known."""
