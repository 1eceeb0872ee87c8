"""Extraction on the real store and on really broken files."""
