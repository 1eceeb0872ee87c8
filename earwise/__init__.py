"""Earwise: listens to a music library, learns which tracks sound alike, and recommends by ear."""

__version__ = "0.1.0"
