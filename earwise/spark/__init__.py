"""Spark: the session, and reading and writing MongoDB from executors."""
