"""Tests that go all the way as a user does."""
