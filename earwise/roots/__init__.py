"""Kinds of roots: a folder, a zip archive that is read in place, and a bucket of an object store (S3's protocol)."""
