"""Figures: arrays in, matplotlib figures out; nothing here computes a result or touches pyplot."""
