"""Distances and ranked neighbours; numpy only, so that every process can rank."""
