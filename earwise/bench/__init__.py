"""Benchmarks: ``./run bench``, whose figures stand in docs/benchmarks."""
