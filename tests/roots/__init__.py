"""Kinds of roots: archives and buckets, and the local copies of their files."""
