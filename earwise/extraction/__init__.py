"""Extraction: what the DAG's tasks do, from scanning a library to durable features."""
