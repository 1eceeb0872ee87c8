"""Hearing: decoding audio, MFCCs, and the summary vector of a track."""
