"""The commands of ``./run``."""
