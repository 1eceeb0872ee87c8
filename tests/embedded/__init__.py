"""Tests of the embedded stack that start real processes and open real ports."""
